//! "Please end session 3 of ada@acme.example": what a support person is asked for most.

use super::browser::{Area, Browser, Scripts};
use super::world::{ADA, CHIEF, PASSWORD, World};
use thirtyfour::Key;

#[tokio::test]
async fn a_support_person_ends_a_session_in_under_five_clicks() {
    for scripts in [Scripts::On, Scripts::Off] {
        let world = World::new().await;
        let third = &world.sessions[2];
        assert!(world.is_good(third).await);
        let mut browser = Browser::open(world.server().base(), scripts).await;

        browser.sign_in(Area::Admin, CHIEF, PASSWORD).await;
        browser.click("nav a[href='/admin/users']").await;
        browser.fill("#query", ADA).await;
        if scripts == Scripts::Off {
            browser.press(Key::Enter).await;
        }
        browser.until("the others are gone", "#found tbody tr:only-child").await;
        browser.click("#found tbody a").await;
        browser.click("button[aria-label='Sign out session 3']").await;
        assert!(browser.clicks() < 5, "{} clicks", browser.clicks());

        assert!(browser.text(".notice").await.contains("The session was signed out."));
        assert_eq!(browser.count("button[aria-label='Sign out session 3']").await, 0);
        let refused = world.api().me(&third.access).await;
        assert_eq!(refused.status, 401, "{refused:?}");
        world.api().refresh(&third.refresh).await.refuses(401, "session_revoked");
        // The others are as they were.
        assert!(world.is_good(&world.sessions[0]).await && world.is_good(&world.sessions[3]).await);

        browser.click(".notice a").await;
        assert_eq!(browser.count("tbody tr").await, 1, "{}", browser.text("main").await);
        let entry = browser.text("tbody tr").await;
        assert!(entry.contains("session_revoked") && entry.contains(&third.session), "{entry}");
    }
}
