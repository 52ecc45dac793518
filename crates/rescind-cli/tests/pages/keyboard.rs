//! Without a mouse.

use thirtyfour::Key;

use super::browser::{Area, Browser, Scripts};
use super::world::{ADA, CHIEF, PASSWORD, SLUG, World};

/// Presses Tab until the focus is on what fits.
pub(crate) async fn tab_to(browser: &Browser, css: &str) {
    for _ in 0..80 {
        if browser.is_focused(css).await {
            return;
        }
        browser.press(Key::Tab).await;
    }
    panic!("Tab does not lead to {css} at {}", browser.place().await);
}

#[tokio::test]
async fn a_session_is_ended_by_keys_alone() {
    let world = World::new().await;
    let browser = Browser::open(world.server().base(), Scripts::On).await;
    browser.go("/admin").await;
    // The form has the focus already.
    assert!(browser.is_focused("#email").await);
    browser.type_in(CHIEF).await;
    browser.press(Key::Tab).await;
    assert!(browser.is_focused("#password").await);
    browser.type_in(PASSWORD).await;
    browser.press(Key::Tab).await;
    browser.type_in(SLUG).await;
    browser.press(Key::Enter).await;

    browser.until("one is in", "nav a[href='/admin/users']").await;
    tab_to(&browser, "nav a[href='/admin/users']").await;
    browser.press(Key::Enter).await;
    browser.until("users are shown", "#query").await;
    browser.press(Key::Tab).await;
    assert!(browser.is_focused("a.skip").await, "the way past the head of the page comes first");
    assert!(browser.is_seen("a.skip").await, "and is seen then");
    browser.press(Key::Enter).await;
    assert!(browser.is_focused("main").await, "{}", browser.place().await);
    browser.press(Key::Tab).await;
    assert!(browser.is_focused("#query").await, "past the head of the page, search comes first");
    browser.type_in(ADA).await;
    browser.press(Key::Enter).await;
    browser.until("one user is left", "#found tbody tr:only-child").await;
    tab_to(&browser, "#found tbody a").await;
    browser.press(Key::Enter).await;
    browser.until("her page is shown", "#where").await;
    tab_to(&browser, "button[aria-label='Sign out session 3']").await;
    assert!(browser.has_outline().await, "the focus is not seen");
    browser.press(Key::Enter).await;
    browser.until("it is told", ".notice").await;
    assert!(!world.is_good(&world.sessions[2]).await);

    // And out, by the button in the head.
    tab_to(&browser, "form.who button").await;
    browser.press(Key::Enter).await;
    browser.until("one is out", "#email").await;
    assert_eq!(browser.place().await, "/admin/sign-in?why=out");
}

#[tokio::test]
async fn what_can_be_clicked_is_reached_in_the_order_in_which_it_is_read() {
    let world = World::new().await;
    let mut browser = Browser::open(world.server().base(), Scripts::On).await;
    browser.sign_in(Area::Account, ADA, PASSWORD).await;
    let all = "a[href], button, input:not([type=hidden]), select, textarea, [tabindex='0']";
    let script = "return [...document.querySelectorAll(arguments[0])].indexOf(document.activeElement)";
    let expected = browser.count(all).await;
    let mut reached = Vec::new();
    for _ in 0..expected {
        browser.press(Key::Tab).await;
        let index: i64 = browser.evaluate(script, vec![all.into()]).await;
        reached.push(index);
    }
    assert_eq!(reached, (0..i64::try_from(expected).expect("few")).collect::<Vec<_>>());
    assert_eq!(browser.count("[tabindex]:not([tabindex='0']):not([tabindex='-1'])").await, 0);
}
