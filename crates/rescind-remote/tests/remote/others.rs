//! Tokens of other issuers, held against the authority's ledger.

use std::sync::Arc;
use std::time::Duration;

use rescind::clock::Clock as _;
use rescind::ledger::{Mark, MarkKey, TokenKey};
use rescind::replica::Expired;
use rescind::system::SystemEntropy;
use rescind::token::{Algorithm, ClaimMap, ClaimSource, Issuer, KeySet, SigningKey};
use rescind_remote::{InvalidUrl, Remote, StartError};
use tempfile::TempDir;

use crate::fake::{Fake, answer, says};
use crate::rig::{Rig, Token, code, ready, soon, until, until_revoked, verify};

const PLATFORM: &str = "https://platform.example";

fn new_key(algorithm: Algorithm) -> SigningKey {
    SigningKey::generate(algorithm, &SystemEntropy).unwrap()
}

/// A platform's own issuer, whose tokens say whose session and user they are.
fn platform(iss: &str, keys: KeySet) -> Issuer {
    Issuer::foreign(iss, keys).with_audiences([iss]).with_claims(ClaimMap {
        session_id: Some(ClaimSource::required("sid")),
        user_id: Some(ClaimSource::required("sub")),
        ver: Some(ClaimSource::optional("ver")),
        tenant_id: Some(ClaimSource::optional("tenant_id")),
        ..ClaimMap::default()
    })
}

/// An issuer that publishes its keys.
struct Publisher {
    fake: Fake,
}

impl Publisher {
    async fn new(rig: &Rig) -> Self {
        Self { fake: Fake::start(Arc::clone(&rig.clock)).await }
    }

    fn issuer(&self) -> Issuer {
        platform(PLATFORM, KeySet::empty())
    }

    fn jwks(&self) -> String {
        format!("{}/.well-known/jwks.json", self.fake.url())
    }

    fn token(&self, rig: &Rig) -> Token {
        rig.token_of(PLATFORM.into(), &self.fake.key)
    }
}

#[tokio::test]
async fn tokens_of_a_shared_secret_are_taken_and_cut_by_session_user_and_jti() {
    let rig = Rig::new().await;
    let secret = new_key(Algorithm::Hs256);
    let issuer = platform(PLATFORM, KeySet::new([secret.verifying_key()]).unwrap())
        .with_algorithms([Algorithm::Hs256]);
    let remote = ready(rig.builder().also_trust(issuer)).await;
    let token = || rig.token_of(PLATFORM.into(), &secret);
    let (by_session, by_user, by_jti, good) = (token(), token(), token(), token());
    let known = remote.verifier().validator().verify(&by_user.text).unwrap();
    let user = Mark {
        tenant: known.tenant_id(),
        key: MarkKey::User(known.user_id().unwrap()),
        min_version: Some(known.ver().unwrap() + 1),
        ..rig.cut(&by_user)
    };
    let known = remote.verifier().validator().verify(&by_jti.text).unwrap();
    let jti = MarkKey::Token(TokenKey::new(known.jti().unwrap()));
    for (token, mark) in [
        (&by_session, rig.cut(&by_session)),
        (&by_user, user),
        (&by_jti, Mark { key: jti, ..rig.cut(&by_jti) }),
    ] {
        assert_eq!(code(&remote, token), "ok");
        rig.fake.revoke(mark);
        until_revoked(&remote, token).await;
    }
    assert_eq!((code(&remote, &good), code(&remote, &rig.token())), ("ok", "ok"));
    let forged = rig.token_of(PLATFORM.into(), &new_key(Algorithm::Hs256));
    assert_eq!(code(&remote, &forged), "invalid_token");
    let ours_in_their_name = rig.token_of(PLATFORM.into(), &rig.fake.key);
    assert_eq!(code(&remote, &ours_in_their_name), "invalid_token");
}

