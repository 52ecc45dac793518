//! The tour in README.md works as it is written.

use rescind_testkit::process::{Options, Server, command};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The line that the test has the shell print before each block.
const BEFORE: &str = "=== the next block of the tour ===";

/// Whoever follows the tour, block after block in one shell, sees what README.md promises.
#[tokio::test]
async fn the_tour_in_the_readme_works_as_written() {
    for tool in ["bash", "curl", "jq"] {
        let found = std::process::Command::new(tool).arg("--version").output();
        assert!(found.is_ok(), "the tour in README.md needs `{tool}`, which is not installed");
    }
    let server =
        Server::start(Options::new(env!("CARGO_BIN_EXE_rescind")).without("RESCIND_ADMIN_PASSWORD")).await;
    let blocks = blocks(&readme());
    let kinds: Vec<&str> = blocks.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["setup", "", "", "", "", "", "", "cli"],
        "the tour's blocks are not the ones tested here"
    );
    for variable in ["export RESCIND=", "export PASSWORD="] {
        assert!(blocks[0].1.contains(variable), "the setup no longer has `{variable}`");
    }

    let printed = follow(&server, &blocks[1..]).await;
    let [sign_in, call, refresh, sessions, end, admin, cli] = printed.as_slice() else {
        panic!("the tour ended early: {printed:?}");
    };
    let sign_in = &values(sign_in)[0];
    assert_eq!(sign_in["token_type"], "Bearer");
    assert_eq!(sign_in["expires_in"], 900);
    let call = &values(call)[0];
    assert_eq!(call["email"], "admin@localhost");
    assert_eq!(call["role"], "admin");
    assert_eq!(call["sid"], sign_in["session_id"]);
    assert!(call["ver"].is_i64(), "{call}");
    assert_eq!(refresh.trim(), "the same successor");
    let here = json!({"number": 1, "device_name": "Tour", "status": "active", "current": true});
    assert_eq!(values(sessions), [here]);
    let refused = |code: &str| json!({"status": 401, "code": code});
    assert_eq!(values(end), [json!(204), refused("token_revoked"), refused("session_revoked")]);
    let admin = values(admin);
    assert_eq!(admin[0]["revoked"], 1, "the session of the tour is over already: {admin:?}");
    assert!(admin[0]["seq"].as_i64().is_some_and(|seq| seq >= 2), "{admin:?}");
    assert_eq!(admin[1], refused("token_revoked"));
    let session = sign_in["session_id"].as_str().expect("a session id");
    for told in [session, "Tour", "revoked", "ended by its user", "laptop stolen"] {
        assert!(cli.contains(told), "the command line does not tell of `{told}`:\n{cli}");
    }
    // "The very next sign-in is good again."
    server.api().login(server.admin_email(), &server.admin_password()).await.expect(200);
}

/// Runs the blocks in one shell and returns what each printed.
async fn follow(server: &Server, blocks: &[(String, String)]) -> Vec<String> {
    let place = TempDir::new().expect("a temporary directory");
    let binary = format!("'{}'", env!("CARGO_BIN_EXE_rescind"));
    let mut script = String::from("set -eu -o pipefail\n");
    for (kind, block) in blocks {
        let block =
            if kind == "cli" { block.replace("cargo run --release --", &binary) } else { block.clone() };
        script.push_str(&format!("echo '{BEFORE}'\n{block}\n"));
    }
    let done = command("bash", server.data_dir())
        .args(["-c", &script])
        .current_dir(place.path())
        .env("RESCIND", server.base())
        .env("PASSWORD", server.admin_password())
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .output()
        .await
        .expect("bash starts");
    let printed = String::from_utf8_lossy(&done.stdout);
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "the tour fails ({}):\n{printed}\n{errors}", done.status);
    printed.split(BEFORE).skip(1).map(str::to_owned).collect()
}

/// The JSON values that a block printed, one after the other.
fn values(printed: &str) -> Vec<Value> {
    let values = serde_json::Deserializer::from_str(printed).into_iter::<Value>();
    values.map(|value| value.unwrap_or_else(|error| panic!("{error} in:\n{printed}"))).collect()
}

fn readme() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    std::fs::read_to_string(path).expect("README.md is part of the repository")
}

/// The shell blocks that follow a `<!-- tour -->` or a `<!-- tour: kind -->`, with their kind.
fn blocks(readme: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        let marked = line.strip_prefix("<!-- tour").and_then(|rest| rest.strip_suffix("-->"));
        let Some(kind) = marked.map(|rest| rest.trim_start_matches(':').trim()) else { continue };
        assert_eq!(lines.next(), Some("```sh"), "`{line}` is not followed by a shell block");
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push((kind.to_owned(), block.join("\n")));
    }
    blocks
}
