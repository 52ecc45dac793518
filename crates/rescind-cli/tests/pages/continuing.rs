//! A session of the pages goes on when its access token has run out, and is over when it was ended.

use super::browser::{Area, Browser, Scripts};
use super::support::until;
use super::tab::{Tab, cookie_name, set_cookies};
use super::world::{ADA, PASSWORD, SLUG, World};
use rescind_testkit::process::Credentials;

/// Tokens run out to the second, and older refresh tokens are theft at once.
pub(crate) const SHORT: [(&str, &str); 2] = [("RESCIND_LEEWAY", "0s"), ("RESCIND_REFRESH_GRACE", "0s")];

/// A world on a server with these settings, whose access tokens run out at once from now on.
pub(crate) async fn hasty_world(settings: &[(&str, &str)]) -> World {
    let mut world = World::with(settings).await;
    assert!(world.house.server.terminate().await.success());
    world.house.server.restart_with("RESCIND_ACCESS_TTL", "1s").await;
    world
}

/// Waits until the access token in a tab has run out.
async fn run_out(world: &World, tab: &Tab, area: Area) {
    let token = tab.cookie(area, "access");
    let path = if area == Area::Admin { "/api/v1/admin/tenants" } else { "/api/v1/auth/me" };
    let is_over = async || world.api().get(path, Credentials::Bearer(token)).await.status == 401;
    until("the token has run out", is_over).await;
}

#[tokio::test]
async fn a_page_goes_on_when_its_token_has_run_out() {
    let world = hasty_world(&SHORT).await;
    for (area, path) in [(Area::Account, "/account/events"), (Area::Admin, "/admin/users")] {
        let (email, password) =
            if area == Area::Admin { world.operator() } else { (ADA.into(), PASSWORD.into()) };
        let mut tab = Tab::signed_in(world.api(), area, &email, &password).await;
        let before = tab.clone();
        run_out(&world, &tab, area).await;
        let reply = tab.get(path).await.expect(200);
        assert_eq!(set_cookies(&reply).len(), 2, "both tokens are new: {reply:?}");
        for which in ["access", "refresh"] {
            assert_ne!(tab.cookie(area, which), before.cookie(area, which));
        }
        // The form that was loaded before is still good: the session is the same.
        run_out(&world, &tab, area).await;
        assert_eq!(tab.cookie(area, "form"), before.cookie(area, "form"));
        tab.post(&format!("{}/sign-out", area.root()), &[]).await.expect(303);
    }
}

/// The browser leaves the cookies at home when a link on another site is followed. That is no sign-out.
#[tokio::test]
async fn a_link_on_another_site_leads_to_the_page_and_nothing_is_forgotten() {
    let world = World::new().await;
    let (email, password) = world.operator();
    for scripts in [Scripts::On, Scripts::Off] {
        let mut browser = Browser::open(world.server().base(), scripts).await;
        browser.sign_in(Area::Admin, &email, &password).await;
        browser.go_elsewhere(&world.ada_path()).await;
        browser.click("a").await;
        until("the page is there", async || browser.text("h1").await == ADA).await;
        assert_eq!(browser.place().await, world.ada_path());
    }

    let tab = Tab::new(world.api());
    let asked =
        tab.request(reqwest::Method::GET, "/admin/users?query=%22%3E").header("sec-fetch-site", "cross-site");
    let reply = world.api().finish(asked).await.expect(200);
    assert!(!reply.headers.contains_key("set-cookie"), "{reply:?}");
    assert!(reply.body.contains("content=\"0; url=/admin/users?query=%22%3E\""), "{reply:?}");
}

#[tokio::test]
async fn two_requests_at_once_with_the_same_tokens_both_go_on() {
    let world = hasty_world(&SHORT[..1]).await;
    let mut tab = Tab::signed_in(world.api(), Area::Account, ADA, PASSWORD).await;
    for _ in 0..3 {
        run_out(&world, &tab, Area::Account).await;
        let (mut one, mut two) = (tab.clone(), tab.clone());
        let (first, second) = tokio::join!(one.get("/account"), two.get("/account/events"));
        first.expect(200);
        second.expect(200);
        assert_eq!(one.cookie(Area::Account, "refresh"), two.cookie(Area::Account, "refresh"), "no fork");
        tab = one;
    }
}

#[tokio::test]
async fn an_old_token_that_comes_again_ends_the_session() {
    let world = hasty_world(&SHORT).await;
    let mut tab = Tab::signed_in(world.api(), Area::Account, ADA, PASSWORD).await;
    let mut thief = tab.clone();
    for _ in 0..2 {
        tab.cookies.remove(&cookie_name(Area::Account, "access"));
        tab.get("/account").await.expect(200);
    }
    thief.cookies.remove(&cookie_name(Area::Account, "access"));
    for (who, of) in [(&mut thief, "the thief"), (&mut tab, "its owner")] {
        // The access token that the owner still has is refused with the session.
        let reply = who.get("/account").await.expect(303);
        assert_eq!(reply.header("location"), "/account/sign-in?why=ended", "{of}");
        let gone: Vec<_> =
            set_cookies(&reply).into_iter().filter(|line| line.contains("=; Max-Age=0; ")).collect();
        assert_eq!(gone.len(), 2, "{of} keeps a cookie: {reply:?}");
    }
    let told = tab.get("/account/sign-in?why=ended").await.expect(200);
    assert!(told.body.contains("Your session was ended."), "{told:?}");
    // And the owner is told what happened, on the page for that.
    let mut tab = Tab::signed_in(world.api(), Area::Account, ADA, PASSWORD).await;
    let events = tab.get("/account/events").await.expect(200);
    assert!(events.body.contains("A stolen token was blocked"), "{events:?}");
}

