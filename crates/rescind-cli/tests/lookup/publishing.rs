//! What nodes write for programs that read Redis by themselves, and what is put back.

use rescind_testkit::process::{Credentials, Options, Server};
use rescind_testkit::redis::{Redis, RedisOptions};

use super::rig::Rig;
use super::support::redis::Check;
use super::support::{House, claims, jti, new_user, until};

/// A node that checks by its replica writes all the same.
#[tokio::test]
async fn every_kind_of_cut_is_there_for_a_plain_get() {
    let redis = Redis::start().await;
    let house = House::open(&[("RESCIND_REDIS_URL", &redis.url())]).await;
    let desk = &house.desk;
    // The connection may not be there yet: a cut that came too early was dropped.
    until("Redis is written to", async || {
        let early = desk.open(&new_user()).await;
        desk.order(&format!("/api/v1/auth/sessions/revoke/{}", jti(&early.access))).await.expect(200);
        redis.command(&["DBSIZE"]).await != "0"
    })
    .await;
    let pair = desk.open(&new_user()).await;
    let claims = claims(&pair.access);
    let claim = |name: &str| claims[name].as_str().expect("a claim").to_owned();
    let (tenant, user) = (claim("tenant_id"), claim("user_id"));
    desk.order(&format!("/api/v1/auth/sessions/revoke/{}", claim("jti"))).await.expect(200);
    desk.api.logout(&pair.refresh).await.expect(204);
    let cut = desk.order(&format!("/api/v1/admin/users/{user}/revoke-all")).await.expect(200);
    let user_version = cut.json["token_version"].to_string();
    let cut = desk.order(&format!("/api/v1/admin/tenants/{tenant}/revoke-all")).await.expect(200);
    let tenant_version = cut.json["token_version"].to_string();
    for (key, value) in [
        (format!("rescind:token:{tenant}:{}", claim("jti")), "1"),
        (format!("rescind:session:{tenant}:{}", claim("sid")), "1"),
        (format!("rescind:user:{tenant}:{user}"), user_version.as_str()),
        (format!("rescind:tenant:*:{tenant}"), tenant_version.as_str()),
    ] {
        until(&key, async || redis.command(&["GET", &key]).await == value).await;
        let left: i64 = redis.command(&["TTL", &key]).await.parse().expect("seconds");
        assert!((600..=1800).contains(&left), "{key} lives for {left} s");
    }
}

/// Which has no Redis of its own.
#[tokio::test]
async fn what_the_command_line_cuts_gets_there_too() {
    let redis = Redis::start().await;
    let rig = Rig::open(Check::Lookup, &redis).await;
    let pair = rig.session().await;
    let tenant = &rig.desk().tenant;
    let mut command = rig.house.server.command();
    let output = command.args(["revoke", "--session", &pair.session]).output().await.expect("it runs");
    assert!(output.status.success(), "{output:?}");
    rig.assert_let_in(&pair.access, false).await;
    let key = format!("rescind:session:{tenant}:{}", pair.session);
    until(&key, async || redis.command(&["GET", &key]).await == "1").await;
}

/// What was revoked before gets there when it is asked for, and not all at once.
#[tokio::test]
async fn a_node_that_starts_does_not_fill_redis() {
    let redis = Redis::start().await;
    let mut rig = Rig::open(Check::Lookup, &redis).await;
    let before = rig.revoked().await;
    let key = format!("rescind:token:{}:{}", rig.desk().tenant, jti(&before.access));
    // It is written a moment after it is acknowledged.
    until("it is written", async || redis.command(&["EXISTS", &key]).await == "1").await;
    rig.house.server.terminate().await;
    redis.command(&["FLUSHALL"]).await;
    rig.house.server.restart().await;
    rig.until_used(&redis).await;
    assert_eq!(redis.command(&["EXISTS", &key]).await, "0");
    rig.assert_let_in(&before.access, false).await;
}

