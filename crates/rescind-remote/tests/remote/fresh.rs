//! Checks that must not miss what was revoked a moment ago.

use std::time::Duration;

use rescind::clock::Clock as _;
use rescind::verifier::Refusal;
use tokio::io::AsyncWriteExt as _;

use crate::fake::{EVENTS, answer, heartbeat, says, script};
use crate::rig::{Rig, code, soon, until, verify_fresh};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn what_is_revoked_is_refused_and_the_rest_passes() {
    let rig = Rig::new().await;
    let remote = rig.remote().await;
    let (dead, good) = (rig.token(), rig.token());
    rig.revoke(&dead);
    let refused = verify_fresh(&remote, &dead, LONG).await.unwrap_err();
    assert_eq!(refused.code(), "token_revoked");
    assert_eq!(verify_fresh(&remote, &good, LONG).await, Ok(()));
}

/// A stream that says nothing of what was revoked since it began: as one that a bound client has, between two heartbeats.
#[tokio::test]
async fn a_stream_that_does_not_bring_it_there_is_asked_anew() {
    let rig = Rig::new().await;
    let remote = rig.remote().await;
    let (begin, now) = (rig.fake.end(), rig.clock.now());
    let good = rig.token();
    let mute = script(move |mut stream, target| async move {
        assert!(target.contains("after="));
        stream.write_all(format!("{EVENTS}{}", heartbeat(begin, now)).as_bytes()).await?;
        std::future::pending().await
    });
    rig.fake.script("events", mute);
    rig.fake.break_connections();
    until(&remote, "it hears the mute stream", |status| status.connections > 1 && status.connected).await;
    rig.revoke(&rig.token());
    assert_eq!(verify_fresh(&remote, &good, SHORT).await, Err(Refusal::Stale));
    // What is asked anew is answered.
    rig.fake.stop_scripts();
    assert_eq!(verify_fresh(&remote, &good, LONG).await, Ok(()));
}

#[tokio::test]
async fn an_authority_that_cannot_be_asked_lets_nothing_pass() {
    let rig = Rig::new().await;
    let remote = rig.remote().await;
    let good = rig.token();
    for bad in [
        answer("200 OK", &[], br#"{"cursor":"7","seq":7}"#),
        answer("200 OK", &[], br#"{"cursor":"7.00000000000000000000000000000000","seq":8}"#),
        answer("200 OK", &[], &[b' '; 8192]),
        answer("503 Busy", &["Retry-After: 1"], b""),
        answer("307 Elsewhere", &["Location: /elsewhere"], b""),
        b"".to_vec(),
    ] {
        rig.fake.script("head", says(bad));
        assert_eq!(verify_fresh(&remote, &good, LONG).await, Err(Refusal::Stale));
        assert_eq!(code(&remote, &good), "ok", "checks that need not be fresh go on");
    }
    rig.fake.script(
        "head",
        script(|stream, _| async move {
            let _open = stream;
            std::future::pending().await
        }),
    );
    assert_eq!(verify_fresh(&remote, &good, SHORT).await, Err(Refusal::Stale));
    rig.fake.honest();
    until(&remote, "it is connected again", |status| status.connected).await;
    assert_eq!(verify_fresh(&remote, &good, LONG).await, Ok(()));
}

#[tokio::test]
async fn after_another_history_it_is_waited_for_that() {
    let rig = Rig::new().await;
    for _ in 0..3 {
        rig.revoke(&rig.token());
    }
    let remote = rig.remote().await;
    let (dead, good) = (rig.token(), rig.token());
    rig.fake.restore(1);
    rig.revoke(&dead);
    assert_eq!(soon(verify_fresh(&remote, &dead, LONG)).await.unwrap_err().code(), "token_revoked");
    assert_eq!(verify_fresh(&remote, &good, LONG).await, Ok(()));
}
