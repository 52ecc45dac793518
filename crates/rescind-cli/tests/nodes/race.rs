//! One refresh token at two nodes.

use std::collections::BTreeSet;

use crate::fleet::Fleet;
use crate::support::new_user;

/// How often.
const ROUNDS: usize = 500;

/// Whoever presents it where: all come out holding one and the same successor.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_raced_on_two_nodes_has_one_successor() {
    let fleet = Fleet::open(2, &[]).await;
    let (one, two) = (fleet.nodes[0].api(), fleet.nodes[1].api());
    let mut token = fleet.desk.open(&new_user()).await.refresh;
    for round in 0..ROUNDS {
        let (a, b, c, d) =
            tokio::join!(one.refresh(&token), two.refresh(&token), two.refresh(&token), one.refresh(&token));
        let successors: BTreeSet<String> = [a, b, c, d]
            .into_iter()
            .map(|reply| reply.expect(200).text("refresh_token").to_owned())
            .collect();
        assert_eq!(successors.len(), 1, "round {round}");
        token = successors.into_iter().next().expect("one");
    }
}
