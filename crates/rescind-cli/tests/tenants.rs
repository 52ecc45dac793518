//! What belongs to another tenant does not exist: every call is tried with another tenant's ids.

mod common_calls;

use common_calls::facts::{Facts, make, unknown_id};
use common_calls::table::{Access, CALLS, Call, Foreign};
use common_calls::world::{self, TENANT_SCOPES, Tenant, sign_in};
use rescind_testkit::process::{Api, Credentials, Reply};
use serde_json::{Value, json};

/// A's admin and A's client try every call with B's ids: nothing is found, nothing is shown, nothing happens.
#[tokio::test]
async fn another_tenants_ids_find_nothing_and_change_nothing() {
    let server = world::server().await;
    let (api, operator) = (server.api(), server.admin_token().await);
    let acme = Tenant::make(api, &operator, "acme").await;
    let other = Tenant::make(api, &operator, "other").await;
    let before = other.seen_by(api, &operator).await;

    let facts = other.facts();
    let mut wrong = Vec::new();
    for call in CALLS {
        let mut facts = facts.clone();
        if call.method == "GET" {
            // What another tenant has revoked is not to be read; what it has not, may be revoked by anybody.
            facts.set("jti", &other.revoked_jti);
        } else if call.path == "/oauth2/revoke" {
            facts.set("dead_refresh", &other.member.refresh);
        }
        for (who, caller) in callers(call, &acme) {
            let reply = make(api, call, &facts, caller).await;
            wrong
                .extend(fault(call, &reply, &shown_by(&other)).map(|why| format!("{who}: {why}: {reply:?}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_unharmed(api, &operator, &other, &before).await;
}

/// Who tries a call in a foreign tenant: only those who could make it at home.
fn callers<'a>(call: &Call, at_home: &'a Tenant) -> Vec<(&'static str, Credentials<'a>)> {
    let console = ("an admin", Credentials::Bearer(at_home.console.as_str()));
    let client = ("a client", Credentials::Basic(&at_home.client));
    match call.access {
        // These end the caller's own sessions.
        Access::User if call.path.ends_with("revoke-all") || call.path.ends_with("/password") => Vec::new(),
        Access::User if call.path.ends_with("revoke-others") => Vec::new(),
        Access::User | Access::Forward => {
            vec![("a user", Credentials::Bearer(at_home.member.access.as_str()))]
        }
        Access::Backend(_) => vec![client],
        Access::Holder(_) | Access::Introspect => vec![client],
        Access::Scope(_) | Access::Unbound(_) => vec![console, client],
        Access::Anybody => Vec::new(),
    }
}

/// What only one who sees the tenant can know.
fn shown_by(tenant: &Tenant) -> Vec<String> {
    [&tenant.id, &tenant.admin_id, &tenant.member_id, &tenant.member.session, &tenant.client.id]
        .into_iter()
        .chain([&tenant.admin_email, &tenant.member_email])
        .cloned()
        .collect()
}

fn fault(call: &Call, reply: &Reply, foreign: &[String]) -> Option<String> {
    let expected: &[u16] = match call.foreign {
        Foreign::Missing => &[404],
        Foreign::Operators => &[403],
        Foreign::NotNamed => &[200],
        Foreign::Alike(statuses) => statuses,
        Foreign::Public => return None,
    };
    if !expected.contains(&reply.status) {
        return Some(format!("expected {expected:?}"));
    }
    // A jti that a caller names is repeated to it; nothing else of another tenant's is told.
    let shown = foreign.iter().find(|text| reply.body.contains(text.as_str()));
    shown.map(|text| format!("shows {text}"))
}

/// All is as before, and the tokens are good: the access token passes, the refresh token goes on.
async fn assert_unharmed(api: &Api, operator: &str, tenant: &Tenant, before: &Value) {
    assert_eq!(&tenant.seen_by(api, operator).await, before);
    api.me(&tenant.member.access).await.expect(200);
    api.get("/api/v1/admin/users", Credentials::Bearer(&tenant.console)).await.expect(200);
    api.get("/api/v1/admin/users", Credentials::Basic(&tenant.client)).await.expect(200);
    api.refresh(&tenant.member.refresh).await.expect(200);
}

/// The other ways in which a call can name another tenant's things: in bodies, in queries, by a token's text.
#[tokio::test]
async fn no_body_and_no_query_reaches_another_tenant() {
    let server = world::server().await;
    let (api, operator) = (server.api(), server.admin_token().await);
    let acme = Tenant::make(api, &operator, "acme").await;
    let other = Tenant::make(api, &operator, "other").await;
    let before = other.seen_by(api, &operator).await;
    let foreign = shown_by(&other);
    let (id, user, session) = (&other.id, &other.member_id, &other.member.session);
    let revocations = "/api/v1/admin/revocations";

    for caller in [Credentials::Bearer(&acme.console), Credentials::Basic(&acme.client)] {
        let missing = [
            json!({"session_id": session}),
            json!({"token": other.member.access}),
            json!({"token": other.member.refresh}),
            json!({"jti": other.jti, "tenant_id": id}),
            json!({"jti": unknown_id(), "tenant_id": id}),
            json!({"session_id": session, "tenant_id": id}),
            json!({"session_id": session, "tenant_id": acme.id}),
        ];
        for body in missing {
            api.post(revocations, caller, body).await.refuses(404, "not_found");
        }
        // The digest of a token that is another tenant's holds for the caller's own.
        let digest = digest(&other.member.access);
        let cut = api.post(revocations, caller, json!({"digest": digest})).await;
        assert!([200, 201].contains(&cut.status), "{cut:?}");
        assert_eq!(cut.text("tenant_id"), acme.id);

        let within = [
            format!("/api/v1/admin/users?tenant_id={id}"),
            format!("/api/v1/admin/users/{user}/sessions?tenant_id={id}"),
            format!("/api/v1/admin/users/{user}/revocations?tenant_id={id}"),
        ];
        for path in within {
            api.get(&path, caller).await.refuses(404, "not_found");
        }
        let changes = format!("/api/v1/admin/users/{user}?tenant_id={id}");
        api.patch(&changes, caller, json!({"disabled": true})).await.refuses(404, "not_found");
        api.delete(&changes, caller).await.refuses(404, "not_found");
        let cut = format!("/api/v1/admin/users/{user}/revoke-all?tenant_id={id}");
        api.post(&cut, caller, json!({})).await.refuses(404, "not_found");
        let cut = format!("/api/v1/admin/tenants/{id}/revoke-all");
        api.post(&cut, caller, json!({})).await.refuses(404, "not_found");

        let searches = [
            format!("/api/v1/admin/users?query={}", other.member_email),
            format!("/api/v1/admin/users?query={user}"),
            format!("{revocations}?user_id={user}"),
            format!("/api/v1/admin/audit?target={session}"),
            format!("/api/v1/admin/audit?actor={user}"),
        ];
        for path in searches {
            let found = api.get(&path, caller).await.expect(200);
            assert_eq!(found.json["items"], json!([]), "{found:?}");
            assert!(!foreign.iter().any(|text| found.body.contains(text.as_str())), "{found:?}");
        }
    }
    inactive_by_introspection(api, &acme, &other).await;
    unrevoked_by_its_text(api, &acme, &other).await;
    // A user_id is unique within its tenant: the same one here is another user.
    let same_id =
        json!({"user_id": user, "tenant_id": acme.id, "email": "same@acme.example", "role": "member"});
    api.post("/api/v1/sessions", Credentials::Basic(&acme.client), same_id).await.expect(201);
    let cut = format!("/api/v1/admin/users/{user}/revoke-all");
    api.post(&cut, Credentials::Bearer(&acme.console), json!({})).await.expect(200);
    assert_unharmed(api, &operator, &other, &before).await;
}

async fn inactive_by_introspection(api: &Api, acme: &Tenant, other: &Tenant) {
    for token in [&other.member.access, &other.member.refresh, &other.console] {
        let by = Credentials::Basic(&acme.client);
        let told = api.form("/oauth2/introspect", by, &[("token", token)]).await.expect(200);
        assert_eq!(told.json, json!({"active": false}));
    }
}

async fn unrevoked_by_its_text(api: &Api, acme: &Tenant, other: &Tenant) {
    for token in [&other.member.access, &other.member.refresh, &other.console] {
        let by = Credentials::Basic(&acme.client);
        api.form("/oauth2/revoke", by, &[("token", token)]).await.expect(200);
    }
    let by = Credentials::Basic(&acme.client);
    let refreshed = [("grant_type", "refresh_token"), ("refresh_token", other.member.refresh.as_str())];
    let refused = api.form("/oauth2/token", by, &refreshed).await;
    assert!([400, 401].contains(&refused.status), "{refused:?}");
}

/// A session that another tenant's client opened is that client's business.
#[tokio::test]
async fn a_handed_over_session_is_refreshed_by_its_own_client_only() {
    let server = world::server().await;
    let (api, operator) = (server.api(), server.admin_token().await);
    let acme = Tenant::make(api, &operator, "acme").await;
    let other = Tenant::make(api, &operator, "other").await;
    let opened =
        json!({"user_id": unknown_id(), "tenant_id": other.id, "email": "h@other.example", "role": "member"});
    let pair = api.post("/api/v1/sessions", Credentials::Basic(&other.client), opened).await.expect(201);
    let refresh = pair.text("refresh_token");

    let request =
        api.request(reqwest::Method::POST, "/api/v1/auth/refresh", Credentials::Basic(&acme.client));
    let refused = api.finish(request.json(&json!({"refresh_token": refresh}))).await;
    assert_eq!(refused.status, 401, "{refused:?}");
    api.me(pair.text("access_token")).await.expect(200);
    let request =
        api.request(reqwest::Method::POST, "/api/v1/auth/refresh", Credentials::Basic(&other.client));
    api.finish(request.json(&json!({"refresh_token": refresh}))).await.expect(200);
}

/// The tenant `system` is the operators' own: whoever is none finds nothing there, though no tenant binds it.
#[tokio::test]
async fn the_tenant_system_does_not_exist_for_a_client_that_is_no_operator() {
    let server = world::server().await;
    let (api, operator) = (server.api(), server.admin_token().await);
    let by = Credentials::Bearer(&operator);
    let system = api.tenant_id(by, "system").await;
    let inside = api.create_client(by, "inside", &["introspect"], Some(&system)).await;
    let root = world::items(api, by, &format!("/api/v1/admin/users?tenant_id={system}")).await[0].clone();
    let root_id = root["user_id"].as_str().expect("user_id").to_owned();
    world::user(api, &operator, "second@system.example", "admin", &system).await;
    let second = sign_in(api, "second@system.example", Some(&system), false).await;
    let jti = api.me(&second.access).await.expect(200).text("jti").to_owned();
    let scopes: Vec<&str> = TENANT_SCOPES
        .into_iter()
        .filter(|scope| *scope != "admin")
        .chain(["keys:write", "metrics"])
        .collect();
    let client = api.create_client(by, "unbound", &scopes, None).await;
    let facts = Facts::default()
        .with("tenant_id", &system)
        .with("user_id", &root_id)
        .with("handed_user_id", &root_id)
        .with("session_id", &second.session)
        .with("client_id", &inside.id)
        .with("jti", &jti)
        .with("kid", "nothing-has-this-kid")
        .with("access", &second.access)
        .with("dead_refresh", &second.refresh);
    let before = world::seen(api, &operator, &system).await;
    let foreign = [&system, &root_id, &second.session, &inside.id].map(String::clone);

    let mut wrong = Vec::new();
    for call in CALLS {
        // To be told of an operator's token changes nothing of the operators': introspection is for whoever no tenant binds.
        let tried =
            matches!(call.access, Access::Backend(_) | Access::Scope(_)) || call.path == "/oauth2/revoke";
        if !tried {
            continue;
        }
        let reply = make(api, call, &facts, Credentials::Basic(&client)).await;
        let expected: &[u16] = match (call.access, call.foreign) {
            (Access::Scope("admin"), _) => &[403],
            (Access::Backend(_), _) => &[403, 404],
            (_, Foreign::Missing) => &[404],
            (Access::Scope(_), Foreign::Alike(_)) => &[404],
            _ => &[200],
        };
        if !expected.contains(&reply.status) {
            wrong.push(format!("expected {expected:?}: {reply:?}"));
        } else if let Some(text) = foreign.iter().find(|text| reply.body.contains(text.as_str())) {
            wrong.push(format!("shows {text}: {reply:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(world::seen(api, &operator, &system).await, before);
    api.me(&second.access).await.expect(200);
    api.refresh(&second.refresh).await.expect(200);
}

/// SHA-256 of `header.payload`, in hexadecimal.
fn digest(token: &str) -> String {
    let (input, _) = token.rsplit_once('.').expect("a token has three parts");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, input.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
