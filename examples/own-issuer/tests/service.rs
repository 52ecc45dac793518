//! The real process, and what its README says.

use std::path::Path;

use rescind_testkit::process::{Credentials, Program};
use serde_json::{Value, json};
use tokio::process::Command;

const SECRET: &str = "a secret of the platform's, of 32 bytes and more";

async fn start(directory: &Path) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rescind-example-own-issuer"));
    command
        .current_dir(directory)
        .env("JWT_SECRET", SECRET)
        .env("LISTEN", "127.0.0.1:0")
        .env("RESCIND_MASTER_KEY", KEY);
    Program::start(command, "listening on ").await
}

/// 32 bytes.
const KEY: &str = "aHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMi4=";

async fn log_in(program: &Program, name: &str, password: &str) -> String {
    let given = json!({"name": name, "password": password});
    let reply = program.api().post("/login", Credentials::Nobody, given).await.expect(200);
    reply.text("token").to_owned()
}

async fn me(program: &Program, token: &str) -> u16 {
    program.api().get("/me", Credentials::Bearer(token)).await.status
}

#[tokio::test]
async fn what_the_platform_takes_back_stays_taken_back_after_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let program = start(directory.path()).await;
    let api = program.api();
    let [by_jti, by_session, by_user] = [
        log_in(&program, "ada", "lovelace").await,
        log_in(&program, "ada", "lovelace").await,
        log_in(&program, "ada", "lovelace").await,
    ];
    let another = log_in(&program, "grace", "hopper").await;
    for token in [&by_jti, &by_session, &by_user, &another] {
        assert_eq!(me(&program, token).await, 200);
    }

    api.post("/logout", Credentials::Bearer(&by_jti), json!({})).await.expect(204);
    assert_eq!((me(&program, &by_jti).await, me(&program, &by_session).await), (401, 200));
    let session = api.get("/me", Credentials::Bearer(&by_session)).await.expect(200);
    let path = format!("/sessions/{}", session.text("session"));
    api.delete(&path, Credentials::Bearer(&another)).await.expect(404);
    api.delete(&path, Credentials::Bearer(&by_user)).await.expect(204);
    assert_eq!((me(&program, &by_session).await, me(&program, &by_user).await), (401, 200));
    api.post("/logout-everywhere", Credentials::Bearer(&by_user), json!({})).await.expect(204);
    assert_eq!((me(&program, &by_user).await, me(&program, &another).await), (401, 200));

    let fresh = log_in(&program, "ada", "lovelace").await;
    let listed = api.get("/revocations", Credentials::Bearer(&fresh)).await.expect(200);
    let kinds: Vec<&Value> = listed.json.as_array().unwrap().iter().map(|item| &item["kind"]).collect();
    assert_eq!(kinds, ["user", "session", "token"]);

    program.kill().await;
    let again = start(directory.path()).await;
    for dead in [&by_jti, &by_session, &by_user] {
        let refused = again.api().get("/me", Credentials::Bearer(dead)).await;
        refused.refuses(401, "token_revoked");
    }
    assert_eq!((me(&again, &fresh).await, me(&again, &another).await), (200, 200));
    let after = log_in(&again, "ada", "lovelace").await;
    assert_eq!(me(&again, &after).await, 200, "the version is not forgotten either");
    let forged = format!("{}x", &another[..another.len() - 1]);
    assert_eq!(me(&again, &forged).await, 401);
}
