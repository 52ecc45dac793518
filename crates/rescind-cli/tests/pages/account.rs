//! A user and the devices that are signed in.

use super::browser::{Area, Browser, Scripts};
use super::world::{ADA, CHIEF, PASSWORD, World};

/// The card of the device that shows the page.
const HERE: &str = ".devices li:has(.tag.here)";

async fn at_the_desk(world: &World, scripts: Scripts) -> Browser {
    let mut browser = Browser::open(world.server().base(), scripts).await;
    browser.sign_in(Area::Account, ADA, PASSWORD).await;
    browser
}

/// The card of a device with that name.
async fn card(browser: &Browser, name: &str) -> String {
    let names = browser.texts(".devices h2").await;
    let index = names.iter().position(|found| found.starts_with(name));
    let index = index.unwrap_or_else(|| panic!("no {name} among {names:?}"));
    format!(".devices li:nth-child({})", index + 1)
}

#[tokio::test]
async fn a_user_keeps_order_among_devices() {
    let world = World::plain(&[]).await;
    let mut browser = at_the_desk(&world, Scripts::Off).await;
    // Four of a backend's that are active, and this one.
    assert_eq!(browser.count(".devices li").await, 5);
    assert_eq!(browser.count(HERE).await, 1, "one of them is this one");
    assert!(browser.text(HERE).await.contains("Chrome on Linux"), "{}", browser.text(HERE).await);
    assert!(!browser.text("main").await.contains("Old phone"), "that one has ended");

    browser.fill(&format!("{HERE} input[name=device_name]"), "Desk at home").await;
    browser.click(&format!("{HERE} form[action$=rename] button")).await;
    assert!(browser.text(".notice").await.contains("The device was renamed."));
    assert!(browser.text(&format!("{HERE} h2")).await.starts_with("Desk at home"));

    let tablet = card(&browser, "Tablet").await;
    browser.click(&format!("{tablet} form[action$=sign-out] button")).await;
    assert!(browser.text(".notice").await.contains("The session was signed out."));
    assert!(!world.is_good(&world.sessions[3]).await);
    assert!(world.is_good(&world.sessions[0]).await);

    browser.click("form[action$=sign-out-others] button").await;
    assert!(browser.text(".notice").await.contains("All other sessions were signed out."));
    assert_eq!(browser.count(".devices li").await, 1);
    for other in &world.sessions {
        assert!(!world.is_good(other).await);
        assert_eq!(world.api().refresh(&other.refresh).await.status, 401);
    }
    // This one goes on, with what it was given.
    browser.go("/account/events").await;
    let events = browser.text(".events").await;
    for event in ["Signed in from", "A device was signed out", "All other devices were signed out"] {
        assert!(events.contains(event), "{event}: {events}");
    }
}

#[tokio::test]
async fn signing_out_this_device_or_all_leads_to_the_form() {
    let world = World::plain(&[]).await;
    let mut browser = at_the_desk(&world, Scripts::On).await;
    browser.click(&format!("{HERE} form[action$=sign-out] button")).await;
    assert_eq!(browser.place().await, "/account/sign-in?why=out");
    assert!(browser.text("main").await.contains("You have signed out."));
    assert!(world.is_good(&world.sessions[0]).await);
    browser.go("/account").await;
    assert_eq!(browser.place().await, "/account/sign-in", "the cookies are gone");

    browser.fill_in_sign_in(ADA, PASSWORD).await;
    browser.click("form[action$=sign-out-everywhere] button").await;
    assert_eq!(browser.place().await, "/account/sign-in?why=out");
    assert!(!world.is_good(&world.sessions[0]).await);
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_the_old_one() {
    let world = World::plain(&[]).await;
    let mut browser = at_the_desk(&world, Scripts::On).await;
    let new = "another 5 geese";
    for (current, again, told) in [
        ("wrong 1 password", new, "The current password is wrong."),
        (PASSWORD, "another 6 geese", "The new password was typed in two ways."),
    ] {
        browser.go("/account/password").await;
        for (field, text) in [("#current", current), ("#new", new), ("#again", again)] {
            browser.fill(field, text).await;
        }
        browser.click("main form button").await;
        assert_eq!(browser.text(".trouble").await, told);
        assert!(world.is_good(&world.sessions[0]).await);
    }
    browser.go("/account/password").await;
    for (field, text) in [("#current", PASSWORD), ("#new", new), ("#again", new)] {
        browser.fill(field, text).await;
    }
    browser.click("main form button").await;
    assert!(browser.text(".notice").await.contains("The password was changed"));
    assert_eq!(browser.count(".devices li").await, 1);
    assert!(!world.is_good(&world.sessions[0]).await);
    // The old one opens nothing any more.
    browser.click("form.who button").await;
    browser.fill_in_sign_in(ADA, PASSWORD).await;
    assert!(browser.text(".trouble").await.contains("The e-mail address or the password is wrong."));
    browser.fill_in_sign_in(ADA, new).await;
    assert_eq!(browser.place().await, "/account");
}

#[tokio::test]
async fn a_script_that_finds_the_session_ended_leads_to_the_form() {
    let world = World::new().await;
    let mut chief = Browser::open(world.server().base(), Scripts::On).await;
    chief.sign_in(Area::Admin, CHIEF, PASSWORD).await;
    chief.go("/admin/users").await;
    let body = serde_json::json!({"reason": "practice"});
    let path = format!("/api/v1/admin/tenants/{}/revoke-all", world.tenant);
    world.api().post(&path, world.desk().caller(), body).await.expect(200);
    chief.fill("#query", ADA).await;
    chief.until("the form is shown", "#email").await;
    assert!(chief.place().await.starts_with("/admin/sign-in?next="), "{}", chief.place().await);
    assert!(chief.text("main").await.contains("Your session was ended."));
}

#[tokio::test]
async fn who_was_signed_out_elsewhere_is_told_at_the_next_click() {
    let world = World::plain(&[]).await;
    let mut ada = at_the_desk(&world, Scripts::On).await;
    let number = {
        let label = ada.attributes(&format!("{HERE} form[action$=sign-out] button"), "aria-label").await;
        let digits = label[0].chars().filter(char::is_ascii_digit);
        digits.collect::<String>()
    };
    let mut chief = Browser::open(world.server().base(), Scripts::Off).await;
    chief.sign_in(Area::Admin, CHIEF, PASSWORD).await;
    chief.go(&world.ada_path()).await;
    chief.click(&format!("button[aria-label='Sign out session {number}']")).await;
    assert!(chief.text(".notice").await.contains("The session was signed out."));

    ada.click("nav a[href='/account/events']").await;
    assert_eq!(ada.place().await, "/account/sign-in?next=%2Faccount%2Fevents&why=ended");
    assert!(ada.text("main").await.contains("Your session was ended. Sign in again to go on."));
    ada.fill_in_sign_in(ADA, PASSWORD).await;
    assert_eq!(ada.place().await, "/account/events", "and goes on where it was");
}
