//! A verifier in another process, `rescind-remote`, against the real server.

#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use rescind::token::Expected;
use rescind_remote::{Builder, Remote, Status, Timing};
use serde_json::json;
use support::{Desk, House, Pair, header, jti, new_user};

/// Longer than anything takes on a loaded machine.
const LIMIT: Duration = Duration::from_secs(120);

async fn builder(desk: &Desk) -> Builder {
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    let timing = Timing {
        first_pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(200),
        ..Timing::default()
    };
    Remote::builder(desk.api.base()).client(client.id, client.secret).timing(timing)
}

async fn ready(builder: Builder) -> Remote {
    let remote = builder.start().await.expect("a verifier");
    soon("it is ready", remote.ready()).await;
    remote
}

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.unwrap_or_else(|_| panic!("waited in vain until {what}"))
}

async fn code(remote: &Remote, pair: &Pair) -> &'static str {
    match remote.verify(&pair.access, Expected::Configured).await {
        Ok(_) => "ok",
        Err(refusal) => refusal.code(),
    }
}

async fn fresh(remote: &Remote, pair: &Pair) -> &'static str {
    match remote.verify_fresh(&pair.access, Expected::Configured, LIMIT).await {
        Ok(_) => "ok",
        Err(refusal) => refusal.code(),
    }
}

/// Waits, by the events alone, until the token is refused.
async fn revoked(remote: &Remote, pair: &Pair) {
    let mut changes = remote.verifier().replica().changes();
    let refused = async {
        while code(remote, pair).await != "token_revoked" {
            changes.changed().await.expect("the verifier lives");
        }
    };
    soon("it is refused", refused).await;
}

async fn until(remote: &Remote, what: &str, holds: impl Fn(&Status) -> bool) {
    support::until(what, async || holds(&remote.status())).await;
}

async fn end_session(desk: &Desk, pair: &Pair) {
    let path = format!("/api/v1/admin/sessions/{}", pair.session);
    desk.api.delete(&path, desk.caller()).await.expect(200);
}

#[tokio::test]
async fn what_is_revoked_at_any_level_is_refused_there_too() {
    let House { server: _server, desk } = House::open(&[]).await;
    let remote = ready(builder(&desk).await).await;
    let bystander = desk.open(&new_user()).await;

    let pair = desk.open(&new_user()).await;
    assert_eq!(code(&remote, &pair).await, "ok");
    let body = json!({"jti": jti(&pair.access)});
    desk.api.post("/api/v1/admin/revocations", desk.caller(), body).await.expect(201);
    revoked(&remote, &pair).await;

    let pair = desk.open(&new_user()).await;
    assert_eq!(code(&remote, &pair).await, "ok");
    end_session(&desk, &pair).await;
    revoked(&remote, &pair).await;

    let user = new_user();
    let pair = desk.open(&user).await;
    assert_eq!(code(&remote, &pair).await, "ok");
    desk.order(&format!("/api/v1/admin/users/{user}/revoke-all")).await.expect(200);
    revoked(&remote, &pair).await;
    assert_eq!(code(&remote, &desk.open(&user).await).await, "ok", "the next sign-in is good");

    let tenant = desk.new_tenant().await;
    let pair = desk.open_in(&tenant, &new_user()).await;
    assert_eq!(code(&remote, &pair).await, "ok");
    desk.order(&format!("/api/v1/admin/tenants/{tenant}/revoke-all")).await.expect(200);
    revoked(&remote, &pair).await;

    let backend = desk.api.create_client(desk.caller(), "to go", &["sessions:write"], None).await;
    let pair = Pair::from(&desk.hand_over(&backend, &desk.tenant, &new_user()).await.expect(201));
    assert_eq!(code(&remote, &pair).await, "ok");
    desk.api.delete(&format!("/api/v1/admin/clients/{}", backend.id), desk.caller()).await.expect(204);
    revoked(&remote, &pair).await;

    assert_eq!(code(&remote, &bystander).await, "ok");
    // Twice, so that a key signs that no verifier has seen before.
    for _ in 0..2 {
        let pair = desk.open(&new_user()).await;
        assert_eq!(code(&remote, &pair).await, "ok", "a new key is looked for");
        let kid = header(&pair.access)["kid"].as_str().expect("a kid").to_owned();
        desk.order(&format!("/api/v1/admin/keys/{kid}/revoke")).await.expect(200);
        revoked(&remote, &pair).await;
    }
    assert_ne!(code(&remote, &bystander).await, "ok", "it was signed with the first of them");
    assert_eq!(code(&remote, &desk.open(&new_user()).await).await, "ok");
    let status = remote.status();
    assert_eq!((status.snapshots, status.refused), (1, 0), "{status:?}");
}

#[tokio::test]
async fn a_fresh_check_misses_nothing_that_was_revoked_a_moment_ago() {
    let House { server: _server, desk } = House::open(&[]).await;
    let remote = ready(builder(&desk).await).await;
    for _ in 0..20 {
        let (dead, good) = (desk.open(&new_user()).await, desk.open(&new_user()).await);
        end_session(&desk, &dead).await;
        assert_eq!(fresh(&remote, &dead).await, "token_revoked");
        assert_eq!(fresh(&remote, &good).await, "ok");
    }
}

