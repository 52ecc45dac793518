//! Requests a second.

use std::future::Future;
use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use rescind::clock::Clock;
use rescind::entropy::uuid_v7;
use rescind::system::{SystemClock, SystemEntropy};
use rescind_testkit::load::{Connection, Plan, Work, rates};
use rescind_testkit::process::{Client, Credentials, Reply, Server};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Measured;

/// What the HTTP stack alone allows.
pub(crate) async fn open(server: &Server, connections: usize, plan: Plan, measured: &mut Measured) {
    let open = (0..connections).map(|_| Box::new(Open) as Box<dyn Work>).collect();
    measured.insert(format!("http/open/{connections}"), rates(address(server), open, plan).await);
}

/// What an authority is for: under `id/refresh/…` and `id/revoke/…`.
pub(crate) async fn authority(
    server: &Server,
    id: &str,
    connections: usize,
    plan: Plan,
    measured: &mut Measured,
) {
    let client = server.client("bench", &["sessions:write", "revocations:write"]).await;

    let mut refresh: Vec<Box<dyn Work>> = Vec::new();
    for pair in sessions(server, &client, connections).await {
        refresh.push(Box::new(Refresh { token: pair.text("refresh_token").to_owned() }));
    }
    measured.insert(format!("{id}/refresh/{connections}"), rates(address(server), refresh, plan).await);

    let authorization = basic(&client);
    let revoke = (0..connections)
        .map(|_| Box::new(Revoke { authorization: authorization.clone() }) as Box<dyn Work>)
        .collect();
    measured.insert(format!("{id}/revoke/{connections}"), rates(address(server), revoke, plan).await);
}

fn address(server: &Server) -> &str {
    server.base().trim_start_matches("http://")
}

/// The route that does nothing: what the HTTP stack alone allows.
struct Open;

impl Work for Open {
    fn once<'a>(
        &'a mut self,
        connection: &'a mut Connection,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async {
            let (status, _) = connection.send(Method::GET, "/healthz", None, String::new()).await;
            assert_eq!(status, 200);
        })
    }
}

/// A session of its own, refreshed again and again: each answer's token is the next request's.
struct Refresh {
    token: String,
}

impl Work for Refresh {
    fn once<'a>(
        &'a mut self,
        connection: &'a mut Connection,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async {
            let body = json!({"refresh_token": self.token}).to_string();
            let (status, body) = connection.send(Method::POST, "/api/v1/auth/refresh", None, body).await;
            let pair: Value = serde_json::from_slice(&body).unwrap_or_default();
            assert_eq!(status, 200, "{pair}");
            pair["refresh_token"].as_str().expect("a token pair").clone_into(&mut self.token);
        })
    }
}

/// Cuts of tokens, each another one.
struct Revoke {
    authorization: String,
}

impl Work for Revoke {
    fn once<'a>(
        &'a mut self,
        connection: &'a mut Connection,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async {
            let path = format!("/api/v1/auth/sessions/revoke/{}", fresh_jti());
            let (status, body) =
                connection.send(Method::POST, &path, Some(&self.authorization), "{}".to_owned()).await;
            assert_eq!(status, 200, "{body:?}");
        })
    }
}

/// Freshly opened sessions, each of a user of its own.
pub(crate) async fn sessions(server: &Server, client: &Client, count: usize) -> Vec<Reply> {
    let api = server.api();
    let tenant = api.tenant_id(Credentials::Bearer(&server.admin_token().await), "default").await;
    let mut pairs = Vec::with_capacity(count);
    for _ in 0..count {
        let user = fresh_jti();
        let body = json!({
            "user_id": user, "tenant_id": tenant, "email": format!("{user}@example.com"), "role": "member",
        });
        pairs.push(api.post("/api/v1/sessions", Credentials::Basic(client), body).await.expect(201));
    }
    pairs
}

fn fresh_jti() -> Uuid {
    uuid_v7(SystemClock.now(), &SystemEntropy)
}

fn basic(client: &Client) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", client.id, client.secret)))
}
