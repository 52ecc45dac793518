//! From one file to a fleet.

use rescind_testkit::process::{Credentials, Options, Server};
use serde_json::{Value, json};

use crate::fleet::{breakable, options};
use crate::support::{Desk, jti, new_user};

/// What was alive lives on and what was revoked stays so; every row is there; a second run finds that, and one that would
/// overwrite what has gone on does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_authority_moves_from_a_file_to_postgresql() {
    let (_postgres, url) = breakable().await;
    let issuer = [("RESCIND_ISSUER", "https://auth.test")];
    let binary = Options::new(env!("CARGO_BIN_EXE_rescind"));
    let old = issuer.iter().fold(binary, |options, (name, value)| options.env(name, *value));
    let mut old = Server::start(old).await;
    let operator = old.client("operator", &["admin"]).await;
    let api = old.api().clone();
    let tenant = api.tenant_id(Credentials::Basic(&operator), "default").await;
    let desk = Desk { api, operator, tenant };
    let (alive, cut, rotated) =
        (desk.open(&new_user()).await, desk.open(&new_user()).await, desk.open(&new_user()).await);
    desk.order(&format!("/api/v1/auth/sessions/revoke/{}", jti(&cut.refresh))).await.expect(200);
    let foreign = json!({"jti": "another issuer's: jti"});
    desk.api.post("/api/v1/admin/revocations", desk.caller(), foreign).await.expect(201);
    let next = desk.api.refresh(&rotated.refresh).await.expect(200);
    assert!(!moved(&old, &url).await.status.success(), "a server is using the file");
    old.terminate().await;

    let first = moved(&old, &url).await;
    let report: Value = serde_json::from_slice(&first.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&first.stderr)));
    assert_eq!(report["moved"], true, "{report}");
    assert!(report["rows"].as_u64() > Some(10), "{report}");
    let again: Value = serde_json::from_slice(&moved(&old, &url).await.stdout).expect("JSON");
    assert_eq!((&again["moved"], &again["rows"]), (&json!(false), &report["rows"]));

    let key = std::fs::read_to_string(old.data_dir().join("master.key")).expect("a master key");
    let node = Server::start(options(&url, &[("RESCIND_MASTER_KEY", key.trim())])).await;
    let there = Desk { api: node.api().clone(), ..desk };
    there.api.me(&alive.access).await.expect(200);
    there.api.me(&cut.access).await.refuses(401, "token_revoked");
    there.api.refresh(&cut.refresh).await.refuses(401, "session_revoked");
    there.api.refresh(&alive.refresh).await.expect(200);
    // A reply that was lost in the move is given again, to the byte.
    let replayed = there.api.refresh(&rotated.refresh).await.expect(200);
    assert_eq!(replayed.text("refresh_token"), next.text("refresh_token"));
    let listed = there.api.get("/api/v1/admin/revocations", there.caller()).await.expect(200);
    assert_eq!(listed.json["items"].as_array().map(Vec::len), Some(2), "{listed:?}");
    there.order(&format!("/api/v1/auth/sessions/revoke/{}", jti(&alive.access))).await.expect(200);

    let refused = moved(&old, &url).await;
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("nothing was changed"), "{refused:?}");
    there.api.me(&alive.access).await.refuses(401, "token_revoked");
}

async fn moved(old: &Server, url: &str) -> std::process::Output {
    let mut command = old.command();
    command.args(["migrate", "--to", url, "--json"]);
    command.output().await.expect("the command starts")
}
