//! A server with a tenant, and how a refusal is looked at.

use reqwest::{Method, RequestBuilder};
use rescind_testkit::process::{Api, Credentials, Server};
use serde_json::Value;

use crate::common_calls::world::{self, PASSWORD, Tenant};

pub const JSON: &str = "application/json";

/// A server with one tenant, and what requests are made of.
pub struct Bench {
    pub server: Server,
    pub operator: String,
    pub acme: Tenant,
}

impl Bench {
    pub async fn new() -> Self {
        Self::with(world::server().await).await
    }

    pub async fn with(server: Server) -> Self {
        let operator = server.admin_token().await;
        let acme = Tenant::make(server.api(), &operator, "acme").await;
        Self { server, operator, acme }
    }

    pub fn api(&self) -> &Api {
        self.server.api()
    }

    /// A call with the operator's token, and a body of any kind.
    pub fn admin(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: impl Into<reqwest::Body>,
    ) -> RequestBuilder {
        let request = self.api().request(method, path, Credentials::Bearer(&self.operator));
        let request = if kind.is_empty() { request } else { request.header("content-type", kind) };
        request.body(body)
    }

    pub fn login(&self, kind: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let request = self.api().request(Method::POST, "/api/v1/auth/login", Credentials::Nobody);
        let request = if kind.is_empty() { request } else { request.header("content-type", kind) };
        request.body(body)
    }

    pub fn form(&self, path: &str, body: &str) -> RequestBuilder {
        let request = self.api().request(Method::POST, path, Credentials::Nobody);
        request.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned())
    }

    pub fn me(&self, authorization: &str) -> RequestBuilder {
        let request = self.api().request(Method::GET, "/api/v1/auth/me", Credentials::Nobody);
        request.header("authorization", authorization)
    }

    /// Sends each, and compares status and code; then that nothing changed and nothing secret was logged.
    pub async fn refuses(&self, cases: Vec<(&str, RequestBuilder, u16, &str)>) {
        let before = self.seen().await;
        let logged = self.server.output().len();
        let mut wrong = Vec::new();
        for (what, request, status, code) in cases {
            let reply = self.api().finish(request).await;
            if (reply.status, reply.code()) != (status, code) {
                wrong.push(format!("{what}: expected {status} {code}, {reply:?}"));
            }
            if reply.header("x-request-id").is_empty() {
                wrong.push(format!("{what}: no X-Request-Id"));
            }
            let problem = reply.header("content-type") == "application/problem+json"
                && reply.json["status"] == status
                && reply.json["type"].is_string()
                && reply.json["title"].is_string()
                && reply.json["request_id"] == reply.header("x-request-id");
            let oauth = reply.call.contains("/oauth2/") && reply.header("content-type") == "application/json";
            if !problem && !oauth {
                wrong.push(format!("{what}: no problem document: {reply:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(self.seen().await, before);
        self.logged_no_secret(logged);
    }

    /// All that is of the tenant, but when its clients called last: a right secret is noted, whatever it was sent with.
    async fn seen(&self) -> Value {
        let mut seen = self.acme.seen_by(self.api(), &self.operator).await;
        for client in seen["clients"].as_array_mut().into_iter().flatten() {
            client["last_used_at"].take();
        }
        seen
    }

    fn logged_no_secret(&self, since: usize) {
        let lines = self.server.output().lines();
        let secrets =
            [PASSWORD, &self.acme.member.access, &self.acme.member.refresh, &self.acme.client.secret];
        for line in lines.iter().skip(since) {
            assert!(!secrets.iter().any(|secret| line.contains(secret)), "a secret is logged: {line}");
            assert!(!line.contains("panicked"), "{line}");
        }
    }
}
