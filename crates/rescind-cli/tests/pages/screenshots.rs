//! Pictures of the pages, for the documentation: `cargo xtask screenshots`.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::browser::{Area, Browser, Scripts};
use super::world::{ADA, PASSWORD, World};

/// What a picture may weigh, in bytes: they are kept with the sources.
const MOST: usize = 150_000;

/// How far down a picture goes, in pixels.
const HEIGHT: u32 = 1000;

#[tokio::test]
#[ignore = "writes into the documentation: `cargo xtask screenshots`"]
async fn every_page_is_pictured() {
    let home = std::env::var("RESCIND_TEST_SCREENSHOTS").expect("`cargo xtask screenshots` says where to");
    let home = PathBuf::from(home);
    let world = World::plain(&[]).await;
    let mut browser = Browser::open(world.server().base(), Scripts::On).await;
    let (email, password) = world.operator();
    browser.set_width(1280).await;

    browser.go("/admin/sign-in").await;
    keep(&browser, &home, "sign-in").await;
    browser.sign_in(Area::Admin, &email, &password).await;
    let (user, kid) = (world.ada_path(), world.key("active").await);
    for (name, path) in [
        ("overview", "/admin"),
        ("users", "/admin/users"),
        ("user", &format!("{user}?show=all")),
        ("revocations", "/admin/revocations"),
        ("tenants", "/admin/tenants"),
        ("tenant", &format!("/admin/tenants/{}", world.tenant)),
        ("clients", "/admin/clients"),
        ("client-disable", &format!("/admin/clients/{}/disable", world.client)),
        ("client-rotate", &format!("/admin/clients/{}/secret", world.client)),
        ("keys", "/admin/keys"),
        ("key-revoke", &format!("/admin/keys/{kid}/revoke")),
        ("audit", &format!("/admin/audit?target={}", world.sessions[4].session)),
    ] {
        browser.go(path).await;
        keep(&browser, &home, name).await;
    }
    browser.go(&format!("/admin/clients/{}/secret", world.client)).await;
    browser.fill("#password", &password).await;
    browser.click("main form button").await;
    keep(&browser, &home, "client-secret").await;
    browser.go("/admin/revocations/new").await;
    browser.fill("#text", &world.sessions[1].session).await;
    browser.click("main form button").await;
    keep(&browser, &home, "revoke").await;

    browser.sign_in(Area::Account, ADA, PASSWORD).await;
    for (name, path) in
        [("devices", "/account"), ("password", "/account/password"), ("events", "/account/events")]
    {
        browser.go(path).await;
        keep(&browser, &home, name).await;
    }
    browser.set_width(390).await;
    browser.set_dark(true).await;
    for (name, path) in [("user-phone-dark", user.as_str()), ("devices-phone-dark", "/account")] {
        browser.go(path).await;
        keep(&browser, &home, name).await;
    }
}

async fn keep(browser: &Browser, home: &Path, name: &str) {
    let picture = STANDARD.decode(browser.picture(HEIGHT).await).expect("base64");
    assert!(picture.len() < MOST, "{name} weighs {} bytes", picture.len());
    std::fs::write(home.join(format!("{name}.png")), picture).expect("a place to keep it");
}
