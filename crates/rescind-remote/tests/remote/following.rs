//! With an honest authority, whatever happens to the connection.

use std::time::Duration;

use rescind_remote::{Remote, StartError};

use crate::rig::{Rig, code, quick, soon, until, until_revoked, until_trouble, verify};

#[tokio::test]
async fn what_was_revoked_before_is_refused_and_what_is_revoked_now_too() {
    let rig = Rig::new().await;
    let (before, now, never) = (rig.token(), rig.token(), rig.token());
    rig.revoke(&before);
    let remote = rig.remote().await;
    assert_eq!([&before, &now, &never].map(|token| code(&remote, token)), ["token_revoked", "ok", "ok"]);
    rig.revoke(&now);
    until_revoked(&remote, &now).await;
    assert_eq!(code(&remote, &never), "ok");
    until(&remote, "it is where the authority is", |status| status.cursor == rig.fake.end()).await;
}

#[tokio::test]
async fn nobody_passes_before_the_first_heartbeat_after_the_first_snapshot() {
    let rig = Rig::new().await;
    let (dead, good) = (rig.token(), rig.token());
    rig.revoke(&dead);
    rig.fake.script("events", crate::fake::says(crate::fake::EVENTS));
    let remote = rig.builder().start().await.unwrap();
    until(&remote, "a snapshot is there, and a stream without a heartbeat", |status| {
        status.snapshots == 1 && status.connections > 1 && status.keys > 0
    })
    .await;
    assert_eq!(code(&remote, &dead), "token_revoked", "what is known holds at once");
    assert_eq!(code(&remote, &good), "not_ready");
    assert!(!remote.is_ready());
    rig.fake.honest();
    soon(remote.ready()).await;
    assert_eq!(code(&remote, &good), "ok");
    assert_eq!(remote.status().snapshots, 1, "it goes on from the one that it has");
}

#[tokio::test]
async fn after_a_lost_connection_it_goes_on_where_it_was() {
    let rig = Rig::new().await;
    let remote = rig.remote().await;
    let meanwhile = rig.token();
    rig.fake.down();
    rig.revoke(&meanwhile);
    until(&remote, "it is cut off", |status| !status.connected).await;
    rig.fake.up();
    until_revoked(&remote, &meanwhile).await;
    assert_eq!(remote.status().snapshots, 1);
}

#[tokio::test]
async fn another_history_is_loaded_and_what_was_known_is_kept() {
    let rig = Rig::new().await;
    let (lost, found) = (rig.token(), rig.token());
    rig.revoke(&lost);
    let remote = rig.remote().await;
    rig.fake.restore(1);
    rig.revoke(&found);
    until_revoked(&remote, &found).await;
    assert_eq!(code(&remote, &lost), "token_revoked", "it was revoked once");
    until(&remote, "it goes on in the new history", |status| {
        status.cursor == rig.fake.end() && status.snapshots == 2 && status.feed_trouble.is_none()
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_steps_back_has_everything_loaded_anew() {
    let rig = Rig::new().await;
    rig.clock.forward(Duration::from_secs(1000));
    let remote = rig.remote().await;
    rig.clock.back(Duration::from_secs(900));
    until(&remote, "another snapshot", |status| status.snapshots == 2 && status.as_of.is_some()).await;
    soon(remote.ready()).await;
}

#[tokio::test]
async fn a_client_that_is_refused_goes_on_trying() {
    let rig = Rig::new().await;
    let remote = rig.remote().await;
    for (status, trouble) in [("401 Unauthorized", "unauthorized"), ("403 Forbidden", "forbidden")] {
        rig.fake.script("events", crate::fake::says(crate::fake::answer(status, &[], b"{}")));
        rig.fake.break_connections();
        until_trouble(&remote, trouble).await;
    }
    let later = rig.token();
    rig.revoke(&later);
    rig.fake.honest();
    until_revoked(&remote, &later).await;
}

#[tokio::test]
async fn every_level_of_a_cut_holds() {
    use rescind::ledger::{MarkKey, TokenKey};
    let rig = Rig::new().await;
    let remote = rig.remote().await;
    type Level = fn(&rescind::token::SignedToken) -> (MarkKey, Option<i64>);
    let levels: [Level; 5] = [
        |token| (MarkKey::Token(TokenKey::new(token.jti().unwrap())), None),
        |token| (MarkKey::Session(token.session_id().unwrap()), None),
        |token| (MarkKey::User(token.user_id().unwrap()), Some(2)),
        |token| (MarkKey::Tenant(token.tenant_id().unwrap()), Some(2)),
        |token| (MarkKey::Digest(token.digest()), None),
    ];
    for level in levels {
        let token = rig.token();
        let signed = remote.verifier().validator().verify(&token.text).unwrap();
        let (key, min_version) = level(&signed);
        let tenant = matches!(key, MarkKey::User(_)).then(|| signed.tenant_id().unwrap());
        assert_eq!(verify(&remote, &token).await, Ok(()));
        rig.fake.revoke(rescind::ledger::Mark { tenant, key, min_version, ..rig.cut(&token) });
        until_revoked(&remote, &token).await;
    }
}

#[tokio::test]
async fn what_has_expired_is_let_go() {
    let rig = Rig::new().await;
    let remote = rig.remote().await;
    let token = rig.token();
    rig.revoke(&token);
    until_revoked(&remote, &token).await;
    rig.clock.forward(Duration::from_secs(2 * 3600));
    until(&remote, "it is gone", |status| status.marks == 0).await;
}

#[tokio::test]
async fn a_handle_that_is_dropped_leaves_nothing_behind() {
    let rig = Rig::new().await;
    let remote = rig.remote().await;
    let replica = std::sync::Arc::downgrade(remote.verifier().replica());
    drop(remote);
    let gone = async {
        while replica.upgrade().is_some() {
            tokio::task::yield_now().await;
        }
    };
    soon(gone).await;
}

#[tokio::test]
async fn a_start_is_refused_where_it_could_never_work() {
    let rig = Rig::new().await;
    let start = async |builder: rescind_remote::Builder| builder.start().await.map(|_| ()).unwrap_err();
    let to = |url: &str| Remote::builder(url).client("client", "secret").timing(quick());
    assert!(matches!(start(to("auth.example")).await, StartError::Url(_)));
    assert!(matches!(start(to("http://auth.example")).await, StartError::Url(_)));
    assert!(matches!(start(Remote::builder(rig.fake.url())).await, StartError::Client));
    assert!(matches!(start(rig.builder().client("a:b", "s")).await, StartError::Client));
    assert!(matches!(start(rig.builder().algorithms([])).await, StartError::Issuer(_)));
    assert!(matches!(start(rig.builder().tls_roots("no PEM")).await, StartError::Roots(_)));
    rig.fake.call_itself("https://another.example");
    let named = rig.builder().issuer("https://another.example").start().await;
    assert!(named.is_ok(), "whoever names it knows");
    let unnamed =
        Remote::builder(format!("http://{}", rig.fake.address)).client("client", "secret").start().await;
    assert!(matches!(unnamed, Err(StartError::IssuerMismatch)));
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let rig = Rig::new().await;
    let builder = rig.builder().client("client", "s3cret-of-mine");
    assert!(!format!("{builder:?}").contains("s3cret"));
    let remote = builder.start().await.unwrap();
    assert!(!format!("{remote:?}").contains("s3cret"));
}
