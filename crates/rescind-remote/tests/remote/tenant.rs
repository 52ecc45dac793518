//! A client that a tenant binds is told of that tenant's revocations only. A verifier that would take others' tokens by them would let
//! the dead pass.

use std::time::Duration;

use crate::rig::{Rig, code, ready, until, until_trouble};

#[tokio::test]
async fn a_verifier_of_everybodys_tokens_is_never_ready_by_the_feed_of_one_tenant() {
    let rig = Rig::new().await;
    let token = rig.token();
    rig.fake.bind_clients_to(token.tenant);
    let remote = rig.builder().start().await.unwrap();
    until_trouble(&remote, "other_tenants").await;
    until(&remote, "there are keys", |status| status.keys > 0).await;
    assert_eq!((code(&remote, &token), remote.is_ready()), ("not_ready", false));
    assert_eq!(remote.status().snapshots, 0, "nothing of it counts");
}

#[tokio::test]
async fn one_of_that_tenants_tokens_is_and_refuses_others() {
    let rig = Rig::new().await;
    let (dead, good, strangers) = (rig.token(), rig.token(), rig.token());
    for token in [&dead, &good] {
        let remote = {
            rig.fake.bind_clients_to(token.tenant);
            rig.builder().tenant(token.tenant)
        };
        let remote = ready(remote).await;
        assert_eq!((code(&remote, token), code(&remote, &strangers)), ("ok", "invalid_token"));
    }
    rig.revoke(&dead);
    rig.fake.bind_clients_to(dead.tenant);
    let remote = ready(rig.builder().tenant(dead.tenant)).await;
    assert_eq!(code(&remote, &dead), "token_revoked");
}

#[tokio::test]
async fn the_feed_of_everybody_does_for_one_tenant_and_another_tenants_does_not() {
    let rig = Rig::new().await;
    let (token, strangers) = (rig.token(), rig.token());
    let remote = ready(rig.builder().tenant(token.tenant)).await;
    assert_eq!((code(&remote, &token), code(&remote, &strangers)), ("ok", "invalid_token"));
    rig.fake.bind_clients_to(strangers.tenant);
    until_trouble(&remote, "other_tenants").await;
    rig.clock.forward(Duration::from_secs(301));
    assert_eq!((code(&remote, &token), code(&remote, &strangers)), ("stale", "invalid_token"));
}

#[tokio::test]
async fn what_was_kept_of_one_tenant_does_not_start_a_verifier_of_everybody() {
    let rig = Rig::new().await;
    let token = rig.token();
    let directory = tempfile::TempDir::new().unwrap();
    let builder = || rig.builder().state_dir(directory.path().join("state"));
    ready(builder().tenant(token.tenant)).await.stop().await.unwrap();
    rig.fake.down();
    let again = builder().tenant(token.tenant).start().await.unwrap();
    assert!(again.is_ready());
    drop(again);
    let everybodys = builder().start().await.unwrap();
    assert_eq!((code(&everybodys, &token), everybodys.status().as_of), ("not_ready", None));
}
