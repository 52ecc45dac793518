//! One node at a time does what is to be done once.

use crate::fleet::Fleet;

/// The first leads; when it dies another does.
#[tokio::test(flavor = "multi_thread")]
async fn another_node_leads_after_the_leader_died() {
    let mut fleet = Fleet::open(2, &[("RESCIND_PURGE_INTERVAL", "1s")]).await;
    let leads = |line: &str| line.contains("this node leads").then_some(());
    fleet.nodes[0].output().after(0, leads).await;
    assert!(!fleet.nodes[1].output().text().contains("this node leads"));
    fleet.nodes[0].kill9().await;
    fleet.nodes[1].output().after(0, leads).await;
}
