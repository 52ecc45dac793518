//! A tenant with an admin, an API client, users, sessions and revocations; and all of it as the operator sees it.

use rescind_testkit::process::{Api, Client, Credentials, Options, Server};
use serde_json::{Value, json};

use super::facts::{Facts, unknown_id};
use super::store;

/// The password of every user that the tests make.
pub(crate) const PASSWORD: &str = "one for all fixtures 7d1f";

/// Every scope that a client bound to a tenant may have.
pub(crate) const TENANT_SCOPES: [&str; 8] = [
    "sessions:write",
    "sessions:read",
    "revocations:write",
    "revocations:read",
    "introspect",
    "feed",
    "users:write",
    "admin",
];

/// A server with open registration.
pub(crate) async fn server() -> Server {
    options().await.start().await
}

/// How that server is started.
pub(crate) async fn options() -> Options {
    store::options().await.env("RESCIND_REGISTRATION", "open")
}

/// A signed-in user.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) session: String,
}

/// A tenant with everything in it.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) admin_id: String,
    pub(crate) admin_email: String,
    /// An access token of its admin for administration.
    pub(crate) console: String,
    /// A client bound to it, with every scope that such a client may have.
    pub(crate) client: Client,
    pub(crate) member_id: String,
    pub(crate) member_email: String,
    pub(crate) member: SignedIn,
    /// The `jti` of the member's access token.
    pub(crate) jti: String,
    /// The `jti` of a token that was revoked.
    pub(crate) revoked_jti: String,
    /// A refresh token whose session is over.
    pub(crate) dead_refresh: String,
}

impl Tenant {
    /// Makes a tenant and fills it.
    pub(crate) async fn make(api: &Api, operator: &str, slug: &str) -> Self {
        let caller = Credentials::Bearer(operator);
        let made = api.post("/api/v1/admin/tenants", caller, json!({"slug": slug})).await.expect(201);
        Self::fill(api, operator, made.text("tenant_id").to_owned(), slug).await
    }

    async fn fill(api: &Api, operator: &str, id: String, slug: &str) -> Self {
        let caller = Credentials::Bearer(operator);
        let admin_email = format!("admin@{slug}.example");
        let member_email = format!("member@{slug}.example");
        let admin_id = user(api, operator, &admin_email, "admin", &id).await;
        let member_id = user(api, operator, &member_email, "member", &id).await;
        let console = sign_in(api, &admin_email, Some(&id), true).await.access;
        let client = api.create_client(caller, slug, &TENANT_SCOPES, Some(&id)).await;

        let dead = sign_in(api, &member_email, Some(&id), false).await;
        let revoked_jti = api.me(&dead.access).await.expect(200).text("jti").to_owned();
        let own = Credentials::Bearer(&console);
        api.post(&format!("/api/v1/auth/sessions/revoke/{revoked_jti}"), own, json!({})).await.expect(200);
        api.logout(&dead.refresh).await.expect(204);
        let member = sign_in(api, &member_email, Some(&id), false).await;
        let jti = api.me(&member.access).await.expect(200).text("jti").to_owned();
        let dead_refresh = dead.refresh;
        Self {
            id,
            admin_id,
            admin_email,
            console,
            client,
            member_id,
            member_email,
            member,
            jti,
            revoked_jti,
            dead_refresh,
        }
    }

    /// What the calls of the table can be filled with.
    pub(crate) fn facts(&self) -> Facts {
        Facts::default()
            .with("tenant_id", &self.id)
            .with("user_id", &self.member_id)
            .with("handed_user_id", unknown_id())
            .with("session_id", &self.member.session)
            .with("client_id", &self.client.id)
            .with("jti", &self.jti)
            .with("kid", "nothing-has-this-kid")
            .with("email", &self.member_email)
            .with("password", PASSWORD)
            .with("access", &self.member.access)
            .with("refresh", &self.member.refresh)
            .with("dead_refresh", &self.dead_refresh)
    }

    /// All that is of the tenant, as the operator sees it.
    pub(crate) async fn seen_by(&self, api: &Api, operator: &str) -> Value {
        seen(api, operator, &self.id).await
    }
}

/// All that is of a tenant, as the operator sees it: itself, users, their sessions and revocations, its clients.
pub(crate) async fn seen(api: &Api, operator: &str, tenant: &str) -> Value {
    let caller = Credentials::Bearer(operator);
    let list = async |path: String| items(api, caller, &path).await;
    let users = list(format!("/api/v1/admin/users?tenant_id={tenant}&limit=500")).await;
    let mut of_users = Vec::new();
    for user in &users {
        let id = user["user_id"].as_str().expect("user_id");
        let within = format!("tenant_id={tenant}&limit=500");
        of_users.push(json!({
            "sessions": list(format!("/api/v1/admin/users/{id}/sessions?{within}")).await,
            "revocations": list(format!("/api/v1/admin/users/{id}/revocations?{within}")).await,
        }));
    }
    let of_tenant = |all: Vec<Value>| -> Vec<Value> {
        all.into_iter().filter(|item| item["tenant_id"] == tenant).collect()
    };
    json!({
        "tenant": of_tenant(list("/api/v1/admin/tenants?limit=500".to_owned()).await),
        "users": users,
        "of_users": of_users,
        "clients": of_tenant(list("/api/v1/admin/clients?limit=500".to_owned()).await),
        "revocations": of_tenant(list("/api/v1/admin/revocations?limit=500".to_owned()).await),
    })
}

/// The items of a list.
pub(crate) async fn items(api: &Api, caller: Credentials<'_>, path: &str) -> Vec<Value> {
    let reply = api.get(path, caller).await.expect(200);
    reply.json["items"].as_array().cloned().unwrap_or_else(|| panic!("no items in {reply:?}"))
}

/// Makes a user with the common password, and answers with its id.
pub(crate) async fn user(api: &Api, operator: &str, email: &str, role: &str, tenant: &str) -> String {
    let made = api.create_user(Credentials::Bearer(operator), email, PASSWORD, role, Some(tenant)).await;
    made.expect(201).text("user_id").to_owned()
}

/// Signs in with the common password, for administration or for the default audience.
pub(crate) async fn sign_in(api: &Api, email: &str, tenant: Option<&str>, console: bool) -> SignedIn {
    let mut body = json!({"email": email, "password": PASSWORD});
    if let Some(tenant) = tenant {
        body["tenant"] = tenant.into();
    }
    if console {
        body["audience"] = format!("{}/admin", api.base()).into();
    }
    let pair = api.post("/api/v1/auth/login", Credentials::Nobody, body).await.expect(200);
    SignedIn {
        access: pair.text("access_token").to_owned(),
        refresh: pair.text("refresh_token").to_owned(),
        session: pair.text("session_id").to_owned(),
    }
}
