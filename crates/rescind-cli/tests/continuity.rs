//! What was handed out goes on: through a restart, another signing algorithm, another master key, and a second logout.

mod support;

use rescind_testkit::process::Credentials;
use serde_json::json;
use support::House;
use support::store::rewrap;

const USER: &str = "0190a1b2-0000-7000-8000-000000000001";

/// The next key is replaced at once, the active one when every verifier can know its successor; what was signed stays good.
#[tokio::test(flavor = "multi_thread")]
async fn another_signing_algorithm_is_taken_up_at_a_restart() {
    let mut house = House::open(&[]).await;
    let pair = house.desk.open(USER).await;
    house.server.terminate().await;
    house.server.restart_with("RESCIND_SIGNING_ALG", "ES256").await;
    let api = house.server.api();
    api.me(&pair.access).await.expect(200);
    api.refresh(&pair.refresh).await.expect(200);
    let keys = api.get("/api/v1/admin/keys", house.desk.caller()).await.expect(200);
    let next: Vec<_> = keys.json["items"]
        .as_array()
        .expect("a list of keys")
        .iter()
        .filter(|key| key["use"] == "access" && key["state"] == "next")
        .map(|key| key["alg"].clone())
        .collect();
    assert_eq!(next, [json!("ES256")]);
}

/// With the same access token, alive at first and dead then.
#[tokio::test(flavor = "multi_thread")]
async fn signing_out_twice_is_no_error() {
    let house = House::open(&[]).await;
    let pair = house.desk.open(USER).await;
    let api = house.server.api();
    for _ in 0..2 {
        api.post("/api/v1/auth/logout", Credentials::Bearer(&pair.access), json!({})).await.expect(204);
    }
    api.refresh(&pair.refresh).await.refuses(401, "session_revoked");
}

/// The server that runs meanwhile goes on, and makes new keys under the new one.
#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_can_be_changed_under_a_running_server() {
    let mut house = House::open(&[]).await;
    let pair = house.desk.open(USER).await;
    let rewrap = rewrap(&house.server, house.server.command()).await;
    assert!(rewrap.status.success(), "{}", String::from_utf8_lossy(&rewrap.stderr));
    let api = house.server.api();
    api.post("/api/v1/admin/keys/rotate", house.desk.caller(), json!({})).await.expect(200);
    let refreshed = api.refresh(&pair.refresh).await.expect(200);
    house.server.kill9().await;
    house.server.restart().await;
    let access = refreshed.json["access_token"].as_str().expect("an access token");
    house.server.api().me(access).await.expect(200);
}

/// A server that is started at another address, and was not told what it is called, calls itself by that. Commands note nothing.
#[tokio::test(flavor = "multi_thread")]
async fn another_issuer_at_a_restart_is_told_once() {
    const TOLD: &str = "the issuer has changed";
    let mut house = House::open(&[("RESCIND_LOG_FORMAT", "json")]).await;
    let first = house.server.base().to_owned();
    house.server.terminate().await;
    house.server.restart().await;
    // A command with other settings serves nobody, and notes nothing.
    let mut command = house.server.command();
    command.args(["users", "list"]).env("RESCIND_ISSUER", "https://elsewhere.example");
    let listed = command.output().await.expect("a command");
    assert!(listed.status.success(), "{listed:?}");
    house.server.terminate().await;
    house.server.restart().await;
    assert!(!house.server.output().text().contains(TOLD), "it is the same");

    house.server.terminate().await;
    house.server.restart_with("RESCIND_ISSUER", "https://auth.example").await;
    let lines = house.server.output().lines();
    let line = lines.iter().find(|line| line.contains(TOLD)).expect("it is told");
    let line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
    assert_eq!(line["level"], "WARN", "{line}");
    assert!(line.to_string().contains(&first) && line.to_string().contains("https://auth.example"), "{line}");

    house.server.terminate().await;
    house.server.restart().await;
    assert_eq!(house.server.output().text().matches(TOLD).count(), 1, "it is the last one's now");
}
