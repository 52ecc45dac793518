//! What stands on every answer under `/admin` and `/account`, whatever the answer.

use reqwest::Method;
use rescind_testkit::process::{Api, Credentials, Reply};

use super::browser::Area;
use super::routes;
use super::tab::{Tab, set_cookies};
use super::world::{ADA, PASSWORD, World};

/// Holds an answer to what pages promise.
fn hold(reply: &Reply) {
    let policy = reply.header("content-security-policy");
    for part in ["default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{part} is missing: {policy}: {reply:?}");
    }
    for never in ["unsafe-inline", "unsafe-eval", "*", "http:", "https:", "data:", "blob:"] {
        assert!(!policy.contains(never), "{never}: {policy}: {reply:?}");
    }
    assert_eq!(reply.header("x-frame-options"), "DENY", "{reply:?}");
    assert_eq!(reply.header("cache-control"), "no-store", "{reply:?}");
    assert_eq!(reply.header("x-content-type-options"), "nosniff", "{reply:?}");
    assert!(matches!(reply.header("referrer-policy"), "same-origin" | "no-referrer"), "{reply:?}");
    assert!(!reply.headers.contains_key("access-control-allow-origin"), "{reply:?}");
    for line in set_cookies(reply) {
        assert!(line.starts_with("__Host-rescind-"), "{line}");
        assert!(line.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict"), "{line}");
        assert!(!line.to_ascii_lowercase().contains("domain"), "{line}");
    }
}

#[tokio::test]
async fn every_page_has_the_headers() {
    let world = World::new().await;
    let (email, password) = world.operator();
    let mut admin = Tab::signed_in(world.api(), Area::Admin, &email, &password).await;
    let mut ada = Tab::signed_in(world.api(), Area::Account, ADA, PASSWORD).await;
    let kid = world.key("active").await;
    for page in routes::pages() {
        let names = [
            ("{tenant}", &world.tenant),
            ("{user}", &world.ada),
            ("{client}", &world.client),
            ("{kid}", &kid),
        ];
        let path = names.iter().fold(page.clone(), |path, (name, value)| path.replace(name, value));
        let tab = if page.starts_with("/admin") { &mut admin } else { &mut ada };
        hold(&tab.get(&path).await.expect(200));
        let answer = Tab::new(world.api()).get(&path).await;
        assert_eq!(answer.status, if path.ends_with("/sign-in") { 200 } else { 303 }, "{answer:?}");
        hold(&answer);
    }
}

#[tokio::test]
async fn so_has_every_refusal() {
    let world = World::with(&[("RESCIND_CORS_ORIGINS", "https://app.example")]).await;
    let api = world.api();
    let mut tab = Tab::signed_in(api, Area::Account, ADA, PASSWORD).await;
    let long = "x".repeat(70_000);
    for (status, request) in [
        (404, tab.request(Method::GET, "/account/nothing-here")),
        (404, tab.request(Method::GET, "/admin/nothing/here")),
        (303, tab.request(Method::GET, "/admin/users/1/2")),
        (405, tab.request(Method::PUT, "/account")),
        (405, tab.request(Method::DELETE, "/admin")),
        (405, tab.request(Method::GET, "/account/sign-out")),
        (400, tab.request(Method::GET, "/account?access_token=x")),
        (403, tab.request(Method::POST, "/account/password").form(&[("current", "x")])),
        (413, tab.request(Method::POST, "/account/password").form(&[("current", &long)])),
        (415, tab.request(Method::POST, "/account/password").body("x")),
        (404, tab.form("/account/sessions/00000000-0000-4000-8000-000000000001/sign-out", &[])),
        (
            403,
            tab.form(
                "/account/password",
                &[("current", "wrong"), ("new", "another 5 geese"), ("again", "another 5 geese")],
            ),
        ),
        (200, tab.request(Method::GET, "/account").header("origin", "https://app.example")),
    ] {
        let reply = api.finish(request).await;
        assert_eq!(reply.status, status, "{reply:?}");
        hold(&reply);
    }
    hold(&tab.post("/account/sign-out", &[]).await.expect(303));
    hold(&tab.get("/account").await.expect(303));
}

#[tokio::test]
async fn a_refusal_is_a_page_that_says_what_to_do() {
    let world = World::new().await;
    let mut tab = Tab::new(world.api());
    let reply = tab.get("/admin/nothing/here").await.expect(404);
    assert!(reply.header("content-type").starts_with("text/html"), "{reply:?}");
    assert!(reply.body.contains("Back to the first page"), "{reply:?}");
}

#[tokio::test]
async fn the_api_reads_no_cookie_of_the_pages() {
    let world = World::new().await;
    let (email, password) = world.operator();
    let admin = Tab::signed_in(world.api(), Area::Admin, &email, &password).await;
    let ada = Tab::signed_in(world.api(), Area::Account, ADA, PASSWORD).await;
    for (tab, method, path) in [
        (&admin, Method::GET, "/api/v1/admin/users"),
        (&admin, Method::POST, "/api/v1/admin/keys/rotate"),
        (&admin, Method::GET, "/api/v1/auth/forward"),
        (&ada, Method::GET, "/api/v1/auth/me"),
        (&ada, Method::GET, "/api/v1/auth/sessions"),
        (&ada, Method::GET, "/api/v1/auth/forward"),
    ] {
        let reply = answer(world.api(), tab, method, path).await;
        assert_eq!(reply.status, 401, "{reply:?}");
    }
    // The tokens in them are good: they are kept from the API by where they lie.
    let token = admin.cookie(Area::Admin, "access");
    let request = world.api().request(Method::GET, "/api/v1/admin/users", Credentials::Bearer(token));
    world.api().finish(request).await.expect(200);
}

async fn answer(api: &Api, tab: &Tab, method: Method, path: &str) -> Reply {
    api.finish(tab.request(method, path)).await
}

#[tokio::test]
async fn what_the_pages_load_is_served_with_its_type() {
    let world = World::new().await;
    let page = Tab::new(world.api()).get("/admin/sign-in").await.expect(200);
    let mut found = 0;
    for rest in page.body.split("\"/assets/").skip(1) {
        let path = format!("/assets/{}", rest.split('"').next().unwrap_or_default());
        let reply = Tab::new(world.api()).get(&path).await.expect(200);
        let kind = match path.rsplit_once('.').expect("a name with an ending").1 {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert_eq!(reply.header("content-type"), kind);
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        found += 1;
    }
    assert_eq!(found, 3, "{page:?}");
}
