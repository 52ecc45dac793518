//! The real process: one program that signs in, protects and takes back.

use std::path::Path;

use rescind_testkit::process::{Api, Credentials, Program};
use serde_json::json;
use tokio::process::Command;

/// 32 bytes.
const KEY: &str = "aHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMi4=";
const PASSWORD: &str = "correct horse battery staple";

async fn start(directory: &Path, listen: &str) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rescind-example-embedded"));
    command
        .current_dir(directory)
        .env("RESCIND_MASTER_KEY", KEY)
        .env("ADMIN_PASSWORD", PASSWORD)
        .env("LISTEN", listen);
    Program::start(command, "listening on ").await
}

async fn sign_in(api: &Api) -> (String, String) {
    let pair = api.login("admin@localhost", PASSWORD).await.expect(200);
    (pair.text("access_token").to_owned(), pair.text("refresh_token").to_owned())
}

#[tokio::test]
async fn one_process_signs_in_protects_and_takes_back_and_forgets_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let program = start(directory.path(), "127.0.0.1:0").await;
    let api = program.api();
    api.get("/notes", Credentials::Nobody).await.refuses(401, "authentication_required");
    let (access, refresh) = sign_in(api).await;
    let (other, _) = sign_in(api).await;
    api.get("/notes", Credentials::Bearer(&access)).await.expect(200);
    api.get("/notes", Credentials::Bearer(&refresh)).await.refuses(401, "invalid_token");

    let again = api.refresh(&refresh).await.expect(200);
    api.post("/leave", Credentials::Bearer(again.text("access_token")), json!({})).await.expect(204);
    api.get("/notes", Credentials::Bearer(&access)).await.refuses(401, "token_revoked");
    api.refresh(again.text("refresh_token")).await.refuses(401, "session_revoked");
    api.get("/notes", Credentials::Bearer(&other)).await.expect(200);

    // The same issuer, hence the same address.
    let address = api.base().trim_start_matches("http://").to_owned();
    program.kill().await;
    let mut program = start(directory.path(), &address).await;
    let api = program.api().clone();
    api.get("/notes", Credentials::Bearer(&access)).await.refuses(401, "token_revoked");
    api.get("/notes", Credentials::Bearer(&other)).await.expect(200);
    api.get("/readyz", Credentials::Nobody).await.expect(200);
    assert!(program.terminate().await.success());
}
