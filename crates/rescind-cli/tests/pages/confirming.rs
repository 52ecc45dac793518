//! What cannot be undone is done for who knows the password and has typed the name, and else not at all.

use rescind_testkit::process::Credentials;

use super::browser::{Area, Browser, Scripts};
use super::tab::Tab;
use super::world::{SLUG, World};

/// Something that is asked for twice.
struct Grave {
    path: String,
    name: String,
}

async fn all(world: &World) -> [Grave; 4] {
    let kid = world.key("active").await;
    let tenant = format!("/admin/tenants/{}", world.tenant);
    [
        Grave { path: format!("{tenant}/revoke-all"), name: SLUG.to_owned() },
        Grave { path: format!("/admin/clients/{}/disable", world.client), name: world.client_name.clone() },
        Grave { path: format!("{tenant}/suspend"), name: SLUG.to_owned() },
        Grave { path: format!("/admin/keys/{kid}/revoke"), name: kid },
    ]
}

#[tokio::test]
async fn a_wrong_password_or_a_wrong_name_changes_nothing() {
    let world = World::new().await;
    let (email, password) = world.operator();
    let mut tab = Tab::signed_in(world.api(), Area::Admin, &email, &password).await;
    let before = world.newest_entry().await;
    for Grave { path, name } in all(&world).await {
        let (shouted, longer) = (name.to_uppercase(), format!("{name}x"));
        for (typed, password, status) in [
            (name.as_str(), "a wrong password 9", 403),
            (&name, "", 403),
            ("", password.as_str(), 422),
            (&longer, &password, 422),
            (if shouted == name { "another" } else { &shouted }, &password, 422),
            ("another", "a wrong password 9", 422),
        ] {
            let reply = tab.post(&path, &[("typed", typed), ("password", password)]).await;
            assert_eq!(reply.status, status, "{path}, `{typed}`: {reply:?}");
            assert!(reply.body.contains("Nothing was done"), "{reply:?}");
        }
    }
    assert_eq!(world.newest_entry().await, before);
    assert!(world.is_good(&world.sessions[0]).await);
    assert_eq!(world.key("active").await, all(&world).await[3].name);
}

/// Whoever finds an open browser must not leave with power of their own.
#[tokio::test]
async fn what_outlives_the_session_is_handed_out_for_the_password_alone() {
    let world = World::new().await;
    let (email, password) = world.operator();
    let mut tab = Tab::signed_in(world.api(), Area::Admin, &email, &password).await;
    let secret = format!("/admin/clients/{}/secret", world.client);
    let role = format!("{}/role", world.ada_path());
    let acts: [(&str, &[(&str, &str)]); 4] = [
        ("/admin/clients", &[("name", "mine"), ("scope admin", "on")]),
        (&secret, &[("overlap_hours", "1")]),
        (&role, &[("role", "admin")]),
        (&role, &[("role", "member")]),
    ];
    for (path, fields) in acts {
        let before = world.newest_entry().await;
        for wrong in ["", "a wrong password 9"] {
            let reply = tab.post(path, &[fields, &[("password", wrong)]].concat()).await;
            assert_eq!(reply.status, 403, "{path}: {reply:?}");
        }
        assert_eq!(world.newest_entry().await, before, "{path}");
        let reply = tab.post(path, &[fields, &[("password", password.as_str())]].concat()).await;
        assert!(matches!(reply.status, 200 | 201 | 303), "{path}: {reply:?}");
        assert_ne!(world.newest_entry().await, before, "{path}");
    }
}

#[tokio::test]
async fn with_both_it_is_done() {
    let world = World::new().await;
    let (email, password) = world.operator();
    for (index, Grave { path, name }) in all(&world).await.into_iter().enumerate() {
        let alive = world.another_session().await;
        assert!(world.is_good(&alive).await);
        let mut tab = Tab::signed_in(world.api(), Area::Admin, &email, &password).await;
        let reply =
            tab.post(&path, &[("typed", &name), ("password", &password), ("reason", "practice")]).await;
        assert_eq!(reply.status, 303, "{path}: {reply:?}");
        match index {
            0 => assert!(!world.is_good(&alive).await, "the tenant was not cut"),
            1 => {
                let clients = world
                    .api()
                    .get("/api/v1/admin/clients?limit=500", world.desk().caller())
                    .await
                    .expect(200);
                assert!(!clients.body.contains(&world.client), "{clients:?}");
            }
            2 => {
                assert!(!world.is_good(&alive).await, "the tenant was not suspended");
                tab.get("/admin").await.expect(200);
                let resumed = tab.post(&path.replace("suspend", "resume"), &[]).await;
                assert_eq!(resumed.status, 303, "{resumed:?}");
            }
            _ => {
                assert_ne!(world.key("active").await, name);
                let reply = world.api().get("/api/v1/auth/me", Credentials::Bearer(&alive.access)).await;
                assert_eq!(reply.status, 401, "the key was not cut: {reply:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_person_is_told_how_many_sessions_end_and_then_does_it() {
    let world = World::new().await;
    let (email, password) = world.operator();
    let mut browser = Browser::open(world.server().base(), Scripts::On).await;
    browser.sign_in(Area::Admin, &email, &password).await;
    let tenant = format!("/admin/tenants/{}", world.tenant);
    browser.go(&tenant).await;
    assert!(browser.text("section[aria-labelledby=cut] p").await.contains("ends 5 active sessions"));
    browser.fill("#typed", SLUG).await;
    browser.fill("#password", "a wrong password 9").await;
    browser.click("section[aria-labelledby=cut] button").await;
    assert!(browser.text("main").await.contains("The password is wrong. Nothing was done."));
    assert!(world.is_good(&world.sessions[0]).await);

    browser.go(&tenant).await;
    browser.fill("#typed", SLUG).await;
    browser.fill("#reason", "a practice").await;
    browser.fill("#password", &password).await;
    browser.click("section[aria-labelledby=cut] button").await;
    assert!(browser.text(".notice").await.contains("Every session of the tenant was ended."));
    assert!(!world.is_good(&world.sessions[0]).await);
    browser.click(".notice a").await;
    assert!(browser.text("tbody").await.contains("tenant_revoked"), "{}", browser.text("main").await);
    assert!(browser.text("tbody").await.contains("a practice"));
}
