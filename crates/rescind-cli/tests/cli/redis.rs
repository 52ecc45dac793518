//! The doctor's word on the Redis that the settings name.

use rescind_testkit::redis::RedisOptions;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::home::Home;

/// What the doctor says of it, as check and status, and with which exit code; and the whole of what it said.
fn said(home: &Home, url: &str, exit: i32) -> (Vec<(String, String)>, String) {
    let answer = home.run_set(&[("RESCIND_REDIS_URL", url)], &["doctor", "--json"]);
    assert_eq!(answer.code, exit, "{}{}", answer.out, answer.err);
    let report: Value = serde_json::from_str(&answer.out).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let text = |finding: &Value, member: &str| finding[member].as_str().unwrap().to_owned();
    let of_redis = findings.filter(|finding| text(finding, "check").starts_with("redis"));
    (of_redis.map(|finding| (text(finding, "check"), text(finding, "status"))).collect(), answer.out)
}

fn findings(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(check, status)| ((*check).to_owned(), (*status).to_owned())).collect()
}

#[test]
fn without_a_url_nothing_is_said_of_redis() {
    let home = Home::started();
    assert!(!home.ok(&["doctor"]).contains("redis"));
}

#[test]
fn a_redis_that_will_do_is_called_so_and_its_policy_never_matters_for_safety() {
    let runtime = Runtime::new().unwrap();
    let home = Home::started();
    let redis = runtime.block_on(RedisOptions::default().password("only-for-this-test-77c1").start());
    for (policy, limit, status) in [
        ("noeviction", "0", "ok"),
        ("noeviction", "100000000", "warning"),
        ("allkeys-lru", "100000000", "ok"),
        ("volatile-ttl", "100000000", "ok"),
    ] {
        runtime.block_on(redis.command(&["CONFIG", "SET", "maxmemory-policy", policy]));
        runtime.block_on(redis.command(&["CONFIG", "SET", "maxmemory", limit]));
        let (said, all) = said(&home, &redis.url(), 0);
        assert_eq!(
            said,
            findings(&[("redis", "ok"), ("redis marks", "ok"), ("redis memory", status)]),
            "{all}"
        );
        assert!(all.contains(&format!("at 127.0.0.1:{} answers in ", redis.port())), "{all}");
        assert!(!all.contains("only-for-this-test-77c1"), "{all}");
    }
}

#[test]
fn what_is_wrong_with_a_redis_is_named_and_how_to_mend_it() {
    let runtime = Runtime::new().unwrap();
    let home = Home::started();
    let mut redis = runtime.block_on(RedisOptions::default().password("only-for-this-test-77c1").start());
    let wrong = redis.url().replace("only-for-this-test-77c1", "hunter2");
    let (told, all) = said(&home, &wrong, 1);
    assert_eq!(told, findings(&[("redis", "wrong")]));
    assert!(all.contains("RESCIND_REDIS_URL names the user") && !all.contains("hunter2"), "{all}");

    runtime.block_on(redis.command(&["CONFIG", "SET", "maxmemory", "1"]));
    let (told, all) = said(&home, &redis.url(), 1);
    let expected = [("redis", "ok"), ("redis marks", "wrong"), ("redis memory", "warning")];
    assert_eq!(told, findings(&expected));
    assert!(all.contains("raise maxmemory"), "{all}");

    // Nothing fails for want of a cache.
    runtime.block_on(redis.kill());
    let (told, all) = said(&home, &redis.url(), 0);
    assert_eq!(told, findings(&[("redis", "warning")]));
    assert!(all.contains("checks ask the ledger"), "{all}");

    let (told, all) = said(&home, "rediss://u:hunter2@127.0.0.1:1?sslrootcert=/nowhere", 1);
    assert_eq!(told, findings(&[("redis", "wrong")]));
    assert!(all.contains("/nowhere") && !all.contains("hunter2"), "{all}");
}
