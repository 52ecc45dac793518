//! Keys come and go; a bad answer takes none away.

use std::time::Duration;

use rescind::clock::Timestamp;
use rescind::ledger::{Mark, MarkKey};
use rescind::system::SystemEntropy;
use rescind::token::{Algorithm, SigningKey};
use rescind_remote::Timing;

use crate::fake::{LIMIT, answer, says};
use crate::rig::{Rig, code, quick, ready, until, until_revoked, verify, verify_fresh};

fn new_key() -> SigningKey {
    SigningKey::generate(Algorithm::EdDsa, &SystemEntropy).unwrap()
}

/// Looks at the keys only when a token asks for it.
fn seldom() -> Timing {
    Timing { keys_least: Duration::from_secs(3600), keys_most: Duration::from_secs(3600), ..quick() }
}

#[tokio::test]
async fn a_token_of_a_new_key_has_the_keys_looked_at() {
    let rig = Rig::new().await;
    let remote = ready(rig.builder().timing(seldom())).await;
    let new = new_key();
    let token = rig.token_by(&new);
    rig.fake.publish(&[&rig.fake.key, &new]);
    assert_eq!(code(&remote, &token), "invalid_token", "the plain verifier waits for nothing");
    assert_eq!(verify(&remote, &token).await, Ok(()));
    assert_eq!(code(&remote, &token), "ok");
}

/// As a service behind a layer checks them, which waits for nothing.
#[tokio::test]
async fn a_check_that_waits_for_nothing_has_the_keys_looked_at_for_the_next() {
    let rig = Rig::new().await;
    let remote = ready(rig.builder().timing(seldom())).await;
    let new = new_key();
    let token = rig.token_by(&new);
    rig.fake.publish(&[&rig.fake.key, &new]);
    let read = remote.status().key_reads;
    assert_eq!(code(&remote, &token), "invalid_token");
    until(&remote, "the keys were read again", |status| status.key_reads > read).await;
    assert_eq!(code(&remote, &token), "ok");
}

/// Nobody shows a token of the new key, or of any other: what the authority has said of the age of its keys is all there is to go by. By
/// the default it would be two minutes at the least.
#[tokio::test]
async fn a_new_key_is_there_before_the_keys_are_too_old_and_before_a_token_of_it() {
    let rig = Rig::new().await;
    rig.fake.let_keys_be_kept_for(60);
    // A feed that says nothing all the while is not what this is about.
    let timing = Timing { silence: Duration::from_secs(3600), ..quick() };
    let remote = ready(rig.builder().timing(timing)).await;
    let new = new_key();
    rig.fake.publish(&[&rig.fake.key, &new]);
    pass(Duration::from_secs(10)).await;
    // There and back, after whatever was due by then.
    assert_eq!(verify_fresh(&remote, &rig.token(), LIMIT).await, Ok(()));
    assert_eq!((rig.fake.hits("jwks"), remote.status().keys), (1, 1), "they are as good as new");
    pass(Duration::from_secs(44)).await;
    until(&remote, "the new key is there", |status| status.keys == 2).await;
    assert_eq!(code(&remote, &rig.token_by(&new)), "ok");
    assert_eq!(rig.fake.hits("jwks"), 2);
}

/// Moves the clock that timers go by. Between two such moves it runs as it does.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Else the check's own question and the verifier's notice of the miss would each take one of the few looks.
#[tokio::test]
async fn a_token_of_a_new_key_costs_one_look() {
    let rig = Rig::new().await;
    let remote = ready(rig.builder().timing(seldom())).await;
    let before = rig.fake.hits("jwks");
    let burst: [SigningKey; 3] = std::array::from_fn(|_| new_key());
    for (index, new) in burst.iter().enumerate() {
        rig.fake.publish(&[new]);
        assert_eq!(verify(&remote, &rig.token_by(new)).await, Ok(()), "key {index}");
    }
    assert_eq!(rig.fake.hits("jwks"), before + burst.len());
}

