//! The secret of an API client is shown once.

use rescind_testkit::process::{Client, Credentials, Reply};

use super::browser::{Area, Browser, Scripts};
use super::tab::{Tab, set_cookies};
use super::world::World;

/// The secret on a page.
fn secret_on(page: &Reply) -> Option<&str> {
    let (_, rest) = page.body.split_once(r#"<code id="secret">"#)?;
    rest.split('<').next()
}

/// The id of a client in the address of the page that shows its secret.
fn client_in(place: &str) -> &str {
    place.split('/').nth(3).expect("the address names it")
}

#[tokio::test]
async fn loading_the_page_of_a_secret_again_neither_shows_it_nor_makes_another() {
    let world = World::plain(&[]).await;
    let (email, password) = world.operator();
    let mut tab = Tab::signed_in(world.api(), Area::Admin, &email, &password).await;
    let rotation = format!("/admin/clients/{}/secret", world.client);
    let acts: [(&str, &[(&str, &str)]); 2] = [
        ("/admin/clients", &[("name", "reports"), ("scope introspect", "on")]),
        (&rotation, &[("overlap_hours", "1")]),
    ];
    for (path, fields) in acts {
        let sent = tab.post(path, &[fields, &[("password", &password)]].concat()).await.expect(303);
        let place = sent.header("location").to_owned();
        let made = world.newest_entry().await;
        // Another client's page has none of it, and takes none of it away.
        let other = tab.get(&format!("/admin/clients/{}/new-secret", world.desk().operator.id)).await;
        assert_eq!(secret_on(&other.expect(200)), None);

        let shown = tab.get(&place).await.expect(200);
        let secret = secret_on(&shown).unwrap_or_else(|| panic!("no secret: {shown:?}")).to_owned();
        assert!(!place.contains(&secret), "{place}");
        let client = Client { id: client_in(&place).to_owned(), secret: secret.clone() };
        let asked = world.api().form("/oauth2/introspect", Credentials::Basic(&client), &[("token", "x")]);
        asked.await.expect(200);

        let gone = set_cookies(&shown);
        assert!(
            gone.iter().any(|line| line.starts_with("__Secure-rescind-admin-secret=; Max-Age=0;")),
            "{gone:?}"
        );
        let again = tab.get(&place).await.expect(200);
        assert_eq!(secret_on(&again), None, "{again:?}");
        assert!(!again.body.contains(&secret), "{again:?}");
        assert_eq!(world.newest_entry().await, made, "another was made");
    }
}

#[tokio::test]
async fn a_person_reads_the_secret_and_loads_the_page_again() {
    let world = World::plain(&[]).await;
    let (email, password) = world.operator();
    let mut browser = Browser::open(world.server().base(), Scripts::Off).await;
    browser.sign_in(Area::Admin, &email, &password).await;
    browser.go(&format!("/admin/clients/{}/secret", world.client)).await;
    browser.fill("#password", &password).await;
    browser.click("main form button").await;
    assert_eq!(browser.count("#secret").await, 1, "{}", browser.text("main").await);
    assert!(browser.text(".notice").await.contains("The API client has another secret."));
    let made = world.newest_entry().await;
    browser.go(&browser.place().await).await;
    assert_eq!(browser.count("#secret").await, 0);
    assert!(browser.text("main").await.contains("A secret is shown once"), "{}", browser.text("main").await);
    assert_eq!(world.newest_entry().await, made, "another was made");
}
