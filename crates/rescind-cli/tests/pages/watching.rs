//! What changes by itself, or follows what one types: it can be stopped, keeps no session alive, and is told to who does not see it.

use thirtyfour::Key;

use super::browser::{Area, Browser, Scripts};
use super::continuing::{SHORT, hasty_world};
use super::keyboard::tab_to;
use super::support::until;
use super::world::{ADA, CHIEF, PASSWORD, World};

/// What the script does every ten seconds.
const LOOK: &str = "document.querySelector('.live')?.dispatchEvent(new Event('every'))";

/// Keeps the element, to see whether it is the same later on.
async fn hold(browser: &Browser, css: &str) {
    let script = "window.held = document.querySelector(arguments[0])";
    browser.evaluate::<serde_json::Value>(script, vec![css.into()]).await;
}

/// Whether it is still there: a screen reader tells of what changes in an element that it knows.
async fn is_held(browser: &Browser) -> bool {
    browser.evaluate("return window.held.isConnected && window.held.role === 'status'", vec![]).await
}

#[tokio::test]
async fn the_overview_follows_and_is_paused_and_goes_on_by_keys_alone() {
    let world = World::plain(&[]).await;
    let mut browser = Browser::open(world.server().base(), Scripts::On).await;
    browser.sign_in(Area::Admin, CHIEF, PASSWORD).await;
    browser.evaluate::<serde_json::Value>("document.querySelector('#figures dl').id = 'old'", vec![]).await;
    until("the figures are new", async || {
        browser.evaluate::<serde_json::Value>(LOOK, vec![]).await;
        browser.count("#figures dl:not(#old)").await > 0
    })
    .await;
    assert_eq!(browser.count("#figures dl").await, 1);

    tab_to(&browser, "#pace").await;
    assert!(browser.has_outline().await, "the focus is not seen");
    browser.press(Key::Enter).await;
    browser.until("it is paused", "#updates:not(:has(.live))").await;
    assert_eq!(browser.place().await, "/admin?updates=paused");
    assert_eq!(browser.count("[hx-trigger]").await, 0);
    assert!(browser.text("#updates").await.starts_with("Paused."));
    assert_eq!(browser.count("#figures dl").await, 1);
    tab_to(&browser, "#pace").await;
    browser.press(Key::Enter).await;
    browser.until("it goes on", "#updates .live").await;
    assert_eq!(browser.place().await, "/admin");
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
async fn without_scripts_there_is_nothing_to_pause_and_a_link_that_loads_again() {
    let world = World::plain(&[]).await;
    let mut browser = Browser::open(world.server().base(), Scripts::Off).await;
    browser.sign_in(Area::Admin, CHIEF, PASSWORD).await;
    assert!(browser.is_seen(".updates a[href='/admin']").await);
    assert!(!browser.is_seen("#pace").await, "nothing follows by itself, and nothing says so");
    browser.click(".updates p:last-child a").await;
    assert_eq!(browser.place().await, "/admin");
}

#[tokio::test]
async fn an_overview_that_nobody_looks_at_rests_when_its_token_has_run_out() {
    let world = hasty_world(&SHORT).await;
    let mut browser = Browser::open(world.server().base(), Scripts::On).await;
    browser.sign_in(Area::Admin, CHIEF, PASSWORD).await;
    browser.go("/admin").await;
    hold(&browser, "#updates").await;
    until("it rests", async || {
        browser.evaluate::<serde_json::Value>(LOOK, vec![]).await;
        browser.count("#updates:not(:has(.live))").await > 0
    })
    .await;
    assert!(is_held(&browser).await, "what tells of it is another element");
    assert!(browser.text("#updates").await.starts_with("Paused"), "{}", browser.text("#updates").await);
    assert_eq!(browser.count("[hx-trigger]").await, 0);
    assert_eq!(browser.count("#figures dl").await, 1, "what was there is left");
    // Whoever is there goes on.
    browser.click("#pace").await;
    assert_eq!(browser.place().await, "/admin");
    assert_eq!(browser.count("#updates .live").await, 1);
}

#[tokio::test]
async fn how_many_users_were_found_is_told_where_it_was_told_before() {
    let world = World::plain(&[]).await;
    let mut browser = Browser::open(world.server().base(), Scripts::On).await;
    browser.sign_in(Area::Admin, CHIEF, PASSWORD).await;
    browser.go("/admin/users").await;
    hold(&browser, "#tally").await;
    assert_eq!(browser.text("#tally").await, "2 users were found.");
    for (typed, told) in [(ADA, "One user was found."), ("nobody", "No user was found.")] {
        browser.fill("#query", typed).await;
        until("it is told", async || browser.text("#tally").await == told).await;
        assert!(is_held(&browser).await, "what tells of it is another element");
    }
    until("none is shown", async || browser.count("#found tr").await == 0).await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_script_that_is_refused_leaves_the_page_as_it_is() {
    let world = World::plain(&[]).await;
    let (email, password) = world.operator();
    let mut browser = Browser::open(world.server().base(), Scripts::On).await;
    browser.sign_in(Area::Admin, &email, &password).await;
    browser.go("/admin/users").await;
    let before = browser.text("main").await;
    let script = "document.addEventListener('htmx:after:request', event => {
                      window.told = event.detail.ctx.response.status; })";
    browser.evaluate::<serde_json::Value>(script, vec![]).await;
    browser.fill("#tenant_id", "nonsense").await;
    browser.fill("#query", "a").await;
    until("it is refused", async || browser.evaluate("return window.told >= 400", vec![]).await).await;
    assert_eq!(browser.text("main").await, before);
}
