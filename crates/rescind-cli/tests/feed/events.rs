//! What is revoked arrives, of every kind and by whatever way.

use rescind_testkit::process::Credentials;

use super::cuts::{as_marks, cut, ledger, one_of_each, without_versions};
use super::reader::{EVENTS, Events, HEAD, SNAPSHOT, marks};
use super::support::House;

#[tokio::test]
async fn every_kind_of_cut_arrives_with_its_place() {
    let House { server, desk } = House::open(&[]).await;
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    let mut events = Events::from_now(&desk.api, &client).await;
    let kinds = one_of_each(&desk).await;
    let mut arrived = events.revocations(kinds.len()).await;
    assert_eq!(arrived.iter().map(|event| event.data["kind"].clone()).collect::<Vec<_>>(), kinds);

    // The command line writes to the same ledger.
    let cut = server.command().args(["revoke", "--jti", "by-hand"]).output().await.expect("it runs");
    assert!(cut.status.success(), "{cut:?}");
    arrived.push(events.revocation().await);
    assert_eq!(without_versions(&marks(&arrived)), as_marks(&ledger(&desk).await));
    for event in &arrived {
        assert_eq!(event.kind, "revocation");
        assert!(event.id.starts_with(&format!("{}.", event.seq())), "{event:?}");
        assert!(event.data["seq"].is_i64() && event.data["key"].is_string());
    }

    // From each place the rest, the same to the byte.
    for at in 0..arrived.len() {
        let mut resumed = Events::after(&desk.api, &client, &arrived[at].id).await;
        assert_eq!(resumed.until_caught_up(arrived.len()).await, arrived[at + 1..]);
    }
}

#[tokio::test]
async fn only_whoever_has_the_scope_may_read() {
    let House { server, desk } = House::open(&[]).await;
    let other =
        desk.api.create_client(desk.caller(), "other", &["introspect", "revocations:read"], None).await;
    let good = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    let mut wrong = good.clone();
    wrong.secret.push('x');
    let admin = server.admin_token().await;
    for path in [HEAD, SNAPSHOT, EVENTS] {
        desk.api.get(path, Credentials::Nobody).await.refuses(401, "authentication_required");
        desk.api.get(path, Credentials::Basic(&wrong)).await.refuses(401, "invalid_client");
        desk.api.get(path, Credentials::Basic(&other)).await.refuses(403, "insufficient_scope");
        desk.api.get(path, Credentials::Basic(&good)).await.expect(200);
        desk.api.get(path, Credentials::Bearer(&admin)).await.expect(200);
    }
}

#[tokio::test]
async fn heartbeats_come_at_once_and_again_and_carry_when_the_ledger_was_read() {
    let House { server: _server, desk } = House::open(&[]).await;
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    cut(&desk, "a").await;
    let mut events = Events::open(&desk.api, Credentials::Basic(&client), "", None).await.expect("200");
    let first = events.heartbeat().await;
    let second = events.heartbeat().await;
    let head = desk.api.get(HEAD, Credentials::Basic(&client)).await.expect(200);
    let as_of = |event: &super::reader::Event| -> rescind::clock::Timestamp {
        event.data["as_of"].as_str().expect("as_of").parse().expect("a time")
    };
    assert!(as_of(&second) > as_of(&first));
    for beat in [&first, &second] {
        assert_eq!(beat.seq(), 1);
        assert_eq!(beat.id, head.text("cursor"));
    }
}

#[tokio::test]
async fn whoever_reads_is_counted() {
    let House { server, desk } = House::open(&[]).await;
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    let readers = [Events::from_now(&desk.api, &client).await, Events::from_now(&desk.api, &client).await];
    assert_eq!(connected(&desk).await, 2);
    drop(readers);
    until_connected(&desk, 0).await;
    drop(server);
}

/// How many readers the server counts.
pub(crate) async fn connected(desk: &super::support::Desk) -> usize {
    let metrics = desk.api.get("/metrics", desk.caller()).await.expect(200).body;
    let line = metrics.lines().find_map(|line| line.strip_prefix("rescind_feed_connections "));
    line.expect("a gauge").parse().expect("a number")
}

/// Waits until so many are connected: there is nothing that would tell from outside.
pub(crate) async fn until_connected(desk: &super::support::Desk, wanted: usize) {
    let reached = async {
        while connected(desk).await != wanted {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    super::reader::soon(reached).await;
}
