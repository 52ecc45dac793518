//! Nodes and their database are killed at random moments under load.

use std::time::Duration;

use rescind_testkit::postgres::Postgres;
use rescind_testkit::process::Api;

use crate::fleet::{Fleet, breakable};
use crate::load::{Act, Chain, Load, Revoked};
use crate::support::{Desk, Moments, new_user};

/// How often something is killed.
const ROUNDS: usize = 50;
/// How many sessions are refreshed all the time, at both nodes at once.
const CHAINS: usize = 3;

/// What is killed in a round.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Node(usize),
    Postgres,
}

/// Nothing acknowledged is lost, nothing revoked comes back, no refresh token has two successors, and everything goes on
/// without a hand's turn (but for the start of what was killed).
///
/// `RESCIND_TEST_SEED` repeats the moments of a run that failed.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_whatever_is_killed() {
    let mut moments = Moments::new();
    let (mut postgres, url) = breakable().await;
    // What happens on a slow machine may outlast the grace in generations running, which is no theft here.
    let settings = [("RESCIND_REPLAY_LIMIT", "0"), ("RESCIND_ACCESS_TTL", "2h"), ("RESCIND_LOG", "warn")];
    let mut fleet = Fleet::at(&[url.clone(), url], &settings).await;
    let mut chains = Vec::new();
    for _ in 0..CHAINS {
        chains.push(Chain::new(fleet.desk.open(&new_user()).await.refresh));
    }
    let mut acknowledged: Vec<Revoked> = Vec::new();
    for round in 0..ROUNDS {
        let load = Load::start(&desks(&fleet), chains);
        tokio::time::sleep(moments.next()).await;
        let fault = [Fault::Node(0), Fault::Postgres, Fault::Node(1)][round % 3];
        strike(&mut fleet, &mut postgres, fault).await;
        // The others have some time with what is left.
        tokio::time::sleep(moments.next()).await;
        mend(&mut fleet, &mut postgres, fault).await;
        let (after, new) = load.end().await;
        chains = after;
        check(&fleet, &new, &format!("round {round}, {fault:?}")).await;
        acknowledged.extend(new);
    }
    check(&fleet, &acknowledged, "at the end").await;
    let apis: Vec<Api> = desks(&fleet).into_iter().map(|desk| desk.api).collect();
    for chain in &mut chains {
        assert!(chain.step(&apis).await, "nothing is killed now");
    }
    let steps: usize = chains.iter().map(|chain| chain.successors.len()).sum();
    for act in [Act::Jti, Act::Session, Act::User] {
        assert!(acknowledged.iter().any(|revoked| revoked.act == act), "{act:?} was never acknowledged");
    }
    assert!(steps > ROUNDS, "hardly any refresh was answered: nothing was tested");
    println!("{} revocations and {steps} refreshes were acknowledged", acknowledged.len());
}

/// Fresh clients: connections to what was killed are no good.
fn desks(fleet: &Fleet) -> Vec<Desk> {
    let fresh = |node: usize| Desk { api: Api::new(fleet.nodes[node].base()), ..fleet.desk.clone() };
    (0..fleet.nodes.len()).map(fresh).collect()
}

async fn strike(fleet: &mut Fleet, postgres: &mut Postgres, fault: Fault) {
    match fault {
        Fault::Node(node) => drop(fleet.nodes[node].kill9().await),
        Fault::Postgres => postgres.stop_immediate().await,
    }
}

async fn mend(fleet: &mut Fleet, postgres: &mut Postgres, fault: Fault) {
    match fault {
        Fault::Node(node) => fleet.nodes[node].restart().await,
        Fault::Postgres => postgres.restart().await,
    }
    for node in &fleet.nodes {
        node.ready().await;
    }
}

/// Every one of them holds at every node.
async fn check(fleet: &Fleet, all: &[Revoked], when: &str) {
    // Longer than a node needs to hear of what the other wrote just before.
    tokio::time::sleep(Duration::from_millis(300)).await;
    for desk in desks(fleet) {
        for revoked in all {
            revoked.check(&desk, when).await;
        }
    }
}
