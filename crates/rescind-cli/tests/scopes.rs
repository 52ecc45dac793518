//! No scope and no role reaches more than it was given: every one of them is tried on every call.

mod common_calls;

use std::collections::BTreeSet;

use common_calls::facts::{Facts, make, unknown_id};
use common_calls::table::{Access, CALLS, Call};
use common_calls::world::{self, PASSWORD, Tenant, sign_in, user};
use rescind_testkit::process::{Api, Client, Credentials, Server};
use serde_json::{Value, json};

const SCOPES: [&str; 10] = [
    "sessions:write",
    "sessions:read",
    "revocations:write",
    "revocations:read",
    "introspect",
    "feed",
    "keys:write",
    "users:write",
    "metrics",
    "admin",
];

/// The table of the tests is the table of routes: whoever adds a route adds it there, and says who may call it.
#[tokio::test]
async fn the_table_of_calls_is_the_route_table() {
    let server = world::server().await;
    let document = server.api().get("/openapi.json", Credentials::Nobody).await.expect(200);
    let served: BTreeSet<String> = document.json["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, item)| {
            let methods = ["get", "put", "post", "delete", "patch"];
            methods
                .into_iter()
                // Those of the pages take no credentials of the API: they are tried in `pages`.
                .filter(|method| item.get(method).is_some_and(|call| call["tags"][0] != "Pages"))
                .map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let tried: BTreeSet<String> = CALLS.iter().map(|call| format!("{} {}", call.method, call.path)).collect();
    assert_eq!(served, tried);
    assert_eq!(tried.len(), CALLS.len(), "a call stands twice in the table");
}

#[derive(Debug)]
enum Kind {
    Nobody,
    /// A user, by a token for the default audience; signed in anew for each call, since some of them end it.
    Plain,
    /// An admin, by a token for administration.
    Console {
        operator: bool,
    },
    Client {
        scope: &'static str,
        bound: bool,
    },
}

struct Who {
    name: String,
    kind: Kind,
    email: String,
    tenant: String,
    token: String,
    client: Option<Client>,
}

impl Who {
    async fn call(&self, api: &Api, call: &Call, facts: &Facts) -> rescind_testkit::process::Reply {
        let token = match self.kind {
            Kind::Plain => sign_in(api, &self.email, Some(&self.tenant), false).await.access,
            _ => self.token.clone(),
        };
        let caller = match (&self.client, token.as_str()) {
            (Some(client), _) => Credentials::Basic(client),
            (None, "") => Credentials::Nobody,
            (None, token) => Credentials::Bearer(token),
        };
        make(api, call, facts, caller).await
    }
}

/// The statuses that one who makes a call is answered, by the contract.
fn expected(call: &Call, who: &Kind) -> Vec<u16> {
    let done = call.done.to_vec();
    let has = |scope: &str, asked: &str| scope == asked || scope == "admin";
    let only = |allowed: bool| if allowed { done.clone() } else { vec![403] };
    match (call.access, who) {
        (Access::Anybody, _) => done,
        (Access::Holder(by_clients), Kind::Client { .. }) => by_clients.to_vec(),
        (Access::Holder(_), _) => done,
        (_, Kind::Nobody) => vec![401],
        (Access::User | Access::Forward, Kind::Plain) => done,
        (Access::User | Access::Forward, Kind::Console { .. }) | (Access::Forward, Kind::Client { .. }) => {
            vec![401]
        }
        (Access::User, Kind::Client { .. }) => vec![403],
        (Access::Introspect, Kind::Plain) => vec![401, 403],
        (_, Kind::Plain) => vec![403],
        (Access::Backend(_), Kind::Console { .. }) => vec![403],
        (Access::Scope(_) | Access::Introspect, Kind::Console { .. }) => done,
        (Access::Unbound(_), Kind::Console { operator }) => only(*operator),
        (Access::Backend(asked) | Access::Scope(asked), Kind::Client { scope, .. }) => {
            only(has(scope, asked))
        }
        (Access::Introspect, Kind::Client { scope, .. }) => only(has(scope, "introspect")),
        (Access::Unbound(asked), Kind::Client { scope, bound }) => only(!bound && has(scope, asked)),
    }
}

/// Each scope, bound and unbound, each role with each audience, and nobody, on each call.
#[tokio::test]
async fn every_scope_and_role_reaches_what_it_was_given_and_nothing_else() {
    let server = world::server().await;
    let (api, operator) = (server.api(), server.admin_token().await);
    let acme = Tenant::make(api, &operator, "acme").await;
    let callers = callers(&server, &operator, &acme).await;
    let mut facts = acme.facts();
    let revocable = Credentials::Bearer(&acme.console);
    api.post("/api/v1/auth/sessions/revoke/known-jti", revocable, json!({})).await.expect(200);
    facts.set("jti", "known-jti");
    facts.set("user_id", user(api, &operator, "target@acme.example", "member", &acme.id).await);

    let mut wrong = Vec::new();
    for call in CALLS {
        for who in &callers {
            renew(api, &operator, &acme, call, &mut facts).await;
            let reply = who.call(api, call, &facts).await;
            let expected = expected(call, &who.kind);
            if !expected.contains(&reply.status) {
                wrong.push(format!("{}: expected {expected:?}, {reply:?}", who.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} disagree:\n{}", wrong.len(), wrong.join("\n"));
}

/// What one call uses up, the next must find again.
async fn renew(api: &Api, operator: &str, acme: &Tenant, call: &Call, facts: &mut Facts) {
    let caller = Credentials::Bearer(operator);
    if call.is("DELETE", "/api/v1/admin/users/{user_id}") {
        let email = format!("{}@acme.example", common_calls::facts::fresh());
        let body = json!({"email": email, "role": "member", "tenant_id": acme.id});
        let made = api.post("/api/v1/admin/users", caller, body).await.expect(201);
        facts.set("user_id", made.text("user_id"));
    } else if call.path.starts_with("/api/v1/admin/clients/{client_id}") {
        let made = api.create_client(caller, "used up", &["introspect"], Some(&acme.id)).await;
        facts.set("client_id", made.id);
    } else if call.body_has("<refresh>") {
        facts.set("refresh", sign_in(api, &acme.member_email, Some(&acme.id), false).await.refresh);
    } else if call.path == "/api/v1/admin/users/{user_id}/revocations" {
        // After the users that were deleted, one that is there.
        facts.set("user_id", &acme.member_id);
    }
}

async fn callers(server: &Server, operator: &str, acme: &Tenant) -> Vec<Who> {
    let api = server.api();
    let system = api.tenant_id(Credentials::Bearer(operator), "system").await;
    let plain =
        [("member", "member", &acme.id), ("tenant admin", "admin", &acme.id), ("operator", "admin", &system)];
    let nobody = Who {
        name: "nobody".to_owned(),
        kind: Kind::Nobody,
        email: String::new(),
        tenant: String::new(),
        token: String::new(),
        client: None,
    };
    let mut callers = vec![nobody];
    for (number, (name, role, tenant)) in plain.into_iter().enumerate() {
        let email = format!("plain-{number}@caller.example");
        user(api, operator, &email, role, tenant).await;
        let name = format!("{name} with a token for the default audience");
        callers.push(Who {
            name,
            kind: Kind::Plain,
            email,
            tenant: tenant.clone(),
            token: String::new(),
            client: None,
        });
    }
    for (name, token, operator) in
        [("tenant admin", acme.console.clone(), false), ("operator", operator.to_owned(), true)]
    {
        let kind = Kind::Console { operator };
        callers.push(Who {
            name: name.to_owned(),
            kind,
            email: String::new(),
            tenant: String::new(),
            token,
            client: None,
        });
    }
    for scope in SCOPES {
        for bound in [true, false] {
            let name = format!("client with {scope}, bound: {bound}");
            let tenant = bound.then_some(acme.id.as_str());
            let client = api.create_client(Credentials::Bearer(operator), &name, &[scope], tenant).await;
            let kind = Kind::Client { scope, bound };
            let (email, token) = (String::new(), String::new());
            callers.push(Who { name, kind, email, tenant: String::new(), token, client: Some(client) });
        }
    }
    callers
}

/// Whoever may open sessions or change users, bound or not, can make nobody an admin, and harm no admin.
#[tokio::test]
async fn no_client_makes_itself_or_anybody_an_admin() {
    let server = world::server().await;
    let (api, operator) = (server.api(), server.admin_token().await);
    let acme = Tenant::make(api, &operator, "acme").await;
    let by = Credentials::Bearer(&operator);
    let system = api.tenant_id(by, "system").await;
    let root = world::items(api, by, &format!("/api/v1/admin/users?tenant_id={system}")).await[0].clone();
    let root = root["user_id"].as_str().expect("user_id").to_owned();
    let before = (world::seen(api, &operator, &acme.id).await, world::seen(api, &operator, &system).await);

    for bound in [Some(acme.id.as_str()), None] {
        let scopes: Vec<&str> =
            SCOPES.into_iter().filter(|scope| !["admin", "revocations:write"].contains(scope)).collect();
        let client = api.create_client(by, "not an admin", &scopes, bound).await;
        let caller = Credentials::Basic(&client);
        let handover = |user: &str, tenant: &str, role: &str| json!({"user_id": user, "tenant_id": tenant, "email": "x@acme.example", "role": role});
        let admin = format!("/api/v1/admin/users/{}", acme.admin_id);
        let member = format!("/api/v1/admin/users/{}", acme.member_id);
        let operators = format!("/api/v1/admin/users/{root}");
        let new =
            |role: &str, tenant: &str| json!({"email": "y@acme.example", "role": role, "tenant_id": tenant});
        let client_of = |tenant: Value| json!({"name": "mine", "scopes": ["admin"], "tenant_id": tenant});
        let attempts: Vec<(&str, &str, Option<Value>, &[u16])> = vec![
            ("POST", "/api/v1/sessions", Some(handover(&unknown_id(), &acme.id, "admin")), &[403]),
            ("POST", "/api/v1/sessions", Some(handover(&acme.member_id, &acme.id, "admin")), &[403]),
            ("POST", "/api/v1/sessions", Some(handover(&acme.admin_id, &acme.id, "admin")), &[403]),
            // To open a session for an admin, or to take the role away from one.
            ("POST", "/api/v1/sessions", Some(handover(&acme.admin_id, &acme.id, "member")), &[403]),
            ("POST", "/api/v1/sessions", Some(handover(&unknown_id(), &system, "member")), &[403, 404]),
            ("POST", "/api/v1/sessions", Some(handover(&root, &system, "admin")), &[403, 404]),
            ("POST", "/api/v1/admin/users", Some(new("admin", &acme.id)), &[403]),
            ("POST", "/api/v1/admin/users", Some(new("member", &system)), &[404]),
            ("POST", "/api/v1/admin/users", Some(new("admin", &system)), &[404, 403]),
            ("PATCH", &member, Some(json!({"role": "admin"})), &[403]),
            ("PATCH", &admin, Some(json!({"role": "member"})), &[403]),
            ("PATCH", &admin, Some(json!({"password": "a stolen account 1"})), &[403]),
            ("PATCH", &admin, Some(json!({"email": "mine@acme.example"})), &[403]),
            ("PATCH", &admin, Some(json!({"disabled": true})), &[403]),
            ("DELETE", &admin, None, &[403]),
            ("PATCH", &operators, Some(json!({"password": "a stolen account 1"})), &[404]),
            ("DELETE", &operators, None, &[404]),
            ("POST", "/api/v1/admin/clients", Some(client_of(acme.id.clone().into())), &[403]),
            ("POST", "/api/v1/admin/clients", Some(client_of(Value::Null)), &[403]),
        ];
        for (method, path, body, statuses) in attempts {
            let method = method.parse().expect("a method");
            let reply = api.send(method, path, caller, body.clone()).await;
            assert!(statuses.contains(&reply.status), "bound: {bound:?}, {body:?}: {reply:?}");
        }
        api.delete(&format!("/api/v1/admin/clients/{}", client.id), by).await.expect(204);
    }

    let after = (world::seen(api, &operator, &acme.id).await, world::seen(api, &operator, &system).await);
    assert_eq!(before.0["users"], after.0["users"]);
    assert_eq!(before.1["users"], after.1["users"]);
    assert_eq!(before.0["of_users"], after.0["of_users"]);
}

/// Users and clients of `system` are changed by operators only; a client that is bound to `system` is none.
#[tokio::test]
async fn a_client_bound_to_system_is_no_operator() {
    let server = world::server().await;
    let (api, operator) = (server.api(), server.admin_token().await);
    let by = Credentials::Bearer(&operator);
    let system = api.tenant_id(by, "system").await;
    let client = api.create_client(by, "inside", &["users:write", "admin"], Some(&system)).await;
    let caller = Credentials::Basic(&client);
    let users = format!("/api/v1/admin/users?tenant_id={system}");
    let root = world::items(api, by, &users).await[0]["user_id"].as_str().expect("user_id").to_owned();

    let new = json!({"email": "me@example.com", "password": PASSWORD, "role": "admin"});
    api.post("/api/v1/admin/users", caller, new).await.expect(403);
    let stolen = json!({"password": "a stolen account 1"});
    api.patch(&format!("/api/v1/admin/users/{root}"), caller, stolen).await.expect(403);
    let more = json!({"name": "another", "scopes": ["admin"]});
    api.post("/api/v1/admin/clients", caller, more).await.expect(403);
    assert_eq!(world::items(api, by, &users).await.len(), 1);
}

/// A tenant's admin, as a person or as a client, hands out nothing beyond its tenant.
#[tokio::test]
async fn a_tenants_admin_hands_out_nothing_beyond_its_tenant() {
    let server = world::server().await;
    let (api, operator) = (server.api(), server.admin_token().await);
    let acme = Tenant::make(api, &operator, "acme").await;
    let narrow = ["admin"];
    let narrow = api.create_client(Credentials::Bearer(&operator), "narrow", &narrow, Some(&acme.id)).await;
    for caller in
        [Credentials::Bearer(&acme.console), Credentials::Basic(&acme.client), Credentials::Basic(&narrow)]
    {
        // Whoever names no tenant makes a client that is bound all the same.
        let made = json!({"name": "own", "scopes": ["sessions:read"]});
        let made = api.post("/api/v1/admin/clients", caller, made).await.expect(201);
        assert_eq!(made.text("tenant_id"), acme.id);
        for scope in ["keys:write", "metrics"] {
            let asked = json!({"name": "greedy", "scopes": ["sessions:read", scope]});
            api.post("/api/v1/admin/clients", caller, asked).await.expect(403);
        }
    }
}

/// Each audience is good for its own calls and for no others; only admins get the one for administration.
#[tokio::test]
async fn audiences_do_not_stand_in_for_each_other() {
    let server = world::server().await;
    let (api, operator) = (server.api(), server.admin_token().await);
    let acme = Tenant::make(api, &operator, "acme").await;

    let plain = sign_in(api, &acme.admin_email, Some(&acme.id), false).await.access;
    api.get("/api/v1/admin/users", Credentials::Bearer(&plain)).await.refuses(403, "forbidden");
    api.me(&acme.console).await.refuses(401, "invalid_token");
    let forward = "/api/v1/auth/forward";
    api.get(forward, Credentials::Bearer(&acme.console)).await.refuses(401, "invalid_token");
    let asked = format!("{forward}?audience={}/admin", api.base());
    api.get(&asked, Credentials::Bearer(&acme.console)).await.refuses(401, "invalid_token");
    let unmet = format!("{forward}?role=admin");
    api.get(&unmet, Credentials::Bearer(&acme.member.access)).await.refuses(403, "forbidden");
    api.get(&unmet, Credentials::Bearer(&plain)).await.expect(200);

    let body = json!({
        "email": acme.member_email, "password": PASSWORD, "tenant": acme.id,
        "audience": format!("{}/admin", api.base()),
    });
    api.post("/api/v1/auth/login", Credentials::Nobody, body).await.expect(403);
}