#[tokio::test]
async fn tokens_of_unknown_keys_do_not_set_an_authority_on_fire() {
    let rig = Rig::new().await;
    let remote = ready(rig.builder().timing(seldom())).await;
    for _ in 0..50 {
        let refused = verify(&remote, &rig.token_by(&new_key())).await.unwrap_err();
        assert_eq!(refused.code(), "invalid_token");
    }
    assert!(rig.fake.hits("jwks") <= 4, "{}", rig.fake.hits("jwks"));
    assert!(!remote.prompt_keys());
}

#[tokio::test]
async fn a_key_that_is_published_no_more_goes() {
    let rig = Rig::new().await;
    let remote =
        ready(rig.builder().timing(Timing { keys_most: Duration::from_millis(20), ..quick() })).await;
    let token = rig.token();
    assert_eq!(code(&remote, &token), "ok");
    rig.fake.publish(&[&new_key()]);
    let read = remote.status().key_reads;
    until(&remote, "the keys were read again", |status| status.key_reads > read + 1).await;
    assert_eq!(code(&remote, &token), "invalid_token");
}

#[tokio::test]
async fn a_key_that_is_cut_is_dead_though_it_is_published() {
    let rig = Rig::new().await;
    let remote = rig.remote().await;
    let token = rig.token();
    let key = MarkKey::Key(rig.fake.key.kid().into());
    rig.fake.revoke(Mark { tenant: None, key, min_version: None, expires_at: Timestamp::MAX });
    until_revoked(&remote, &token).await;
}

#[tokio::test]
async fn a_bad_answer_takes_no_key_away() {
    let rig = Rig::new().await;
    let remote =
        ready(rig.builder().timing(Timing { keys_most: Duration::from_millis(20), ..quick() })).await;
    let token = rig.token();
    let jwk = serde_json_of(&rig.fake.key);
    let private = format!(r#"{{"keys":[{},"d":"AAAA"}}]}}"#, jwk.trim_end_matches('}'));
    let cases = [
        ("empty", says(answer("200 OK", &[], br#"{"keys":[]}"#)), "invalid_keys"),
        ("private", says(answer("200 OK", &[], private.as_bytes())), "invalid_keys"),
        ("garbage", says(answer("200 OK", &[], b"\xff\x00{")), "invalid_keys"),
        (
            "twice",
            says(answer("200 OK", &[], format!(r#"{{"keys":[{jwk},{jwk}]}}"#).as_bytes())),
            "invalid_keys",
        ),
        ("huge", says(answer("200 OK", &[], &vec![b' '; 2 << 20])), "too_large"),
        ("an error", says(answer("500 Oh", &[], b"")), "unexpected_status"),
        ("elsewhere", says(answer("302 Found", &["Location: /elsewhere"], b"")), "redirected"),
        (
            "cut short",
            says(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"keys\":[".to_vec()),
            "broken_off",
        ),
        ("no HTTP", says(b"\x15\x03\x01\x00\x02\x02\x16".to_vec()), "broken_off"),
        ("packed", says(answer("200 OK", &["Content-Encoding: gzip"], b"x")), "unexpected_answer"),
    ];
    for (name, script, trouble) in cases {
        rig.fake.script("jwks", script);
        until(&remote, name, |status| status.keys_trouble.is_some_and(|last| last.code() == trouble)).await;
        assert_eq!(code(&remote, &token), "ok", "{name}");
        assert_eq!(remote.status().keys, 1, "{name}");
        rig.fake.stop_scripts();
        until(&remote, "it is over", |status| status.keys_trouble.is_none()).await;
    }
    assert_eq!(rig.fake.hits("elsewhere"), 0, "no redirect is followed");
}

fn serde_json_of(key: &SigningKey) -> String {
    serde_json::to_string(&key.verifying_key().to_jwk().unwrap()).unwrap()
}
