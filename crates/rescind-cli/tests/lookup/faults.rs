//! One fault after the other.

use rescind_testkit::redis::{Redis, Sentinel};

use super::rig::Rig;
use super::support::Pair;
use super::support::redis::Check;

/// What was there before the fault.
struct Before {
    good: Pair,
    revoked: Vec<Pair>,
}

impl Before {
    async fn new(rig: &Rig) -> Self {
        let good = rig.session().await;
        rig.assert_let_in(&good.access, true).await;
        let mut revoked = vec![rig.revoked().await];
        let ended = rig.session().await;
        rig.desk().api.logout(&ended.refresh).await.expect(204);
        revoked.push(ended);
        let before = Self { good, revoked };
        before.holds(rig).await;
        before
    }

    /// What was revoked before is refused and what was not passes; so does what is new.
    async fn holds(&self, rig: &Rig) {
        for pair in &self.revoked {
            rig.assert_let_in(&pair.access, false).await;
        }
        rig.assert_let_in(&self.good.access, true).await;
        rig.assert_let_in(&rig.session().await.access, true).await;
        rig.assert_let_in(&rig.revoked().await.access, false).await;
    }
}

/// A test of each for each way of checking.
macro_rules! in_both_ways {
    ($($promise:ident,)*) => {
        mod by_lookup {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(super::Check::Lookup).await;
            })*
        }

        mod by_replica {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(super::Check::Replica).await;
            })*
        }
    };
}

in_both_ways! {
    a_flush_lets_nobody_in,
    a_redis_that_is_killed_and_comes_back_empty_lets_nobody_in,
    a_redis_that_hangs_lets_nobody_in_and_is_left_alone,
    eviction_lets_nobody_in,
    a_redis_that_takes_nothing_lets_nobody_in,
    a_failover_lets_nobody_in,
}

async fn a_flush_lets_nobody_in(check: Check) {
    let redis = Redis::start().await;
    let rig = Rig::open(check, &redis).await;
    let before = Before::new(&rig).await;
    redis.command(&["FLUSHALL"]).await;
    before.holds(&rig).await;
    rig.until_used(&redis).await;
}

/// Gone for a while, and then back with nothing in it.
async fn a_redis_that_is_killed_and_comes_back_empty_lets_nobody_in(check: Check) {
    let mut redis = Redis::start().await;
    let rig = Rig::open(check, &redis).await;
    let before = Before::new(&rig).await;
    redis.kill().await;
    before.holds(&rig).await;
    let asked_in_vain = rig.metric(r#"rescind_cache_lookups_total{outcome="error"}"#).await > 0.0;
    assert_eq!(asked_in_vain, check == Check::Lookup);
    redis.restart().await;
    before.holds(&rig).await;
    rig.until_used(&redis).await;
    before.holds(&rig).await;
}

async fn a_redis_that_hangs_lets_nobody_in_and_is_left_alone(check: Check) {
    let redis = Redis::start().await;
    let rig = Rig::open(check, &redis).await;
    let before = Before::new(&rig).await;
    redis.pause().await;
    before.holds(&rig).await;
    redis.resume();
    rig.until_used(&redis).await;
    before.holds(&rig).await;
}

async fn eviction_lets_nobody_in(check: Check) {
    let redis = Redis::start().await;
    let rig = Rig::open(check, &redis).await;
    let before = Before::new(&rig).await;
    redis.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).await;
    redis.command(&["CONFIG", "SET", "maxmemory", "1"]).await;
    before.holds(&rig).await;
    redis.command(&["CONFIG", "SET", "maxmemory", "0"]).await;
    rig.until_used(&redis).await;
}

async fn a_redis_that_takes_nothing_lets_nobody_in(check: Check) {
    let redis = Redis::start().await;
    let rig = Rig::open(check, &redis).await;
    let before = Before::new(&rig).await;
    redis.command(&["FLUSHALL"]).await;
    redis.command(&["CONFIG", "SET", "maxmemory", "1"]).await;
    before.holds(&rig).await;
    assert!(rig.metric("rescind_cache_dropped_total").await > 0.0);
    redis.command(&["CONFIG", "SET", "maxmemory", "0"]).await;
    rig.until_used(&redis).await;
}

async fn a_failover_lets_nobody_in(check: Check) {
    let mut redis = Sentinel::start().await;
    let rig = Rig::behind(check, &redis).await;
    let before = Before::new(&rig).await;
    let killed = redis.kill_master().await;
    before.holds(&rig).await;
    redis.failed_over(killed).await;
    before.holds(&rig).await;
    rig.until_used(redis.master().await).await;
}
