//! What changes something is done for a form of ours that was loaded in the same browser, and for nothing else.

use reqwest::RequestBuilder;

use super::browser::Area;
use super::routes;
use super::tab::Tab;
use super::world::{ADA, CHIEF, PASSWORD, SLUG, World};

/// An act: its pattern, and a form that does it.
type Act = (&'static str, &'static [(&'static str, &'static str)]);

/// Those of a user. What ends the sessions of others, or changes the password, comes last.
const OF_ACCOUNT: [Act; 7] = [
    ("/account/sign-in", &[("email", ADA), ("password", PASSWORD), ("tenant", SLUG)]),
    ("/account/sessions/{session}/rename", &[("device_name", "Desk")]),
    ("/account/sessions/{session}/sign-out", &[]),
    ("/account/sign-out-others", &[]),
    ("/account/sign-out-everywhere", &[]),
    ("/account/sign-out", &[]),
    ("/account/password", &[("current", PASSWORD), ("new", "another 5 geese"), ("again", "another 5 geese")]),
];

/// Those of an operator.
const OF_ADMIN: [Act; 17] = [
    ("/admin/sign-in", &[("email", "{email}"), ("password", "{password}")]),
    ("/admin/revocations/preview", &[("text", "{session}")]),
    ("/admin/users/{tenant}/{user}/sessions/{session}/sign-out", &[("reason", "asked")]),
    ("/admin/users/{tenant}/{user}/role", &[("role", "teller")]),
    ("/admin/users/{tenant}/{user}/sign-out", &[]),
    ("/admin/users/{tenant}/{user}/disable", &[]),
    ("/admin/users/{tenant}/{user}/enable", &[]),
    ("/admin/revocations", &[("text", "some-jti-of-theirs")]),
    ("/admin/clients", &[("name", "reports"), ("scope introspect", "on"), ("password", "{password}")]),
    ("/admin/clients/{client}/secret", &[("password", "{password}")]),
    ("/admin/clients/{client}/disable", &[("typed", "{name}"), ("password", "{password}")]),
    ("/admin/tenants/{tenant}/revoke-all", &[("typed", SLUG), ("password", "{password}")]),
    ("/admin/tenants/{tenant}/suspend", &[("typed", SLUG), ("password", "{password}")]),
    ("/admin/tenants/{tenant}/resume", &[]),
    ("/admin/keys/rotate", &[]),
    ("/admin/keys/{kid}/revoke", &[("typed", "{kid}"), ("password", "{password}")]),
    ("/admin/sign-out", &[]),
];

/// An act with the names of this world in it.
struct Prepared {
    path: String,
    fields: Vec<(String, String)>,
}

