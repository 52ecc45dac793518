//! What is counted is what was done.

use rescind_testkit::process::Credentials;
use serde_json::json;

use super::support::{House, Pair, metric_of, new_user, until};

/// The numbers of a scrape, by sample.
struct Scrape(rescind_testkit::process::Reply);

impl Scrape {
    async fn of(house: &House) -> Self {
        Self(house.desk.api.get("/metrics", house.desk.caller()).await.expect(200))
    }

    fn of_one(&self, sample: &str) -> f64 {
        metric_of(&self.0, sample)
    }

    /// By how much each has risen since.
    fn rise<const N: usize>(&self, before: &Self, samples: [&str; N]) -> [f64; N] {
        samples.map(|sample| self.of_one(sample) - before.of_one(sample))
    }
}

#[tokio::test]
async fn checks_are_counted_by_what_came_of_them() {
    let house = House::open(&[]).await;
    let api = &house.desk.api;
    let pair = house.desk.open(&new_user()).await;
    let before = Scrape::of(&house).await;
    api.me(&pair.access).await.expect(200);
    api.get("/api/v1/auth/forward", Credentials::Bearer(&pair.access)).await.expect(200);
    api.form("/oauth2/introspect", house.desk.caller(), &[("token", &pair.access)]).await.expect(200);
    api.me("not-a-token").await.refuses(401, "invalid_token");
    api.logout(&pair.refresh).await.expect(204);
    api.me(&pair.access).await.refuses(401, "token_revoked");
    let after = Scrape::of(&house).await;
    let samples = [
        r#"rescind_checks_total{result="accepted",reason="ok"}"#,
        r#"rescind_checks_total{result="refused",reason="invalid_token"}"#,
        r#"rescind_checks_total{result="refused",reason="token_revoked"}"#,
        r#"rescind_checks_total{result="refused",reason="token_expired"}"#,
        r#"rescind_token_cache_total{outcome="hit"}"#,
        r#"rescind_token_cache_total{outcome="miss"}"#,
    ];
    // Of the good token the first alone needs its signature checked; what is no token is looked for as well.
    assert_eq!(after.rise(&before, samples), [3.0, 1.0, 1.0, 0.0, 3.0, 2.0]);
    assert_eq!(after.rise(&before, ["rescind_token_cache_tokens"]), [1.0]);
}

#[tokio::test]
async fn sign_ins_refreshes_thefts_and_cuts_are_counted() {
    let house = House::open(&[("RESCIND_REFRESH_GRACE", "0s")]).await;
    let api = &house.desk.api;
    let before = Scrape::of(&house).await;
    let (email, password) = (house.server.admin_email().to_owned(), house.server.admin_password());
    api.login(&email, &password).await.expect(200);
    api.login(&email, "a guess").await.refuses(401, "invalid_credentials");
    let first = house.desk.open(&new_user()).await;
    let second = Pair::from(&api.refresh(&first.refresh).await.expect(200));
    // Whose answer was lost asks again.
    api.refresh(&first.refresh).await.expect(200);
    api.refresh(&second.refresh).await.expect(200);
    api.refresh("not a token").await.refuses(401, "invalid_refresh_token");
    api.refresh(&first.refresh).await.refuses(401, "refresh_reuse_detected");
    house.desk.order("/api/v1/auth/sessions/revoke/a-stranger").await.expect(200);
    // It stands already, and is written once.
    house.desk.order("/api/v1/auth/sessions/revoke/a-stranger").await.expect(200);
    let after = Scrape::of(&house).await;
    let samples = [
        r#"rescind_sign_ins_total{outcome="ok"}"#,
        r#"rescind_sign_ins_total{outcome="invalid_credentials"}"#,
        r#"rescind_handovers_total{outcome="ok"}"#,
        r#"rescind_refreshes_total{outcome="rotated"}"#,
        r#"rescind_refreshes_total{outcome="replayed"}"#,
        r#"rescind_refreshes_total{outcome="invalid_refresh_token"}"#,
        r#"rescind_refreshes_total{outcome="refresh_reuse_detected"}"#,
        "rescind_reuse_detections_total",
        r#"rescind_cuts_total{kind="session"}"#,
        r#"rescind_cuts_total{kind="token"}"#,
    ];
    assert_eq!(after.rise(&before, samples), [1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
}

#[tokio::test]
async fn commits_and_the_calls_that_share_them_are_counted() {
    let house = House::open(&[]).await;
    let before = Scrape::of(&house).await;
    for _ in 0..3 {
        house.desk.open(&new_user()).await;
    }
    let after = Scrape::of(&house).await;
    let [commits, batches, calls] = after.rise(
        &before,
        ["rescind_store_commits_total", "rescind_store_batch_size_count", "rescind_store_batch_size_sum"],
    );
    // The clock of a task may have come in between.
    assert!(commits >= 3.0 && calls >= 3.0, "{commits} commits of {calls} calls");
    assert_eq!(commits, batches);
    assert_eq!(after.of_one("rescind_store_failed_commits_total"), 0.0);
    let limit = after.of_one("rescind_store_connections_limit");
    let [in_use, idle] = ["in_use", "idle"]
        .map(|state| after.of_one(&format!(r#"rescind_store_connections{{state="{state}"}}"#)));
    assert!(limit >= 2.0 && in_use + idle <= limit, "{in_use} and {idle} of {limit}");
}

/// Writes that come together share commits, and are all counted.
#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_counted_one_by_one() {
    const MANY: usize = 64;
    let house = House::open(&[]).await;
    let before = Scrape::of(&house).await;
    let cuts = (0..MANY).map(|cut| {
        let desk = house.desk.clone();
        tokio::spawn(async move {
            desk.order(&format!("/api/v1/auth/sessions/revoke/cut-{cut}")).await.expect(200)
        })
    });
    for cut in cuts.collect::<Vec<_>>() {
        cut.await.expect("it was answered");
    }
    let after = Scrape::of(&house).await;
    let samples = [
        "rescind_store_batch_size_sum",
        "rescind_store_commits_total",
        r#"rescind_cuts_total{kind="token"}"#,
    ];
    let [calls, commits, cuts] = after.rise(&before, samples);
    assert!(calls >= MANY as f64 && commits <= calls, "{commits} commits of {calls} calls");
    assert_eq!(cuts, MANY as f64);
    let seq = before.of_one("rescind_replica_seq") + MANY as f64;
    until("the replica has read them", async || house.desk.metric("rescind_replica_seq").await == seq).await;
    until("nothing is left to read", async || house.desk.metric("rescind_replica_lag").await == 0.0).await;
    let marks = house.desk.metric(r#"rescind_replica_marks{kind="token"}"#).await;
    assert_eq!(marks, MANY as f64);
}

#[tokio::test]
async fn a_purge_and_the_age_of_the_key_are_told() {
    let house = House::open(&[]).await;
    let before = Scrape::of(&house).await;
    let purge = "/api/v1/admin/revocations/purge";
    house.desk.api.post(purge, house.desk.caller(), json!({})).await.expect(200);
    house.desk.api.post(purge, house.desk.caller(), json!({"dry_run": true})).await.expect(200);
    let after = Scrape::of(&house).await;
    // The task of the leader may have come in between.
    let [purges, purged] = after.rise(&before, ["rescind_purges_total", "rescind_purged_entries_total"]);
    assert!((1.0..=2.0).contains(&purges), "{purges}");
    assert_eq!(purged, 0.0, "nothing has expired");
    let age = |scrape: &Scrape| scrape.of_one("rescind_signing_key_age_seconds");
    assert!((0.0..3600.0).contains(&age(&before)) && age(&after) >= age(&before));
}
