//! Who passes, and who is told what.

use reqwest::Method;
use rescind_testkit::process::Credentials;

use super::front::PROTECTED;
use super::rig::Rig;
use super::support::claims;

#[tokio::test]
async fn nobody_passes_without_a_good_token_and_is_told_how_to_come_back() {
    let rig = Rig::open().await;
    let front = &rig.front;
    for path in PROTECTED {
        let nobody = front.api.request(Method::GET, path, Credentials::Nobody);
        let refused = front.refuses(nobody, 401).await;
        assert_eq!(refused.header("www-authenticate"), r#"Bearer realm="rescind""#, "{path}");
        let refused = front.refuses(front.get(path, "garbage"), 401).await;
        let challenge = refused.header("www-authenticate");
        assert_eq!(challenge, r#"Bearer realm="rescind", error="invalid_token""#, "{path}");
    }
    // Where it has no business.
    let pair = rig.session().await;
    let in_query = format!("/orders/7?access_token={}", pair.access);
    front.refuses(front.api.request(Method::GET, &in_query, Credentials::Nobody), 401).await;
    let in_cookie = front.api.request(Method::GET, "/orders/7", Credentials::Nobody);
    front.refuses(in_cookie.header("cookie", format!("access_token={}", pair.access)), 401).await;
    front.refuses(front.get("/orders/7", &pair.refresh), 401).await;
}

#[tokio::test]
async fn whoever_has_a_good_token_passes_and_the_backend_is_told_who_it_is() {
    let rig = Rig::open().await;
    let front = &rig.front;
    let pair = rig.session().await;
    let claims = claims(&pair.access);
    for path in PROTECTED.into_iter().filter(|path| *path != "/admin/7") {
        let seen = front.passes(front.get(path, &pair.access)).await;
        let told =
            ["x-auth-user", "x-auth-tenant", "x-auth-role", "x-auth-session"].map(|name| seen.header(name));
        let known =
            ["user_id", "tenant_id", "role", "sid"].map(|name| claims[name].as_str().expect("a text"));
        assert_eq!(told, known, "{path}");
        assert_eq!(seen.uri, path);
        assert_eq!(seen.header("host"), "127.0.0.1", "{path}");
    }
}

#[tokio::test]
async fn a_role_is_asked_for_where_it_is_needed_whatever_the_client_says_of_it() {
    let rig = Rig::open().await;
    let front = &rig.front;
    let (member, admin) = (rig.session().await, rig.session_as("admin").await);
    for path in ["/admin/7", "/admin/7?role=member", "/admin/7?role=member&fresh=false"] {
        front.refuses(front.get(path, &member.access), 403).await;
        let seen = front.passes(front.get(path, &admin.access)).await;
        assert_eq!((seen.uri.as_str(), seen.header("x-auth-role")), (path, "admin"));
    }
}

#[tokio::test]
async fn what_is_public_needs_no_token_and_what_is_not_is_not_reached_through_it() {
    let rig = Rig::open().await;
    let front = &rig.front;
    let pair = rig.session().await;
    for caller in [Credentials::Nobody, Credentials::Bearer("garbage"), Credentials::Bearer(&pair.access)] {
        let seen = front.passes(front.api.request(Method::GET, "/public/logo", caller)).await;
        assert!(!seen.names().iter().any(|name| name.starts_with("x-auth")), "{seen:?}");
    }
    for path in ["/public/../orders/7", "/public/%2e%2e/orders/7", "/public/..%2forders/7", "//orders/7"] {
        let answer = front.raw(&format!("GET {path} HTTP/1.1")).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{path}: {answer}");
    }
    // The checks themselves are nobody's.
    for path in ["/_rescind/check", "/_rescind/fresh", "/_rescind/admin", "/_rescind/cached"] {
        let answer =
            front.raw(&format!("GET {path} HTTP/1.1\r\nAuthorization: Bearer {}", pair.access)).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
    assert!(front.backend.take().is_empty());
}

/// Which of the two is meant is nobody's to guess.
#[tokio::test]
async fn two_tokens_are_one_too_many() {
    let rig = Rig::open().await;
    let front = &rig.front;
    let (one, other) = (rig.session().await, rig.session().await);
    for path in PROTECTED {
        for second in [&one.access, &other.access, &"garbage".to_owned()] {
            let twice = front.get(path, &one.access).bearer_auth(second);
            front.refuses(twice, 400).await;
        }
    }
}