#[tokio::test]
async fn who_is_no_administrator_any_more_is_shown_out() {
    let world = World::new().await;
    let email = "second@acme.example";
    let made = world
        .api()
        .create_user(world.desk().caller(), email, PASSWORD, "admin", Some(&world.tenant))
        .await
        .expect(201);
    let mut tab = Tab::signed_in(world.api(), Area::Admin, email, PASSWORD).await;
    let path = format!("/api/v1/admin/users/{}", made.text("user_id"));
    world.api().patch(&path, world.desk().caller(), serde_json::json!({"role": "member"})).await.expect(200);
    let reply = tab.get("/admin/users").await.expect(303);
    assert!(reply.header("location").starts_with("/admin/sign-in"), "{reply:?}");
    assert!(tab.cookies.keys().all(|name| name.ends_with("-form")), "{:?}", tab.cookies.keys());
}

#[tokio::test]
async fn signing_out_ends_the_session_and_not_only_its_cookies() {
    let world = World::new().await;
    let mut tab = Tab::signed_in(world.api(), Area::Account, ADA, PASSWORD).await;
    let (access, refresh) =
        (tab.cookie(Area::Account, "access").to_owned(), tab.cookie(Area::Account, "refresh").to_owned());
    let reply = tab.post("/account/sign-out", &[]).await.expect(303);
    assert_eq!(reply.header("location"), "/account/sign-in?why=out");
    assert!(tab.cookies.keys().all(|name| name.ends_with("-form")), "{:?}", tab.cookies.keys());
    assert_eq!(world.api().me(&access).await.status, 401);
    assert_eq!(world.api().refresh(&refresh).await.status, 401);
    // Signing in anew in the same browser ends what was there.
    let mut tab = Tab::signed_in(world.api(), Area::Account, ADA, PASSWORD).await;
    let refresh = tab.cookie(Area::Account, "refresh").to_owned();
    tab.get("/account/sign-in").await.expect(200);
    tab.post("/account/sign-in", &[("email", ADA), ("password", PASSWORD), ("tenant", SLUG)])
        .await
        .expect(303);
    assert_eq!(world.api().refresh(&refresh).await.status, 401);
    assert_eq!(
        world
            .api()
            .get("/api/v1/auth/me", Credentials::Bearer(tab.cookie(Area::Account, "access")))
            .await
            .status,
        200
    );
}

/// The browser forgets the session whatever comes of it, and its owner is not told that it was ended.
#[tokio::test]
async fn a_sign_out_that_ends_nothing_says_so() {
    let world = World::new().await;
    let mut tab = Tab::signed_in(world.api(), Area::Account, ADA, PASSWORD).await;
    let refresh = tab.cookie(Area::Account, "refresh").to_owned();
    // What nobody can read any more names no session.
    tab.cookies.insert(cookie_name(Area::Account, "refresh"), "nonsense".into());
    let reply = tab.post("/account/sign-out", &[]).await.expect(303);
    assert_eq!(reply.header("location"), "/account/sign-in?why=forgotten");
    assert!(tab.cookies.keys().all(|name| name.ends_with("-form")), "{:?}", tab.cookies.keys());
    let told = tab.get("/account/sign-in?why=forgotten").await.expect(200);
    assert!(told.body.contains("it could not be ended just now"), "{told:?}");
    assert_eq!(world.api().refresh(&refresh).await.status, 200, "it goes on");
}

#[tokio::test]
async fn the_way_back_after_a_sign_in_leads_nowhere_else() {
    let world = World::new().await;
    let (email, password) = world.operator();
    let mut tab = Tab::new(world.api());
    let reply = tab.get("/admin/users?query=ada").await.expect(303);
    let form = reply.header("location").to_owned();
    assert_eq!(form, "/admin/sign-in?next=%2Fadmin%2Fusers%3Fquery%3Dada");
    let page = tab.get(&form).await.expect(200);
    assert!(page.body.contains(r#"name="next" value="/admin/users?query=ada""#), "{page:?}");
    for (next, expected) in [
        ("/admin/users?query=ada", "/admin/users?query=ada"),
        ("https://evil.example/admin", "/admin"),
        ("//evil.example", "/admin"),
        ("/\\evil.example", "/admin"),
        ("/admin/../account", "/admin"),
        ("/admin/%2e%2E/account", "/admin"),
        ("/admin//evil.example", "/admin"),
        ("/administrator", "/admin"),
        ("/account", "/admin"),
        ("/admin/\r\nlocation: https://evil.example", "/admin"),
        ("javascript:alert(1)", "/admin"),
        ("/admin@evil.example", "/admin"),
        ("/admin.evil.example", "/admin"),
        ("/admin/sign-out", "/admin/sign-out"),
    ] {
        let mut tab = Tab::new(world.api());
        let encoded: String = next.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let page = tab.get(&format!("/admin/sign-in?next={encoded}")).await.expect(200);
        let shown = format!(r#"name="next" value="{}""#, if next == expected { next } else { "" });
        assert!(page.body.contains(&shown), "{next}: {page:?}");
        let fields = [("email", email.as_str()), ("password", &password), ("next", next)];
        let reply = tab.post("/admin/sign-in", &fields).await.expect(303);
        assert_eq!(reply.header("location"), expected, "{next}");
    }
}
