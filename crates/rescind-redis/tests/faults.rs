//! Whatever happens to Redis is a miss or an error, and it is used again when it is back.

mod common;

use common::{connected, in_time, known, session, start, timing, write};
use rescind::lookup::{CacheEntry, CacheError, MarkCache as _};
use rescind_redis::{RedisCache, Timing};
use rescind_testkit::proxy::{Mode, Proxy};
use rescind_testkit::redis::{Redis, RedisOptions, Sentinel};

/// Writes a mark and finds it.
async fn works(cache: &RedisCache, n: u128) {
    write(cache, &[(known(session(n), None), 60)]).await;
    assert_eq!(cache.look_up(&[session(n)]).await, Ok(vec![known(session(n), None)]));
}

async fn is_gone(cache: &RedisCache) {
    in_time(cache.disconnected()).await;
    assert_eq!(cache.look_up(&[session(1)]).await, Err(CacheError));
    let dropped = cache.dropped();
    write(cache, &[(known(session(1), None), 60)]).await;
    assert_eq!(cache.dropped(), dropped + 1);
}

#[tokio::test]
async fn it_may_come_later() {
    let mut redis = Redis::start().await;
    redis.kill().await;
    let cache = start(&redis.url());
    assert_eq!(cache.look_up(&[session(1)]).await, Err(CacheError));
    redis.restart().await;
    in_time(cache.connected()).await;
    works(&cache, 1).await;
}

#[tokio::test]
async fn after_a_flush_there_are_misses() {
    let redis = Redis::start().await;
    let cache = connected(&redis.url()).await;
    works(&cache, 1).await;
    redis.command(&["FLUSHALL"]).await;
    redis.command(&["SCRIPT", "FLUSH"]).await;
    assert_eq!(cache.look_up(&[session(1)]).await, Ok(vec![]));
    works(&cache, 1).await;
}

#[tokio::test]
async fn a_killed_one_is_used_again_when_it_is_back_empty() {
    let mut redis = Redis::start().await;
    let cache = connected(&redis.url()).await;
    works(&cache, 1).await;
    redis.kill().await;
    is_gone(&cache).await;
    redis.restart().await;
    in_time(cache.connected()).await;
    assert_eq!(cache.look_up(&[session(1)]).await, Ok(vec![]));
    works(&cache, 1).await;
}