/// A client that a tenant binds comes to the end of the ledger by heartbeats only.
#[tokio::test]
async fn a_bound_client_checks_fresh_by_connecting_anew() {
    let House { server: _server, desk } = House::open(&[]).await;
    let bound = desk.api.create_client(desk.caller(), "bound", &["feed"], Some(&desk.tenant)).await;
    let ours = desk.tenant.parse().expect("an id");
    let remote = ready(Remote::builder(desk.api.base()).client(bound.id, bound.secret).tenant(ours)).await;
    let tenant = desk.new_tenant().await;
    let (strangers, good) = (desk.open_in(&tenant, &new_user()).await, desk.open(&new_user()).await);
    end_session(&desk, &strangers).await;
    assert_eq!(fresh(&remote, &good).await, "ok");
    assert_eq!(remote.status().marks, 0, "what is another tenant's is not told");
    assert_eq!(fresh(&remote, &strangers).await, "invalid_token", "nor judged");
}

#[tokio::test]
async fn a_bound_client_does_not_do_for_everybodys_tokens() {
    let House { server: _server, desk } = House::open(&[]).await;
    let bound = desk.api.create_client(desk.caller(), "bound", &["feed"], Some(&desk.tenant)).await;
    let remote =
        Remote::builder(desk.api.base()).client(bound.id, bound.secret).start().await.expect("it starts");
    until(&remote, "it says why", |status| {
        status.feed_trouble.is_some_and(|trouble| trouble.code() == "other_tenants")
    })
    .await;
    assert!(!remote.is_ready());
}

#[tokio::test]
async fn a_killed_server_is_followed_where_it_goes_on() {
    let House { mut server, desk } = House::open(&[]).await;
    let directory = tempfile::tempdir().expect("a directory");
    let builder = builder(&desk).await;
    let remote = ready(builder.state_dir(directory.path())).await;
    let (dead, good) = (desk.open(&new_user()).await, desk.open(&new_user()).await);
    end_session(&desk, &dead).await;
    revoked(&remote, &dead).await;
    server.kill9().await;
    until(&remote, "it is cut off", |status| !status.connected).await;
    assert_eq!((code(&remote, &dead).await, code(&remote, &good).await), ("token_revoked", "ok"));
    server.restart().await;
    end_session(&desk, &good).await;
    revoked(&remote, &good).await;
    assert_eq!(remote.status().snapshots, 1, "it went on where it was");
    remote.stop().await.expect("its state is written");
}

/// The state on disk is enough to begin with.
#[tokio::test]
async fn one_that_starts_while_the_server_is_down_knows_what_was_revoked() {
    let House { mut server, desk } = House::open(&[]).await;
    let directory = tempfile::tempdir().expect("a directory");
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    let builder =
        || Remote::builder(desk.api.base()).client(&*client.id, &*client.secret).state_dir(directory.path());
    let (dead, good) = (desk.open(&new_user()).await, desk.open(&new_user()).await);
    end_session(&desk, &dead).await;
    ready(builder()).await.stop().await.expect("its state is written");
    server.kill9().await;
    let remote = ready(builder()).await;
    assert_eq!((code(&remote, &dead).await, code(&remote, &good).await), ("token_revoked", "ok"));
    assert_eq!(fresh_within_a_moment(&remote, &good).await, "stale");
    server.restart().await;
    end_session(&desk, &good).await;
    revoked(&remote, &good).await;
    assert_eq!(remote.status().snapshots, 0);
}

async fn fresh_within_a_moment(remote: &Remote, pair: &Pair) -> &'static str {
    let within = Duration::from_millis(200);
    remote
        .verify_fresh(&pair.access, Expected::Configured, within)
        .await
        .map_or_else(|refusal| refusal.code(), |_| "ok")
}

#[tokio::test]
async fn a_restored_backup_is_loaded_and_what_was_revoked_stays_so() {
    let House { mut server, desk } = House::open(&[]).await;
    let remote = ready(builder(&desk).await).await;
    let (dead, good) = (desk.open(&new_user()).await, desk.open(&new_user()).await);
    let directory = tempfile::tempdir().expect("a directory");
    let backup = directory.path().join("backup.db");
    let run = async |arguments: &[&str]| {
        let output = server.command().args(arguments).arg(&backup).output().await.expect("the command runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["backup"]).await;
    end_session(&desk, &dead).await;
    revoked(&remote, &dead).await;
    server.kill9().await;
    let mut restore = server.command();
    restore.args(["restore", "--replace", "--yes", "--keep-sessions"]).arg(&backup);
    let restored = restore.output().await.expect("the command runs");
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    server.restart().await;
    until(&remote, "it has taken another snapshot", |status| status.snapshots == 2 && status.connected).await;
    assert_eq!((code(&remote, &dead).await, code(&remote, &good).await), ("token_revoked", "ok"));
    end_session(&desk, &good).await;
    revoked(&remote, &good).await;
}
