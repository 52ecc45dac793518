//! What is written is found, by us and by a plain `GET`.

mod common;

use common::{connected, known, session, start, user, write};
use rescind::id::TenantId;
use rescind::ledger::{MarkIdentity, MarkKey, TokenKey};
use rescind::lookup::{CacheError, MarkCache as _};
use rescind_redis::{Address, RedisCache, Timing};
use rescind_testkit::redis::{Redis, RedisOptions};
use uuid::Uuid;

const SCOPE: &str = "00000000-0000-0000-0000-000000000001";

#[tokio::test]
async fn what_is_written_is_found_and_nothing_else() {
    let redis = Redis::start().await;
    let cache = connected(&redis.url()).await;
    let spelled = MarkIdentity { tenant: None, key: MarkKey::Token(TokenKey::new("a:b \u{e9}\n")) };
    let marks =
        [known(session(7), None), known(user(7), Some(1_700_000_000_000)), known(spelled.clone(), None)];
    write(&cache, &marks.clone().map(|mark| (mark, 60))).await;
    let elsewhere = MarkIdentity { tenant: Some(TenantId(Uuid::from_u128(2))), ..session(7) };
    let asked = [session(7), session(8), user(7), elsewhere, spelled];
    assert_eq!(cache.look_up(&asked).await, Ok(marks.to_vec()));
    assert_eq!(cache.look_up(&[]).await, Ok(vec![]));
    assert_eq!(cache.dropped(), 0);

    let id = Uuid::from_u128(7);
    assert_eq!(redis.command(&["GET", &format!("rescind:session:{SCOPE}:{id}")]).await, "1");
    assert_eq!(redis.command(&["GET", &format!("rescind:user:{SCOPE}:{id}")]).await, "1700000000000");
}

/// In whatever order writes arrive. The last two differ beyond what a script's numbers can tell apart.
#[tokio::test]
async fn a_version_is_never_lowered() {
    let redis = Redis::start().await;
    let cache = connected(&redis.url()).await;
    let mut highest = 0;
    for version in [0, 9, 10, 8, 1_700_000_000_000, 999, i64::MAX - 1, i64::MAX, i64::MAX - 1] {
        write(&cache, &[(known(user(7), Some(version)), 60)]).await;
        highest = highest.max(version);
        assert_eq!(cache.look_up(&[user(7)]).await, Ok(vec![known(user(7), Some(highest))]), "{version}");
    }
}

/// Nor one that somebody else made last for ever.
#[tokio::test]
async fn a_lifetime_is_never_shortened() {
    let redis = Redis::start().await;
    let cache = connected(&redis.url()).await;
    let key = format!("rescind:session:{SCOPE}:{}", Uuid::from_u128(7));
    let left = async || redis.command(&["TTL", &key]).await.parse::<i64>().unwrap();
    for (lifetime, at_least, at_most) in [(100, 90, 100), (1000, 990, 1000), (50, 980, 1000)] {
        write(&cache, &[(known(session(7), None), lifetime)]).await;
        let left = left().await;
        assert!((at_least..=at_most).contains(&left), "{left} after {lifetime}");
    }
    redis.command(&["PERSIST", &key]).await;
    write(&cache, &[(known(session(7), None), 50)]).await;
    assert_eq!(left().await, -1);
    assert_eq!(redis.command(&["GET", &key]).await, "1");
}

/// Nobody is believed to be revoked by it, nor is anything else in that answer believed; writing puts it right.
#[tokio::test]
async fn what_is_not_ours_is_an_error_and_gives_way() {
    let redis = Redis::start().await;
    let cache = connected(&redis.url()).await;
    let key = format!("rescind:user:{SCOPE}:{}", Uuid::from_u128(7));
    for other in ["", "x", "-1", "1e9", "99999999999999999999"] {
        redis.command(&["SET", &key, other]).await;
        assert_eq!(cache.look_up(&[user(7)]).await, Err(CacheError), "{other}");
        write(&cache, &[(known(user(7), Some(3)), 60)]).await;
        assert_eq!(cache.look_up(&[user(7)]).await, Ok(vec![known(user(7), Some(3))]), "{other}");
    }
    redis.command(&["DEL", &key]).await;
    redis.command(&["LPUSH", &key, "3"]).await;
    assert_eq!(cache.look_up(&[user(7)]).await, Ok(vec![]));
    let dropped = cache.dropped();
    write(&cache, &[(known(user(7), Some(3)), 60)]).await;
    assert_eq!(cache.dropped(), dropped + 1);
    write(&cache, &[(known(session(7), None), 60)]).await;
    assert_eq!(cache.look_up(&[session(7)]).await, Ok(vec![known(session(7), None)]));
}

#[tokio::test]
async fn a_password_opens_and_a_wrong_one_is_an_error() {
    let redis = RedisOptions::default().password("only/for@this-test").start().await;
    let url = format!("redis://:only%2Ffor%40this-test@127.0.0.1:{}/3", redis.port());
    let cache = connected(&url).await;
    write(&cache, &[(known(session(7), None), 60)]).await;
    assert_eq!(cache.look_up(&[session(7)]).await, Ok(vec![known(session(7), None)]));
    assert_eq!(redis.command(&["DBSIZE"]).await, "0", "it is in the database that the URL names");

    let stranger = start(&format!("redis://:wrong@127.0.0.1:{}", redis.port()));
    assert_eq!(stranger.look_up(&[session(7)]).await, Err(CacheError));
    write(&stranger, &[(known(session(8), None), 60)]).await;
    assert_eq!(stranger.dropped(), 1);
}

#[tokio::test]
async fn tls_goes_by_the_authority_that_the_url_names() {
    let redis = RedisOptions::default().tls().start().await;
    let url = format!("{}?sslrootcert={}", redis.url(), redis.ca().display());
    let cache = connected(&url).await;
    write(&cache, &[(known(session(7), None), 60)]).await;
    assert_eq!(cache.look_up(&[session(7)]).await, Ok(vec![known(session(7), None)]));

    // The system knows no such authority.
    let stranger = start(&redis.url());
    write(&stranger, &[(known(session(8), None), 60)]).await;
    assert_eq!(stranger.look_up(&[session(7)]).await, Err(CacheError));
    let missing: Address = "rediss://127.0.0.1?sslrootcert=/nowhere/ca.pem".parse().unwrap();
    assert!(RedisCache::start(missing, Timing::default()).is_err());
}