#[tokio::test]
async fn published_keys_are_read_again_for_their_own_issuers_tokens_only() {
    let rig = Rig::new().await;
    let platform = Publisher::new(&rig).await;
    let remote = ready(rig.builder().also_trust_published(platform.issuer(), platform.jwks())).await;
    assert_eq!(code(&remote, &platform.token(&rig)), "ok");
    let new = new_key(Algorithm::Es256);
    platform.fake.publish(&[&platform.fake.key, &new]);
    let ours = rig.fake.hits("jwks");
    assert_eq!(verify(&remote, &rig.token_of(PLATFORM.into(), &new)).await, Ok(()));
    assert_eq!(rig.fake.hits("jwks"), ours, "the authority is not asked for another's keys");
    assert_eq!(platform.fake.hits("events"), 0);
    let theirs = platform.fake.hits("jwks");
    assert_eq!(verify(&remote, &rig.token_by(&new)).await.unwrap_err().code(), "invalid_token");
    assert_eq!(platform.fake.hits("jwks"), theirs);
}

#[tokio::test]
async fn until_its_keys_come_it_is_not_ready_and_the_authoritys_own_tokens_are_taken() {
    let rig = Rig::new().await;
    let platform = Publisher::new(&rig).await;
    platform.fake.script("jwks", says(answer("503 Later", &[], b"")));
    let builder = rig.builder().also_trust_published(platform.issuer(), platform.jwks());
    let remote = builder.start().await.unwrap();
    until(&remote, "trouble", |status| status.other_keys_trouble.is_some() && status.keys > 0).await;
    until(&remote, "a snapshot", |status| status.as_of.is_some()).await;
    assert!(!remote.is_ready());
    assert_eq!((code(&remote, &rig.token()), code(&remote, &platform.token(&rig))), ("ok", "not_ready"));
    platform.fake.honest();
    soon(remote.ready()).await;
    assert_eq!(code(&remote, &platform.token(&rig)), "ok");
    until(&remote, "it is over", |status| status.other_keys_trouble.is_none()).await;
}

#[tokio::test]
async fn a_start_without_either_knows_the_keys_of_both() {
    let rig = Rig::new().await;
    let platform = Publisher::new(&rig).await;
    let directory = TempDir::new().unwrap();
    let builder = || {
        let state = directory.path().join("state");
        rig.builder().also_trust_published(platform.issuer(), platform.jwks()).state_dir(state)
    };
    let (dead, good) = (platform.token(&rig), platform.token(&rig));
    rig.revoke(&dead);
    let remote = ready(builder()).await;
    until_revoked(&remote, &dead).await;
    remote.stop().await.unwrap();
    rig.fake.down();
    platform.fake.down();
    let again: Remote = builder().start().await.unwrap();
    assert_eq!((code(&again, &dead), code(&again, &good)), ("token_revoked", "ok"));
}

/// A token must not outlive the mark that kills it.
#[tokio::test]
async fn a_generous_leeway_keeps_marks_for_as_long() {
    let rig = Rig::new().await;
    let secret = new_key(Algorithm::Hs256);
    let generous = Duration::from_secs(300);
    let issuer = platform(PLATFORM, KeySet::new([secret.verifying_key()]).unwrap())
        .with_algorithms([Algorithm::Hs256])
        .with_leeway(generous);
    let remote = ready(rig.builder().also_trust(issuer)).await;
    let dead = rig.token_of(PLATFORM.into(), &secret);
    rig.revoke(&dead);
    until_revoked(&remote, &dead).await;
    // It has expired after an hour, and is taken for five minutes more.
    rig.clock.forward(Duration::from_secs(3600 + 200));
    assert_eq!(remote.verifier().replica().expire(rig.clock.now()), Expired::Dropped(0));
    assert_eq!(code(&remote, &dead), "token_revoked");
}

#[tokio::test]
async fn where_keys_are_published_must_be_an_address() {
    let rig = Rig::new().await;
    let issuer = platform(PLATFORM, KeySet::empty());
    let started = rig.builder().also_trust_published(issuer, "http://keys.example/jwks.json").start().await;
    assert!(matches!(started, Err(StartError::Url(InvalidUrl::Plain))));
    let twice = platform(&rig.fake.url(), KeySet::empty());
    assert!(matches!(rig.builder().also_trust(twice).start().await, Err(StartError::Issuer(_))));
}
