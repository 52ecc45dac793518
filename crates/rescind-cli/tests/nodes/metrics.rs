//! What `/metrics` says of a node among others.

use std::time::Duration;

use rescind_testkit::process::Credentials;
use rescind_testkit::proxy::{Mode, Proxy};
use tokio::task::JoinSet;

use crate::fleet::{Fleet, breakable};
use crate::support::{Desk, jti, metric_of, new_user, until};

/// And another does when it has died.
#[tokio::test(flavor = "multi_thread")]
async fn one_node_says_that_it_leads() {
    let mut fleet = Fleet::open(2, &[]).await;
    let (first, second) = (fleet.desk_at(0), fleet.desk_at(1));
    until("the first leads", async || first.metric("rescind_leads").await == 1.0).await;
    assert_eq!(second.metric("rescind_leads").await, 0.0);
    fleet.nodes[0].kill9().await;
    until("the second leads", async || second.metric("rescind_leads").await == 1.0).await;
}

/// How far a node is behind is told in places and in seconds, and is nothing once it has caught up.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_behind_says_by_how_much() {
    let (postgres, url) = breakable().await;
    let proxy = Proxy::before_port(postgres.port()).await;
    let fleet = Fleet::at(&[url.clone(), proxy.url(&url)], &[]).await;
    let (here, there) = (fleet.desk_at(0), fleet.desk_at(1));
    // Each of its readings takes several of these, and the ledger grows meanwhile.
    proxy.set(Mode::Delay(Duration::from_millis(100))).await;
    let writing = tokio::spawn(async move {
        for cut in 0.. {
            here.order(&format!("/api/v1/auth/sessions/revoke/cut-{cut}")).await.expect(200);
        }
    });
    until("it is behind", async || there.metric("rescind_replica_lag").await > 0.0).await;
    assert!(there.metric("rescind_replica_staleness_seconds").await >= 0.1, "a reading takes longer");
    writing.abort();
    proxy.set(Mode::Pass).await;
    until("it has caught up", async || there.metric("rescind_replica_lag").await == 0.0).await;
    until("it is fresh", async || there.metric("rescind_replica_staleness_seconds").await < 1.0).await;
    assert!(there.metric("rescind_replica_seq").await > 0.0);
}

/// The pool, when calls are many and the database does not answer.
#[tokio::test(flavor = "multi_thread")]
async fn the_connections_in_use_and_those_who_wait_for_one_are_told() {
    let (postgres, url) = breakable().await;
    let proxy = Proxy::before_port(postgres.port()).await;
    let fleet = Fleet::at(&[proxy.url(&url)], &[]).await;
    let desk = &fleet.desk;
    // A client would be looked up in the store.
    let admin = fleet.nodes[0].admin_token().await;
    let limit = desk.metric("rescind_store_connections_limit").await;
    assert_eq!(desk.metric("rescind_store_waiting_calls").await, 0.0);
    let open = desk.metric(IN_USE).await + desk.metric(IDLE).await;
    assert!((1.0..=limit).contains(&open), "{open} of {limit}");

    proxy.set(Mode::Hang).await;
    let mut calls = JoinSet::new();
    for _ in 0..2 * limit as usize {
        let desk = desk.clone();
        calls.spawn(async move { desk.hand_over(&desk.operator, &desk.tenant, &new_user()).await });
    }
    until("some have one, and the others wait", async || {
        let metrics = desk.api.get("/metrics", Credentials::Bearer(&admin)).await.expect(200);
        let (in_use, waiting) =
            (metric_of(&metrics, IN_USE), metric_of(&metrics, "rescind_store_waiting_calls"));
        assert!(in_use <= limit);
        in_use >= 1.0 && waiting >= limit
    })
    .await;
    proxy.set(Mode::Pass).await;
    calls.join_all().await;
    until("nobody waits", async || desk.metric("rescind_store_waiting_calls").await == 0.0).await;
}

/// A server that is made read-only goes on being read: tokens are checked, the node stays in service, and says what is the matter.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_writes_is_told_and_leaves_the_node_in_service() {
    let (postgres, url) = breakable().await;
    let fleet = Fleet::at(&[url], &[]).await;
    let desk = &fleet.desk;
    let pair = desk.open(&new_user()).await;
    assert_eq!(writes(desk).await, ("taken".to_owned(), 1.0));

    read_only(&postgres, true).await;
    // Open connections hear of it a moment later.
    let refused = async || desk.hand_over(&desk.operator, &desk.tenant, &new_user()).await.status == 503;
    until("a write is refused", refused).await;
    assert_eq!(writes(desk).await, ("refused".to_owned(), 0.0));
    assert!(desk.metric("rescind_store_refused_writes_total").await >= 1.0);
    desk.api.me(&pair.access).await.expect(200);
    // More than there are connections: none is lost, since none would be let in anew.
    for _ in 0..20 {
        desk.api.refresh(&pair.refresh).await.refuses(503, "unavailable");
        let cut = format!("/api/v1/auth/sessions/revoke/{}", jti(&pair.access));
        assert_eq!(desk.order(&cut).await.status, 503);
    }
    assert_eq!(writes(desk).await, ("refused".to_owned(), 0.0));
    let fresh = desk.api.get("/api/v1/auth/forward?fresh=true", Credentials::Bearer(&pair.access)).await;
    assert_eq!(fresh.status, 200, "the ledger can be read: {fresh:?}");

    read_only(&postgres, false).await;
    until("a write is taken", async || !refused().await).await;
    desk.api.refresh(&pair.refresh).await.expect(200);
}

const IN_USE: &str = r#"rescind_store_connections{state="in_use"}"#;
const IDLE: &str = r#"rescind_store_connections{state="idle"}"#;

/// What `/readyz` and the metrics say of writes.
async fn writes(desk: &Desk) -> (String, f64) {
    let ready = desk.api.get("/readyz", Credentials::Nobody).await.expect(200);
    (ready.text("writes").to_owned(), desk.metric("rescind_store_takes_writes").await)
}

async fn read_only(postgres: &rescind_testkit::postgres::Postgres, is: bool) {
    let client = postgres.connect("postgres").await;
    let set = format!("ALTER SYSTEM SET default_transaction_read_only = {is}");
    client.batch_execute("SET default_transaction_read_only = off").await.expect("a session setting");
    client.batch_execute(&set).await.expect("a superuser may");
    client.batch_execute("SELECT pg_reload_conf()").await.expect("a superuser may");
}
