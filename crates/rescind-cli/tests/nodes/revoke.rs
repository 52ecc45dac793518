//! What one node revokes, the others refuse.

use crate::fleet::Fleet;
use crate::support::{Desk, jti, new_user};

/// How often.
const ROUNDS: usize = 1_000;
/// More looks at a node than it takes to hear of a revocation; each is a request.
const LOOKS: usize = 10_000;

/// Revoked on A, refused on B; and B, once it refuses, goes on.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_revokes_the_other_refuses() {
    let fleet = Fleet::open(2, &[]).await;
    let (here, there) = (fleet.desk_at(0), fleet.desk_at(1));
    for round in 0..ROUNDS {
        let user = new_user();
        let pair = here.open(&user).await;
        there.api.me(&pair.access).await.expect(200);
        let (from, to) = if round % 2 == 0 { (&here, &there) } else { (&there, &here) };
        let path = match round % 3 {
            0 => format!("/api/v1/auth/sessions/revoke/{}", jti(&pair.access)),
            1 => format!("/api/v1/admin/users/{user}/revoke-all"),
            _ => format!("/api/v1/auth/sessions/revoke/{}", jti(&pair.refresh)),
        };
        from.order(&path).await.expect(200);
        from.api.me(&pair.access).await.refuses(401, "token_revoked");
        until_refused(to, &pair.access).await;
        to.api.me(&pair.access).await.refuses(401, "token_revoked");
    }
}

async fn until_refused(desk: &Desk, access: &str) {
    for _ in 0..LOOKS {
        let called = desk.api.me(access).await;
        if called.status != 200 {
            called.refuses(401, "token_revoked");
            return;
        }
    }
    panic!("the other node never heard of it");
}