/// The first who asks finds out; until it goes on nobody else waits, since nobody is connected.
#[tokio::test]
async fn a_hung_one_is_given_up_and_used_again_when_it_goes_on() {
    let redis = Redis::start().await;
    let quick = Timing { answer: std::time::Duration::from_millis(100), ..timing() };
    let cache = RedisCache::start(redis.url().parse().unwrap(), quick).unwrap();
    in_time(cache.connected()).await;
    write(&cache, &[(known(session(1), None), 60)]).await;
    redis.pause().await;
    assert_eq!(cache.look_up(&[session(1)]).await, Err(CacheError));
    is_gone(&cache).await;
    redis.resume();
    // Not by chance: it holds, and holds what it was given.
    in_time(async {
        while cache.look_up(&[session(1)]).await != Ok(vec![known(session(1), None)]) {
            cache.connected().await;
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn garbage_in_either_direction_is_an_error() {
    let redis = Redis::start().await;
    for garble in [Mode::GarbleToClient, Mode::GarbleToServer] {
        let proxy = Proxy::before_port(redis.port()).await;
        let cache = connected(&proxy.url(&redis.url())).await;
        works(&cache, 1).await;
        proxy.set(garble).await;
        assert_eq!(cache.look_up(&[session(1)]).await, Err(CacheError), "{garble:?}");
        is_gone(&cache).await;
        proxy.set(Mode::Pass).await;
        in_time(cache.connected()).await;
        works(&cache, 1).await;
    }
}

#[tokio::test]
async fn a_network_that_breaks_is_an_error_until_it_is_mended() {
    let redis = Redis::start().await;
    let proxy = Proxy::before_port(redis.port()).await;
    let cache = connected(&proxy.url(&redis.url())).await;
    works(&cache, 1).await;
    proxy.set(Mode::Cut).await;
    is_gone(&cache).await;
    proxy.set(Mode::Pass).await;
    in_time(cache.connected()).await;
    assert_eq!(cache.look_up(&[session(1)]).await, Ok(vec![known(session(1), None)]));
}

/// A full one that evicts forgets; one that does not evict refuses, and goes on answering.
#[tokio::test]
async fn a_full_one_forgets_or_refuses() {
    let redis = Redis::start().await;
    let cache = connected(&redis.url()).await;
    works(&cache, 1).await;
    redis.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).await;
    redis.command(&["CONFIG", "SET", "maxmemory", "1"]).await;
    write(&cache, &[(known(session(2), None), 60)]).await;
    assert_eq!(cache.look_up(&[session(1)]).await, Ok(vec![]));

    redis.command(&["CONFIG", "SET", "maxmemory", "0"]).await;
    works(&cache, 1).await;
    redis.command(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await;
    redis.command(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let dropped = cache.dropped();
    write(&cache, &[(known(session(2), None), 60)]).await;
    assert_eq!(cache.dropped(), dropped + 1);
    assert_eq!(cache.look_up(&[session(1), session(2)]).await, Ok(vec![known(session(1), None)]));
}

/// Handing over never waits: what there is no room for is dropped and counted.
#[tokio::test]
async fn more_than_there_is_room_for_is_dropped_at_once() {
    let redis = Redis::start().await;
    let cache = connected(&redis.url()).await;
    let entry =
        |n| CacheEntry { mark: known(session(n), None), lifetime: std::time::Duration::from_secs(60) };
    // Nothing is written before this task waits for something.
    cache.publish((0..10_000).map(entry).collect());
    let dropped = cache.dropped();
    assert!((1..10_000).contains(&dropped), "{dropped}");
    in_time(cache.settled()).await;
    assert_eq!(cache.dropped(), dropped);
    assert_eq!(redis.command(&["DBSIZE"]).await, (10_000 - dropped).to_string());
}

#[tokio::test]
async fn after_a_failover_it_is_the_new_master() {
    let mut rig = Sentinel::start().await;
    let cache = connected(&rig.url()).await;
    works(&cache, 1).await;
    rig.replicated().await;
    let killed = rig.kill_master().await;
    is_gone(&cache).await;
    rig.failed_over(killed).await;
    in_time(cache.connected()).await;
    assert_eq!(cache.look_up(&[session(1)]).await, Ok(vec![known(session(1), None)]));
    works(&cache, 2).await;
    assert_eq!(rig.master().await.command(&["DBSIZE"]).await, "2");
}

/// It is alive, and answers; only that what is written to it is refused.
#[tokio::test]
async fn a_master_that_was_made_a_replica_is_left() {
    let rig = Sentinel::start().await;
    let cache = connected(&rig.url()).await;
    works(&cache, 1).await;
    let master = rig.master().await;
    master.command(&["REPLICAOF", "127.0.0.1", "1"]).await;
    write(&cache, &[(known(session(2), None), 60)]).await;
    is_gone(&cache).await;
    master.command(&["REPLICAOF", "NO", "ONE"]).await;
    in_time(cache.connected()).await;
    works(&cache, 3).await;
}

#[tokio::test]
async fn a_master_that_nobody_knows_is_an_error() {
    let rig = Sentinel::start().await;
    let cache = start(&rig.url().replace("/mymaster", "/another"));
    write(&cache, &[(known(session(1), None), 60)]).await;
    assert_eq!(cache.look_up(&[session(1)]).await, Err(CacheError));
    assert_eq!(cache.dropped(), 1);
}

#[tokio::test]
async fn a_full_server_from_the_start_is_no_reason_to_leave_it() {
    let redis = RedisOptions::default().max_memory(1, "noeviction").start().await;
    let cache = connected(&redis.url()).await;
    write(&cache, &[(known(session(1), None), 60)]).await;
    assert_eq!(cache.dropped(), 1);
    assert_eq!(cache.look_up(&[session(1)]).await, Ok(vec![]));
}
