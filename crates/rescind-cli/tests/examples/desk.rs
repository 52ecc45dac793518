//! What a service's users hold, and how it is taken from them.

use aws_lc_rs::digest::{SHA256, digest};
use rescind_testkit::process::{Client, Credentials};
use serde_json::{Value, json};

use super::support::{Desk, Pair, header, jti, new_user};

/// What the services take tokens for.
pub(crate) const AUDIENCE: &str = "https://api.example";

/// The client by which a service follows the feed.
pub(crate) async fn feed_client(desk: &Desk) -> Client {
    desk.api.create_client(desk.caller(), "service", &["feed"], None).await
}

/// A session for the services, opened by `backend` for a user of a tenant; `differences` are laid over the request.
pub(crate) async fn open(desk: &Desk, backend: &Client, differences: Value) -> Pair {
    let mut body = json!({
        "user_id": new_user(),
        "tenant_id": desk.tenant,
        "role": "member",
        "audience": AUDIENCE,
    });
    for (name, value) in differences.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body["email"] = format!("{}@example.com", body["user_id"].as_str().expect("an id")).into();
    Pair::from(&desk.api.post("/api/v1/sessions", Credentials::Basic(backend), body).await.expect(201))
}

/// A session for the services, as the operator opens it.
pub(crate) async fn session(desk: &Desk) -> Pair {
    open(desk, &desk.operator, json!({})).await
}

/// Everything by which a token can be taken back, each with a token that it hits.
pub(crate) async fn cuts(desk: &Desk) -> Vec<(Pair, Cut)> {
    let (user, tenant) = (new_user(), desk.new_tenant().await);
    let backend = desk.api.create_client(desk.caller(), "to go", &["sessions:write"], None).await;
    let token = session(desk).await;
    let by_digest = session(desk).await;
    let ended = session(desk).await;
    vec![
        (token.clone(), Cut::Entry(json!({"jti": jti(&token.access)}))),
        (by_digest.clone(), Cut::Entry(json!({"digest": signing_input_digest(&by_digest.access)}))),
        (ended.clone(), Cut::Entry(json!({"session_id": ended.session}))),
        (
            open(desk, &desk.operator, json!({"user_id": user})).await,
            Cut::Order(format!("/api/v1/admin/users/{user}/revoke-all")),
        ),
        (
            open(desk, &desk.operator, json!({"tenant_id": tenant})).await,
            Cut::Order(format!("/api/v1/admin/tenants/{tenant}/revoke-all")),
        ),
        (open(desk, &backend, json!({})).await, Cut::Client(backend.id)),
        // The last, since everybody else's tokens are signed with it too.
        (session(desk).await, Cut::Order(format!("/api/v1/admin/keys/{}/revoke", kid(&token.access)))),
    ]
}

/// A revocation, not yet made.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    /// By `POST /api/v1/admin/revocations`.
    Entry(Value),
    /// By a call without a body.
    Order(String),
    /// An API client is deleted.
    Client(String),
}

impl Cut {
    pub(crate) async fn make(&self, desk: &Desk) {
        match self {
            Self::Entry(body) => {
                desk.api.post("/api/v1/admin/revocations", desk.caller(), body.clone()).await.expect(201);
            }
            Self::Order(path) => {
                desk.order(path).await.expect(200);
            }
            Self::Client(id) => {
                desk.api.delete(&format!("/api/v1/admin/clients/{id}"), desk.caller()).await.expect(204);
            }
        }
    }
}

/// Ends a session.
pub(crate) async fn end(desk: &Desk, pair: &Pair) {
    Cut::Entry(json!({"session_id": pair.session})).make(desk).await;
}

fn kid(token: &str) -> String {
    header(token)["kid"].as_str().expect("a kid").to_owned()
}

fn signing_input_digest(token: &str) -> String {
    let (input, _) = token.rsplit_once('.').expect("a compact JWS");
    digest(&SHA256, input.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
