//! Where answers are kept: for how long, for whom, and which.
//!
//! nginx counts whole seconds of the machine's clock. So nothing here says how long something takes: it is asked again and again until
//! it happens, and the file says after how long at the latest.

use reqwest::Method;
use rescind_testkit::process::Credentials;

use super::front::Front;
use super::rig::{Rig, address};
use super::support::{Pair, claims, jti, new_user, until};

#[tokio::test]
async fn a_yes_is_kept_for_a_while_and_the_backend_is_told_that_it_was() {
    let rig = Rig::open().await;
    let pair = rig.session().await;
    assert_eq!(kept(&rig, &pair.access).await, "MISS");
    let before = rig.checks("ok").await;
    let mut asked = 0.0;
    let mut was_used = false;
    until("a yes was used again, and then expired", async || match kept(&rig, &pair.access).await.as_str() {
        "HIT" => {
            was_used = true;
            false
        }
        // Long unused, it may be gone altogether.
        state => {
            assert!(["EXPIRED", "MISS"].contains(&state), "{state}");
            asked += 1.0;
            was_used
        }
    })
    .await;
    let checks = rig.checks("ok").await - before;
    assert!((checks - asked).abs() < 0.5, "{checks} checks of {asked}");
    // Elsewhere nothing is.
    let seen = rig.front.passes(rig.front.get("/orders/7", &pair.access)).await;
    assert_eq!(seen.header("x-auth-cache"), "");
}

#[tokio::test]
async fn a_revoked_token_is_refused_when_its_yes_has_expired_however_often_it_is_used() {
    let rig = Rig::open().await;
    let pair = rig.session().await;
    until("a yes is kept", async || kept(&rig, &pair.access).await == "HIT").await;
    rig.desk().order(&format!("/api/v1/auth/sessions/revoke/{}", jti(&pair.access))).await.expect(200);
    // Elsewhere at once.
    for path in ["/orders/7", "/transfers/7", "/socket/7"] {
        rig.front.refuses(rig.front.get(path, &pair.access), 401).await;
    }
    until("it is refused", async || {
        let reply = rig.front.api.finish(rig.front.get("/pages/7", &pair.access)).await;
        let states: Vec<_> =
            rig.front.backend.take().iter().map(|seen| seen.header("x-auth-cache").to_owned()).collect();
        match reply.status {
            // It never asks, and is told yes.
            200 => assert_eq!(states, ["HIT"]),
            status => assert_eq!((status, states.len()), (401, 0)),
        }
        reply.status == 401
    })
    .await;
    // And from then on, by the authority itself, each time.
    let before = rig.checks("token_revoked").await;
    for _ in 0..3 {
        rig.front.refuses(rig.front.get("/pages/7", &pair.access), 401).await;
    }
    assert!((rig.checks("token_revoked").await - before - 3.0).abs() < 0.5);
}

#[tokio::test]
async fn tokens_that_begin_alike_never_share_an_answer() {
    let rig = Rig::open().await;
    let (one, other) = (rig.session().await, rig.session().await);
    until("a yes is kept", async || kept(&rig, &one.access).await == "HIT").await;
    let (head, signature) = one.access.rsplit_once('.').expect("a JWS");
    let (_, foreign) = other.access.rsplit_once('.').expect("a JWS");
    let cut = &one.access[..one.access.len() - 1];
    let flipped: String = signature.chars().rev().collect();
    for forged in [
        cut.to_owned(),
        format!("{}x", one.access),
        format!("{}=", one.access),
        format!("{head}."),
        head.to_owned(),
        format!("{head}.{foreign}"),
        format!("{head}.{flipped}"),
        one.access.to_uppercase(),
    ] {
        rig.front.refuses(rig.front.get("/pages/7", &forged), 401).await;
    }
    // Without a token there is nothing to be found.
    let nobody = rig.front.api.request(Method::GET, "/pages/7", Credentials::Nobody);
    rig.front.refuses(nobody, 401).await;
    // Two good ones begin alike too: they have the same header. Each is told its own.
    for pair in [&other, &one, &other] {
        let seen = rig.front.passes(rig.front.get("/pages/7", &pair.access)).await;
        assert_eq!(seen.header("x-auth-session"), pair.session);
        assert_eq!(seen.header("x-auth-user"), claims(&pair.access)["user_id"].as_str().expect("a text"));
    }
}