impl Prepared {
    async fn new(world: &World, (pattern, fields): Act) -> Self {
        let (email, password) = world.operator();
        let session =
            if pattern.contains("{session}") || fields.iter().any(|(_, value)| *value == "{session}") {
                world.another_session().await.session
            } else {
                String::new()
            };
        let kid = world.key("active").await;
        let fill = |text: &str| {
            [
                ("{tenant}", world.tenant.as_str()),
                ("{user}", &world.ada),
                ("{session}", &session),
                ("{client}", &world.client),
                ("{name}", &world.client_name),
                ("{kid}", &kid),
                ("{email}", &email),
                ("{password}", &password),
            ]
            .iter()
            .fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
        };
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), fill(value))).collect();
        Self { path: fill(pattern), fields }
    }

    fn fields(&self) -> Vec<(&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

#[tokio::test]
async fn every_act_of_the_pages_is_in_the_table() {
    let mut known: Vec<_> =
        OF_ACCOUNT.iter().chain(&OF_ADMIN).map(|(pattern, _)| (*pattern).to_owned()).collect();
    known.sort();
    assert_eq!(known, routes::acts(), "a route without a row here is not held to anything");
}

#[tokio::test]
async fn no_act_of_a_user_is_done_for_another_site() {
    let world = World::new().await;
    hold(&world, Area::Account, &OF_ACCOUNT, (ADA, PASSWORD)).await;
}

#[tokio::test]
async fn no_act_of_an_administrator_is_done_for_another_site() {
    let world = World::new().await;
    let (email, password) = world.operator();
    hold(&world, Area::Admin, &OF_ADMIN, (&email, &password)).await;
}

/// Each act is refused where something is wrong with its form, and done where nothing is: so that what was refused would have been done.
async fn hold(world: &World, area: Area, acts: &[Act], (email, password): (&str, &str)) {
    for act in acts {
        let mut tab = Tab::signed_in(world.api(), area, email, password).await;
        let other = Tab::signed_in(world.api(), area, email, password).await;
        let prepared = Prepared::new(world, *act).await;
        let before = world.newest_entry().await;
        for (why, request) in attacks(world, &tab, &other, &prepared) {
            let reply = world.api().finish(request).await;
            assert_eq!(reply.status, 403, "{} {why}: {reply:?}", prepared.path);
            assert!(reply.body.contains("Nothing was done"), "{why}: {reply:?}");
            assert!(!reply.headers.contains_key("set-cookie"), "{why}: {reply:?}");
        }
        assert_eq!(world.newest_entry().await, before, "something was done at {}", prepared.path);
        tab.get(area.root()).await.expect(200);

        let done = tab.post(&prepared.path, &prepared.fields()).await;
        assert!(matches!(done.status, 200 | 201 | 303), "{}: {done:?}", prepared.path);
        let is_told = prepared.path.ends_with("/preview") || world.newest_entry().await != before;
        assert!(is_told, "{} leaves no trace, so the test above sees nothing: {done:?}", prepared.path);
    }
}

/// The act, with one thing wrong each time.
fn attacks(world: &World, tab: &Tab, other: &Tab, act: &Prepared) -> Vec<(&'static str, RequestBuilder)> {
    let (own, path, fields) = (world.api().base(), act.path.as_str(), act.fields());
    let with_token = |token: &str| {
        let tab = Tab { token: token.to_owned(), ..tab.clone() };
        tab.form(path, &fields).header("origin", own).header("sec-fetch-site", "same-origin")
    };
    let bare = tab.request(reqwest::Method::POST, path).form(&fields);
    vec![
        ("without a token", bare.header("origin", own).header("sec-fetch-site", "same-origin")),
        ("with an empty token", with_token("")),
        ("with the token of another browser", with_token(&other.token)),
        ("from another origin", tab.form(path, &fields).header("origin", "https://evil.example")),
        ("from no origin that can be told", tab.form(path, &fields).header("origin", "null")),
        ("from another site", tab.form(path, &fields).header("sec-fetch-site", "cross-site")),
        ("from a neighbour", tab.form(path, &fields).header("sec-fetch-site", "same-site")),
    ]
}

#[tokio::test]
async fn a_token_of_before_the_sign_in_is_good_no_more() {
    let world = World::new().await;
    let mut tab = Tab::new(world.api());
    tab.get("/admin/sign-in").await.expect(200);
    let planted = (tab.token.clone(), tab.cookies.clone());
    let (email, password) = world.operator();
    tab.post("/admin/sign-in", &[("email", &email), ("password", &password)]).await.expect(303);
    // Whoever had put a secret into the browser before, knows none of what it has now.
    assert_ne!(tab.cookies.get("__Host-rescind-admin-form"), planted.1.get("__Host-rescind-admin-form"));
    let old = Tab { token: planted.0, ..tab.clone() };
    world.api().finish(old.form("/admin/keys/rotate", &[])).await.expect(403);
}

#[tokio::test]
async fn the_token_of_the_one_area_is_none_in_the_other() {
    let world = World::new().await;
    let chief = Tab::signed_in(world.api(), Area::Admin, CHIEF, PASSWORD).await;
    let ada = Tab::signed_in(world.api(), Area::Account, ADA, PASSWORD).await;
    let mut both = ada.clone();
    both.cookies.extend(chief.cookies.clone());
    both.token = chief.token.clone();
    world.api().finish(both.form("/account/sign-out-others", &[])).await.expect(403);
    // Nor is who administers thereby signed in to the account, or the other way round.
    let mut tab = chief.clone();
    assert_eq!(tab.get("/account").await.expect(303).header("location"), "/account/sign-in");
    let mut tab = ada.clone();
    assert_eq!(tab.get("/admin").await.expect(303).header("location"), "/admin/sign-in");
}

#[tokio::test]
async fn what_is_no_form_is_refused() {
    let world = World::new().await;
    let tab = Tab::signed_in(world.api(), Area::Account, ADA, PASSWORD).await;
    for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x"] {
        let body = format!("form_token={}", tab.token);
        let request = tab.request(reqwest::Method::POST, "/account/sign-out-others");
        world.api().finish(request.header("content-type", kind).body(body)).await.expect(415);
    }
    assert!(world.is_good(&world.sessions[0]).await);
}
