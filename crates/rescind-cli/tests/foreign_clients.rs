//! Client libraries that know nothing of Rescind work against it unchanged.

use std::path::Path;

use rescind_testkit::process::{Credentials, Options, Server};
use tokio::process::Command;

const PASSWORD: &str = "a user of a foreign client 5d1f";

/// PyJWT, with nothing but the JWKS, the issuer and the audience, verifies our access tokens and refuses changed ones.
#[tokio::test]
async fn pyjwt_verifies_access_tokens_through_the_jwks() {
    let server = Server::start(Options::new(env!("CARGO_BIN_EXE_rescind"))).await;
    let (access, refresh) = sign_in(&server).await;
    let printed = run(Command::new(told("RESCIND_TEST_PYTHON"))
        .arg(script("python/verify_with_pyjwt.py"))
        .env("RESCIND_ISSUER_URL", server.base())
        .env("RESCIND_AUDIENCE_WANTED", server.base())
        .env("RESCIND_ACCESS_TOKEN", &access)
        .env("RESCIND_REFRESH_TOKEN", &refresh))
    .await;

    let me = server.api().me(&access).await.expect(200);
    assert!(printed.contains(me.text("jti")), "PyJWT and the server read the same token: {printed}");
}

/// oauth4webapi discovers the endpoints and refreshes, introspects and revokes through them.
#[tokio::test]
async fn oauth4webapi_discovers_refreshes_introspects_and_revokes() {
    let server = Server::start(Options::new(env!("CARGO_BIN_EXE_rescind"))).await;
    let (_, refresh) = sign_in(&server).await;
    let client = server.client("introspector", &["introspect"]).await;
    run(Command::new(told("RESCIND_TEST_NODE"))
        .arg(script("node/oauth.mjs"))
        .env("RESCIND_ISSUER_URL", server.base())
        .env("RESCIND_REFRESH_TOKEN", &refresh)
        .env("RESCIND_CLIENT_ID", &client.id)
        .env("RESCIND_CLIENT_SECRET", &client.secret))
    .await;

    server.api().refresh(&refresh).await.refuses(401, "session_revoked");
}

/// The access and the refresh token of an ordinary user who signed in with a password.
async fn sign_in(server: &Server) -> (String, String) {
    let admin = server.admin_token().await;
    let tenant = server.api().tenant_id(Credentials::Bearer(&admin), "default").await;
    let email = "foreign@example.com";
    let made =
        server.api().create_user(Credentials::Bearer(&admin), email, PASSWORD, "member", Some(&tenant)).await;
    assert!((200..300).contains(&made.status), "{made:?}");
    let pair = server.api().login(email, PASSWORD).await.expect(200);
    (pair.text("access_token").to_owned(), pair.text("refresh_token").to_owned())
}

/// Runs a script to its end and returns what it printed.
async fn run(command: &mut Command) -> String {
    let command = command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1").kill_on_drop(true);
    let output = command.output().await.expect("the interpreter starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the foreign client disagrees: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn script(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/foreign").join(path)
}

/// Where `cargo xtask test` has put an interpreter. Not set is a failure: a skipped test would look like a passed one.
fn told(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run `cargo xtask test`, or eval \"$(cargo xtask tools)\" first")
    })
}