/// A yes to one question is none to another, for all that the token is the same.
#[tokio::test]
async fn checks_never_share_an_answer() {
    let mut rig = Rig::open().await;
    let admins = "location = /_rescind/kept-admin {
        include     rescind/ask.conf;
        include     rescind/keep.conf;
        proxy_pass  http://rescind/api/v1/auth/forward?role=admin;
    }
    location @rescind_unavailable {";
    let authority = address(&rig.house.server);
    rig.front = Front::with(authority, |site| {
        site.edit("location @rescind_unavailable {", admins)
            .edit("auth_request    /_rescind/admin;", "auth_request /_rescind/kept-admin;")
    })
    .await;
    let (member, admin) = (rig.session().await, rig.session_as("admin").await);
    for pair in [&member, &admin] {
        until("a yes is kept", async || kept(&rig, &pair.access).await == "HIT").await;
    }
    rig.front.refuses(rig.front.get("/admin/7", &member.access), 403).await;
    let seen = rig.front.passes(rig.front.get("/admin/7", &admin.access)).await;
    assert_eq!(seen.header("x-auth-cache"), "MISS");
    rig.front.refuses(rig.front.get("/admin/7", &member.access), 403).await;
}

/// A token that was refused is good a moment later: the authority was told to take those that are meant for that service.
#[tokio::test]
async fn a_no_and_a_do_not_know_are_never_kept() {
    let mut rig = Rig::open().await;
    let audience = "https://api.example";
    let pair = meant_for(&rig, audience).await;
    let call = |rig: &Rig| rig.front.get("/pages/7", &pair.access);
    for _ in 0..3 {
        rig.front.refuses(call(&rig), 401).await;
    }
    rig.house.server.kill9().await;
    for _ in 0..3 {
        rig.front.refuses(call(&rig), 503).await;
    }
    rig.house.server.restart_with("RESCIND_AUDIENCE", audience).await;
    rig.front.passes(call(&rig)).await;
}

/// What is kept is good for its time, and not for one moment longer because there is nobody to ask.
#[tokio::test]
async fn what_has_expired_is_not_used_when_the_authority_is_away() {
    let mut rig = Rig::open().await;
    let pair = rig.session().await;
    until("a yes is kept", async || kept(&rig, &pair.access).await == "HIT").await;
    rig.house.server.kill9().await;
    until("it has expired", async || {
        let reply = rig.front.api.finish(rig.front.get("/pages/7", &pair.access)).await;
        let states: Vec<_> =
            rig.front.backend.take().iter().map(|seen| seen.header("x-auth-cache").to_owned()).collect();
        match reply.status {
            200 => assert_eq!(states, ["HIT"]),
            status => assert_eq!((status, states.len()), (503, 0)),
        }
        reply.status == 503
    })
    .await;
    for _ in 0..3 {
        rig.front.refuses(rig.front.get("/pages/7", &pair.access), 503).await;
    }
}

/// How nginx came to let a token pass where answers are kept.
async fn kept(rig: &Rig, access: &str) -> String {
    let seen = rig.front.passes(rig.front.get("/pages/7", access)).await;
    seen.header("x-auth-cache").to_owned()
}

/// A session whose tokens are meant for a service with an audience of its own.
async fn meant_for(rig: &Rig, audience: &str) -> Pair {
    let desk = rig.desk();
    let user = new_user();
    let body = serde_json::json!({
        "user_id": user, "tenant_id": desk.tenant, "email": format!("{user}@example.com"), "role": "member",
        "audience": audience,
    });
    Pair::from(&desk.api.post("/api/v1/sessions", desk.caller(), body).await.expect(201))
}
