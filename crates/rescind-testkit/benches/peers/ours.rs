//! The authority on PostgreSQL, and a service that follows it.

use std::process::Command;

use rescind_testkit::load::{Body, Call, Calls, Load, sessions};
use rescind_testkit::postgres::Postgres;
use rescind_testkit::process::{Client, Credentials, Options, Server};
use rescind_testkit::program::Program;

use crate::path;

/// 32 bytes.
const MASTER_KEY: &str = "YmVuY2htYXJrLWJlc2lkZS1wZWVycy1hbmQtbm8tbW8=";

/// What is ours.
pub(crate) struct Ours {
    pub(crate) server: Server,
    pub(crate) service: Program,
    /// Of an API client that may open sessions and introspect.
    pub(crate) client: Client,
    /// Live access tokens, each of another session.
    pub(crate) tokens: Vec<String>,
}

impl Ours {
    /// Starts them, and opens so many sessions.
    pub(crate) async fn start(postgres: &Postgres, count: usize) -> Self {
        let options = Options::new(path("RESCIND_BENCH_SERVER"))
            .env("RESCIND_DATABASE_URL", postgres.create_database().await)
            .env("RESCIND_MASTER_KEY", MASTER_KEY)
            // Longer than all of this takes.
            .env("RESCIND_ACCESS_TTL", "2h");
        let server = Server::start(options).await;
        let client = server.client("bench", &["sessions:write", "introspect"]).await;
        let service = service(&server).await;
        let pairs = sessions(&server, &client, count).await;
        let tokens = pairs.iter().map(|pair| pair.text("access_token").to_owned()).collect();
        Self { server, service, client, tokens }
    }

    /// The authority's route that does nothing.
    pub(crate) fn health(&self, connections: usize) -> Load {
        Load::new(self.server.address(), Calls::workers([Call::get("/healthz")], connections))
    }

    /// A question about each token.
    pub(crate) fn introspections(&self) -> Vec<Call> {
        let calls = self.tokens.iter().map(|token| {
            let call = Call::post("/oauth2/introspect", Body::Form(format!("token={token}").into()));
            call.by(self.client.basic()).says("\"active\":true")
        });
        calls.collect()
    }

    pub(crate) async fn end(mut self) {
        drop(self.service);
        let stopped = self.server.terminate().await;
        assert!(stopped.success(), "after the load the server drains and ends well: {stopped}");
    }
}

/// The service, following this server.
async fn service(server: &Server) -> Program {
    let client = server.client("service", &["feed"]).await;
    let jwks = server.api().get("/.well-known/jwks.json", Credentials::Nobody).await.expect(200).body;
    Program::start("service", "/open", |address| {
        let mut command = Command::new(path("RESCIND_BENCH_SERVICE"));
        command.env("AUTHORITY", server.base()).env("LISTEN", address).env("JWKS", jwks);
        command.env("CLIENT_ID", client.id).env("CLIENT_SECRET", client.secret);
        command
    })
    .await
}
