//! A verifier without its authority does as its policy says.

use std::time::Duration;

use rescind::verifier::{FreshnessPolicy, OnStale};
use rescind_remote::Remote;

use crate::rig::{Rig, Token, code, ready, soon, until, until_revoked};

const MAX: Duration = Duration::from_secs(300);

fn policy(on_stale: OnStale) -> FreshnessPolicy {
    FreshnessPolicy { max_staleness: MAX, on_stale }
}

/// A verifier that knows of one revoked token, and another token.
async fn knowing(rig: &Rig, on_stale: OnStale) -> (Remote, Token, Token) {
    let (dead, good) = (rig.token(), rig.token());
    rig.revoke(&dead);
    let remote = ready(rig.builder().policy(policy(on_stale))).await;
    (remote, dead, good)
}

#[tokio::test]
async fn it_goes_on_with_what_it_knows_and_then_denies() {
    let rig = Rig::new().await;
    let (remote, dead, good) = knowing(&rig, OnStale::Deny).await;
    rig.fake.down();
    until(&remote, "it is cut off", |status| !status.connected).await;
    rig.clock.forward(MAX);
    assert_eq!((code(&remote, &dead), code(&remote, &good)), ("token_revoked", "ok"));
    assert!(remote.is_ready());
    rig.clock.forward(Duration::from_millis(1));
    assert_eq!((code(&remote, &dead), code(&remote, &good)), ("token_revoked", "stale"));
    assert!(!remote.is_ready());
    rig.fake.up();
    soon(remote.ready()).await;
    assert_eq!((code(&remote, &dead), code(&remote, &good)), ("token_revoked", "ok"));
}

#[tokio::test]
async fn or_allows_what_it_does_not_know_to_be_revoked() {
    let rig = Rig::new().await;
    let (remote, dead, good) = knowing(&rig, OnStale::Allow).await;
    rig.fake.down();
    rig.clock.forward(2 * MAX);
    assert_eq!((code(&remote, &dead), code(&remote, &good)), ("token_revoked", "ok"));
    assert_eq!(remote.verifier().stale_allowed(), 1);
}

#[tokio::test]
async fn it_is_no_fresher_than_its_authority() {
    let rig = Rig::new().await;
    let (remote, dead, good) = knowing(&rig, OnStale::Deny).await;
    let at = remote.status().as_of;
    rig.fake.stand_still();
    rig.clock.forward(MAX + Duration::from_millis(1));
    // It is told that something was revoked, and a heartbeat: the authority is there, and cut off from its store itself.
    let later = rig.token();
    rig.revoke(&later);
    until_revoked(&remote, &later).await;
    assert_eq!(remote.status().as_of, at);
    assert_eq!((code(&remote, &dead), code(&remote, &good)), ("token_revoked", "stale"));
}

#[tokio::test]
async fn one_that_never_synced_is_not_ready_whatever_the_policy() {
    for on_stale in [OnStale::Deny, OnStale::Allow] {
        let rig = Rig::new().await;
        rig.fake.down();
        let remote = rig.builder().policy(policy(on_stale)).start().await.unwrap();
        until(&remote, "it has tried", |status| status.feed_trouble.is_some()).await;
        let refused = crate::rig::verify(&remote, &rig.token()).await.unwrap_err();
        assert_eq!(refused.code(), "not_ready", "no token is to blame for keys that have not come");
        rig.fake.up();
        soon(remote.ready()).await;
    }
}
