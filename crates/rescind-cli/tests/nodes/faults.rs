//! Nodes, their database and their caches are killed at random moments under load.

use std::time::Duration;

use futures_util::future::join_all;
use rescind_testkit::postgres::Postgres;
use rescind_testkit::process::Api;

use crate::caches::Caches;
use crate::fleet::{Fleet, breakable, options};
use crate::load::{Act, Chain, Load, Revoked};
use crate::support::redis::Check;
use crate::support::{Desk, Moments, new_user};

/// How often something is killed.
const ROUNDS: usize = 50;
/// How many sessions are refreshed all the time, at both nodes at once.
const CHAINS: usize = 3;

/// What is killed in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Node(usize),
    Postgres,
    /// The master that the sentinels of the first node name.
    Master,
    /// The Redis of the second node.
    Redis,
}

/// In this order, again and again. A node that is started again checks in the other way than before, so that each fault
/// meets both.
const FAULTS: [Fault; 6] =
    [Fault::Node(0), Fault::Postgres, Fault::Master, Fault::Node(1), Fault::Postgres, Fault::Redis];

/// Nothing acknowledged is lost, nothing revoked comes back, no refresh token has two successors, and everything goes on
/// without a hand's turn (but for the start of what was killed): the caches are used again, too.
///
/// `RESCIND_TEST_SEED` repeats the moments of a run that failed.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_whatever_is_killed() {
    let mut moments = Moments::new();
    let mut rig = Rig::start().await;
    let mut chains = Vec::new();
    for _ in 0..CHAINS {
        chains.push(Chain::new(rig.fleet.desk.open(&new_user()).await.refresh));
    }
    let mut acknowledged: Vec<Revoked> = Vec::new();
    for round in 0..ROUNDS {
        let fault = FAULTS[round % FAULTS.len()];
        let load = Load::start(&rig.desks(), &rig.looking_up(fault), chains);
        tokio::time::sleep(moments.next()).await;
        rig.strike(fault).await;
        // The others have some time with what is left.
        tokio::time::sleep(moments.next()).await;
        rig.mend(fault).await;
        let (after, new) = load.end().await;
        chains = after;
        rig.check(&new, &format!("round {round}, {fault:?}")).await;
        acknowledged.extend(new);
    }
    rig.check(&acknowledged, "at the end").await;
    let apis: Vec<Api> = rig.desks().into_iter().map(|desk| desk.api).collect();
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

/// All that can be killed.
struct Rig {
    fleet: Fleet,
    postgres: Postgres,
    caches: Caches,
    /// How each node checks.
    checks: [Check; 2],
    /// Where the master was that was killed last.
    dead_master: u16,
}

impl Rig {
    async fn start() -> Self {
        let (postgres, url) = breakable().await;
        let caches = Caches::start().await;
        // What happens on a slow machine may outlast the grace in generations running, which is no theft here.
        let settings = [("RESCIND_REPLAY_LIMIT", "0"), ("RESCIND_ACCESS_TTL", "2h"), ("RESCIND_LOG", "warn")];
        let checks = [Check::Lookup, Check::Replica];
        let nodes = caches.urls().into_iter().zip(checks).map(|(cache, check)| {
            options(&url, &settings).env("RESCIND_REDIS_URL", cache).env("RESCIND_CHECK", check.setting())
        });
        let fleet = Fleet::of(nodes).await;
        Self { fleet, postgres, caches, checks, dead_master: 0 }
    }

    /// Fresh clients: connections to what was killed are no good.
    fn desks(&self) -> Vec<Desk> {
        let fresh =
            |node: usize| Desk { api: Api::new(self.fleet.nodes[node].base()), ..self.fleet.desk.clone() };
        (0..self.fleet.nodes.len()).map(fresh).collect()
    }

    /// Those that look up, also after this fault.
    fn looking_up(&self, fault: Fault) -> Vec<Desk> {
        let desks = self.desks().into_iter().enumerate();
        let looks_up = |node| self.checks[node] == Check::Lookup && fault != Fault::Node(node);
        let looking_up = desks.filter(|(node, _)| looks_up(*node));
        looking_up.map(|(_, desk)| desk).collect()
    }

    async fn strike(&mut self, fault: Fault) {
        match fault {
            Fault::Node(node) => drop(self.fleet.nodes[node].kill9().await),
            Fault::Postgres => self.postgres.stop_immediate().await,
            Fault::Master => self.dead_master = self.caches.sentinel.kill_master().await,
            Fault::Redis => self.caches.plain.kill().await,
        }
    }

    async fn mend(&mut self, fault: Fault) {
        match fault {
            Fault::Node(node) => {
                self.checks[node] = self.checks[node].other();
                let check = self.checks[node].setting();
                self.fleet.nodes[node].restart_with("RESCIND_CHECK", check).await;
            }
            Fault::Postgres => self.postgres.restart().await,
            Fault::Master => {
                self.caches.sentinel.failed_over(self.dead_master).await;
                self.caches.sentinel.restart_killed().await;
            }
            Fault::Redis => self.caches.plain.restart().await,
        }
        for node in &self.fleet.nodes {
            node.ready().await;
        }
    }

    /// Every one of them holds at every node, whose caches are used.
    async fn check(&self, all: &[Revoked], when: &str) {
        // Longer than a node needs to hear of what the other wrote just before.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let checks = self.desks().into_iter().enumerate().map(async |(node, desk)| {
            for revoked in all {
                revoked.check(&desk, when).await;
            }
            self.caches.until_used(node, &desk, self.checks[node]).await;
        });
        join_all(checks).await;
    }
}
