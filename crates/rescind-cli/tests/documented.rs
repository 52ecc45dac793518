//! The server does what its OpenAPI document says, whatever it is asked: schemathesis makes the questions out of the document.
#![allow(clippy::unwrap_used, reason = "a test")]

use rescind_testkit::process::{Credentials, Options, Server};
use tokio::process::Command;

const PASSWORD: &str = "a heap of brown leaves";

/// No 5xx, no status, header, type or body that the document does not tell of.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

/// It never ends.
const ENDLESS: &str = "feed_events";

/// The same questions in each run, so that a failure can be looked at again.
const SEED: &str = "20261122";

#[tokio::test]
async fn nobody_is_answered_in_another_way_than_documented() {
    let server = Server::start(Options::new(env!("CARGO_BIN_EXE_rescind"))).await;
    ask(&server, &[], &[]).await;
}

#[tokio::test]
async fn an_operators_client_is_not_either() {
    let server = Server::start(Options::new(env!("CARGO_BIN_EXE_rescind"))).await;
    furnish(&server).await;
    let client = server.client("asks", &["admin"]).await;
    let auth = format!("{}:{}", client.id, client.secret);
    // It would delete itself, and be nobody from then on.
    ask(&server, &["--auth", &auth], &["delete_client", "rotate_client_secret"]).await;
}

#[tokio::test]
async fn an_operators_token_is_not_either() {
    let server = Server::start(Options::new(env!("CARGO_BIN_EXE_rescind"))).await;
    furnish(&server).await;
    let bearer = format!("Authorization: Bearer {}", server.admin_token().await);
    // What would kill the token that asks.
    let deadly = ["revoke_key", "revoke_tenant", "revoke_user", "update_user", "delete_user", "end_session"];
    ask(&server, &["--header", &bearer], &deadly).await;
}

#[tokio::test]
async fn a_user_is_not_either() {
    let server = Server::start(Options::new(env!("CARGO_BIN_EXE_rescind"))).await;
    let email = furnish(&server).await;
    let pair = server.api().login(&email, PASSWORD).await.expect(200);
    let bearer = format!("Authorization: Bearer {}", pair.text("access_token"));
    // What ends the own session, or gives it another token.
    ask(&server, &["--header", &bearer], &["revoke_all", "revoke_others", "logout", "end_own_session"]).await;
}

/// So that lists have something in them. The e-mail address of a user with sessions.
async fn furnish(server: &Server) -> String {
    let admin = server.admin_token().await;
    let admin = Credentials::Bearer(&admin);
    let tenant = server.api().tenant_id(admin, "default").await;
    let email = "ada@example.com";
    server.api().create_user(admin, email, PASSWORD, "member", Some(&tenant)).await.expect(201);
    for _ in 0..3 {
        server.api().login(email, PASSWORD).await.expect(200);
    }
    email.to_owned()
}

async fn ask(server: &Server, credentials: &[&str], except: &[&str]) {
    let mut command = Command::new(python());
    command
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("{}/openapi.json", server.base()))
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "20"])
        .args(["--seed", SEED, "--request-timeout", "30", "--continue-on-failure", "--no-color"])
        .args(["--suppress-health-check", "all", "--warnings", "off"])
        .args(["--exclude-operation-id", ENDLESS])
        .args(except.iter().flat_map(|id| ["--exclude-operation-id", id]))
        .args(credentials)
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .current_dir(server.data_dir())
        .kill_on_drop(true);
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains("Tested: 0"), "{said}");
}

/// Where `cargo xtask test` has put an interpreter.
fn python() -> String {
    std::env::var("RESCIND_TEST_PYTHON").unwrap_or_else(|_| {
        panic!(
            "RESCIND_TEST_PYTHON is not set: run `cargo xtask test`, or eval \"$(cargo xtask tools)\" first"
        )
    })
}
