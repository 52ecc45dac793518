//! What a look at a Redis finds, and that it leaves nothing there.

mod common;

use std::time::Duration;

use common::timing;
use rescind_redis::{LookError, Looked, NoMarks, Timing, look};
use rescind_testkit::redis::{Redis, RedisOptions, Sentinel};

async fn look_at(url: &str) -> Result<Looked, LookError> {
    look(url.parse().unwrap(), timing()).await
}

async fn found(url: &str) -> Looked {
    look_at(url).await.unwrap()
}

fn refused(looked: Result<Looked, LookError>) -> String {
    match looked {
        Err(LookError::Refused(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

fn away(looked: Result<Looked, LookError>) -> String {
    match looked {
        Err(LookError::Away(why)) => why,
        other => panic!("not away: {other:?}"),
    }
}

#[tokio::test]
async fn one_that_is_in_order_says_what_it_is() {
    let redis = RedisOptions::default().max_memory(100_000_000, "volatile-ttl").start().await;
    let looked = found(&redis.url()).await;
    let told = looked.told.unwrap();
    assert_eq!(looked.place, format!("127.0.0.1:{}", redis.port()));
    assert!(looked.answered_in > Duration::ZERO);
    assert_eq!(looked.refuses_marks, None);
    assert!(told.version.split('.').next().unwrap().parse::<u32>().unwrap() >= 6, "{}", told.version);
    assert_eq!((told.max_memory, told.policy.as_str()), (100_000_000, "volatile-ttl"));
    let left: i64 = redis.command(&["PTTL", "rescind:doctor"]).await.parse().unwrap();
    assert!(left <= 1, "the probe stays for {left} ms");
}

#[tokio::test]
async fn the_master_that_the_sentinels_name_is_looked_at() {
    let sentinel = Sentinel::start().await;
    let looked = found(&sentinel.url()).await;
    assert_eq!(looked.place, format!("127.0.0.1:{}", sentinel.master_port().await));
    assert_eq!(looked.refuses_marks, None);
    let unknown = sentinel.url().replace("/mymaster", "/nobody");
    assert!(away(look_at(&unknown).await).contains("nobody"));
}

/// With the rights that docs/redis.md names, and with fewer.
#[tokio::test]
async fn a_user_with_the_documented_rights_will_do_and_one_who_may_only_read_will_not() {
    let redis = Redis::start().await;
    let user = async |name: &str, rights: &[&str]| {
        redis.command(&[&["ACL", "SETUSER", name, "on", ">a-password", "~rescind:*"], rights].concat()).await;
        redis.url().replace("redis://", &format!("redis://{name}:a-password@"))
    };
    let documented = user("rescind", &["+mget", "+get", "+set", "+pttl", "+eval"]).await;
    let looked = found(&documented).await;
    assert_eq!((looked.refuses_marks, looked.told), (None, None));
    let reader = user("reader", &["+mget", "+get"]).await;
    let looked = found(&reader).await;
    assert!(matches!(looked.refuses_marks, Some(NoMarks::NotAllowed(_))), "{looked:?}");
    let nobody = user("nobody", &[]).await;
    let looked = found(&nobody).await;
    assert!(matches!(looked.refuses_marks, Some(NoMarks::NotAllowed(_))), "{looked:?}");
}

#[tokio::test]
async fn one_that_takes_nothing_is_told_why() {
    let full = RedisOptions::default().max_memory(1, "noeviction").start().await;
    let looked = found(&full.url()).await;
    assert!(matches!(looked.refuses_marks, Some(NoMarks::Full(_))), "{looked:?}");
    let sentinel = Sentinel::start().await;
    let master = sentinel.master_port().await;
    let replica = sentinel.servers().iter().find(|server| server.port() != master).unwrap();
    let looked = found(&replica.url()).await;
    assert!(matches!(looked.refuses_marks, Some(NoMarks::Replica(_))), "{looked:?}");
}

#[tokio::test]
async fn one_that_will_not_have_us_is_told_from_one_that_is_not_there() {
    let mut redis = RedisOptions::default().password("the-right-one").start().await;
    let wrong = redis.url().replace("the-right-one", "the-wrong-one");
    let without = redis.url().replace(":the-right-one@", "");
    for url in [wrong, without, format!("{}/9999", redis.url())] {
        let why = refused(look_at(&url).await);
        assert!(!why.contains("the-wrong-one") && !why.contains("the-right-one"), "{why}");
    }
    redis.pause().await;
    let hurried = Timing { connect: Duration::from_millis(50), ..timing() };
    assert!(matches!(look(redis.url().parse().unwrap(), hurried).await, Err(LookError::Away(_))));
    redis.resume();
    redis.kill().await;
    away(look_at(&redis.url()).await);
}

#[tokio::test]
async fn a_certificate_that_is_not_good_is_refused() {
    let redis = RedisOptions::default().tls().start().await;
    let url = redis.url();
    assert_eq!(found(&format!("{url}?sslrootcert={}", redis.ca().display())).await.refuses_marks, None);
    assert!(refused(look_at(&url).await).contains("certificate"));
    let nowhere = look_at(&format!("{url}?sslrootcert=/no/such/file")).await;
    assert!(matches!(nowhere, Err(LookError::Tls(_))), "{nowhere:?}");
}
