//! What cannot be undone is done for who knows the password and has typed the name, and else not at all.

use rescind_testkit::process::Credentials;

use super::browser::{Area, Browser, Scripts};
use super::tab::Tab;
use super::world::{PASSWORD, SLUG, World};

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

/// Where a form is sent, what is typed into it, and what the form shows again.
type Act<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

/// Whoever mistypes a password need not begin anew: the form is there again, with what was typed into it, and leads to what is wrong.
#[tokio::test]
async fn a_form_that_was_refused_is_shown_again_as_it_was_filled_in() {
    let world = World::plain(&[]).await;
    let (email, password) = world.operator();
    let mut tab = Tab::signed_in(world.api(), Area::Admin, &email, &password).await;
    let wrong = "a wrong password 9";
    let role = format!("{}/role", world.ada_path());
    let secret = format!("/admin/clients/{}/secret", world.client);
    let name = world.client_name.as_str();
    let kid = world.key("active").await;
    let [cut, disable, suspend, revoke] = all(&world).await.map(|grave| grave.path);
    let new: [(&str, &str); 4] = [
        ("name", "my own"),
        ("tenant_id", &world.tenant),
        ("scope feed", "on"),
        ("refresh_requires_secret", "on"),
    ];
    let acts: [Act<'_>; 7] = [
        (&cut, &[("typed", SLUG), ("reason", "why not")], &[r#"value="acme""#, r#"value="why not""#]),
        (&suspend, &[("typed", SLUG)], &[r#"value="acme""#]),
        (&disable, &[("typed", name)], &[r#"value="billing""#]),
        (&revoke, &[("typed", &kid), ("reason", "why not")], &[r#"value="why not""#]),
        (&role, &[("role", "admin")], &[r#"value="admin""#]),
        (&secret, &[("overlap_hours", "7")], &[r#"value="7""#]),
        (
            "/admin/clients",
            &new,
            &[
                r#"value="my own""#,
                r#"name="scope feed" checked"#,
                r#"name="refresh_requires_secret" checked"#,
            ],
        ),
    ];
    for (path, fields, kept) in acts {
        let told = tab.post(path, &[fields, &[("password", wrong)]].concat()).await.expect(403);
        assert!(told.body.contains(&format!(r#"action="{path}""#)), "{path}: {told:?}");
        assert!(
            told.body.contains(r#"id="trouble" role="alert">The password is wrong."#),
            "{path}: {told:?}"
        );
        let marked =
            r#"autocomplete="current-password" aria-invalid="true" aria-describedby="trouble" autofocus"#;
        assert_eq!(told.body.matches(marked).count(), 1, "{path}: {told:?}");
        assert_eq!(told.body.matches("autofocus").count(), 1, "{path}: {told:?}");
        for text in kept {
            assert!(told.body.contains(text), "{path}, {text}: {told:?}");
        }
        assert!(!told.body.contains(wrong), "{path}: {told:?}");
    }
    // A wrong name leads to the name, and what is wrong with the client to that.
    let typed = [("typed", "acme ltd"), ("password", &password)];
    let told = tab.post(&cut, &typed).await.expect(422);
    assert!(told.body.contains(r#"value="acme ltd" aria-invalid="true""#), "{told:?}");
    for (fields, marked) in [
        (
            [("name", "my own"), ("tenant_id", "nonsense"), ("scope feed", "on")],
            r#"value="nonsense" aria-invalid"#,
        ),
        ([("name", "my own"), ("tenant_id", ""), ("scope ", "")], r#"<fieldset aria-describedby="trouble""#),
    ] {
        let fields = [&fields[..], &[("password", &password)]].concat();
        let told = tab.post("/admin/clients", &fields).await.expect(422);
        assert!(told.body.contains(marked) && told.body.contains(r#"value="my own""#), "{marked}: {told:?}");
    }
}

/// Or nobody could let anybody in again.
#[tokio::test]
async fn the_last_operator_is_told_to_make_another_first() {
    let world = World::plain(&[]).await;
    let (email, password) = world.operator();
    let mut tab = Tab::signed_in(world.api(), Area::Admin, &email, &password).await;
    let system = world.api().tenant_id(world.desk().caller(), "system").await;
    let listed = tab.get(&format!("/admin/users?tenant_id={system}")).await.expect(200);
    let (_, rest) = listed.body.split_once(r#"<a href="/admin/users/"#).expect("the operator is there");
    let own = format!("/admin/users/{}", rest.split('"').next().unwrap_or_default());
    let before = world.newest_entry().await;
    for (act, fields) in [
        ("disable", vec![("reason", "tired")]),
        ("role", vec![("role", "member"), ("password", password.as_str())]),
    ] {
        let told = tab.post(&format!("{own}/{act}"), &fields).await.expect(409);
        assert!(told.body.contains("make another operator first"), "{told:?}");
        assert!(told.body.contains(&format!(r#"action="{own}/{act}""#)), "{told:?}");
    }
    assert_eq!(world.newest_entry().await, before);
    tab.get("/admin").await.expect(200);

    let desk = world.desk();
    let made = desk.api.create_user(desk.caller(), "second@example.com", PASSWORD, "admin", Some(&system));
    made.await.expect(201);
    tab.post(&format!("{own}/disable"), &[]).await.expect(303);
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

    // The form is there still, and leads to what is wrong.
    assert!(browser.is_focused("#password[aria-describedby=trouble]").await);
    assert_eq!(browser.attributes("#typed", "value").await, [SLUG]);
    browser.type_in(&password).await;
    browser.fill("#reason", "a practice").await;
    browser.click("section[aria-labelledby=cut] button").await;
    assert!(browser.text(".notice").await.contains("Every session of the tenant was ended."));
    assert!(!world.is_good(&world.sessions[0]).await);
    browser.click(".notice a").await;
    assert!(browser.text("tbody").await.contains("tenant_revoked"), "{}", browser.text("main").await);
    assert!(browser.text("tbody").await.contains("a practice"));
}