/// Once, by the first check that finds it missing.
#[tokio::test]
async fn what_is_missing_is_put_back_when_it_is_asked_for() {
    let redis = Redis::start().await;
    let rig = Rig::open(Check::Lookup, &redis).await;
    let pair = rig.revoked().await;
    let key = format!("rescind:token:{}:{}", rig.desk().tenant, jti(&pair.access));
    let is_there = async || redis.command(&["GET", &key]).await == "1";
    until("it is written", is_there).await;
    redis.command(&["FLUSHALL"]).await;
    let asked = rig.metric(LEDGER_REVOKED).await;
    rig.assert_let_in(&pair.access, false).await;
    assert!(rig.metric(LEDGER_REVOKED).await > asked, "the ledger was not asked");
    until("it is put back", is_there).await;
    // An answer that is late goes by the ledger once more.
    until("the ledger is spared", async || {
        let (hits, asked) = (rig.hits().await, rig.metric(LEDGER_REVOKED).await);
        rig.assert_let_in(&pair.access, false).await;
        rig.hits().await > hits && rig.metric(LEDGER_REVOKED).await == asked
    })
    .await;
}

/// A version that is too low is no verdict.
#[tokio::test]
async fn a_lower_version_in_redis_is_not_believed() {
    let redis = Redis::start().await;
    let rig = Rig::open(Check::Lookup, &redis).await;
    let user = new_user();
    let tenant = rig.desk().tenant.clone();
    let old = rig.desk().open(&user).await;
    let cut = rig.desk().order(&format!("/api/v1/admin/users/{user}/revoke-all")).await.expect(200);
    let new = rig.desk().open(&user).await;
    let key = format!("rescind:user:{tenant}:{user}");
    let version = cut.json["token_version"].to_string();
    until(&key, async || redis.command(&["GET", &key]).await == version).await;
    rig.assert_let_in(&old.access, false).await;
    rig.assert_let_in(&new.access, true).await;
    redis.command(&["SET", &key, "1"]).await;
    rig.assert_let_in(&old.access, false).await;
    rig.assert_let_in(&new.access, true).await;
    until("the version is put right", async || redis.command(&["GET", &key]).await == version).await;
}

/// A token for administration, at its own door.
#[tokio::test]
async fn an_administrators_token_is_looked_up_too() {
    let redis = Redis::start().await;
    let rig = Rig::open(Check::Lookup, &redis).await;
    let admin = rig.house.server.admin_token().await;
    let look = async || rig.desk().api.get("/api/v1/admin/users", Credentials::Bearer(&admin)).await;
    look().await.expect(200);
    rig.desk().order(&format!("/api/v1/auth/sessions/revoke/{}", jti(&admin))).await.expect(200);
    look().await.refuses(401, "token_revoked");
    redis.command(&["FLUSHALL"]).await;
    look().await.refuses(401, "token_revoked");
}

/// And the password in the URL is in no output.
#[tokio::test]
async fn a_bad_url_stops_the_start_and_is_not_repeated() {
    for url in ["redis://u:hunter2@h/x", "redis://u:hunter2@a,b", "rediss://u:hunter2@h?sslrootcert=/nowhere"]
    {
        let options = Options::new(env!("CARGO_BIN_EXE_rescind")).env("RESCIND_REDIS_URL", url);
        let refused = Server::try_start(options).await.expect_err("a bad URL was taken");
        assert_eq!(refused.status.and_then(|status| status.code()), Some(2), "{}", refused.output);
        assert!(refused.output.contains("RESCIND_REDIS_URL: "), "{}", refused.output);
        assert!(!refused.output.contains("hunter2"), "{}", refused.output);
    }
}

#[tokio::test]
async fn the_url_may_come_from_a_file_and_its_password_is_nowhere() {
    let redis = RedisOptions::default().password("only-for-this-test-5d1").start().await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("redis-url");
    std::fs::write(&file, redis.url()).expect("a file");
    let file = file.to_str().expect("a path");
    let house = House::open(&[("RESCIND_CHECK", "lookup"), ("RESCIND_REDIS_URL_FILE", file)]).await;
    let rig = Rig { house, check: Check::Lookup };
    rig.until_used(&redis).await;
    let lines = rig.house.server.output().lines().join("\n");
    assert!(!lines.contains("only-for-this-test-5d1"), "{lines}");
}

const LEDGER_REVOKED: &str = r#"rescind_ledger_lookups_total{outcome="revoked"}"#;
