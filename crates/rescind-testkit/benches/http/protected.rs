//! A service of its own process, protected by `rescind-tower` with a verifier of `rescind-remote`.

use std::path::Path;
use std::process::Command;

use rescind_testkit::load::{Call, Calls, Load, Plan, in_turn, sessions};
use rescind_testkit::process::{Credentials, Server};
use rescind_testkit::program::Program;

use crate::Measured;

/// Rates of one handler, in turn: open, open with a token that nobody looks at, and protected; and, of each round, the second and the third to
/// the first. So many tokens take turns.
pub(crate) async fn protected(
    server: &Server,
    binary: &Path,
    tokens: usize,
    plan: Plan,
    measured: &mut Measured,
) {
    let service = start(server, binary).await;
    let client = server.client("bench", &["sessions:write"]).await;
    let tokens: Vec<String> = sessions(server, &client, tokens)
        .await
        .iter()
        .map(|pair| format!("Bearer {}", pair.text("access_token")))
        .collect();
    let with_token = |path: &'static str| {
        let calls = tokens.iter().map(|token| Call::get(path).by(token));
        Load::new(service.address(), Calls::workers(calls, 64))
    };
    let open = Load::new(service.address(), Calls::workers([Call::get("/open")], 64));
    let mut loads = [open, with_token("/open"), with_token("/protected")];
    // Each token once: from then on all of them are known.
    loads[2].rates(Plan { samples: 1, ..plan }).await;
    let rates = in_turn(&mut loads, plan).await;
    let to_open = |of: &[f64]| of.iter().zip(&rates[0]).map(|(rate, open)| rate / open).collect::<Vec<f64>>();
    measured.insert("http_service/open_with_token_to_open".to_owned(), to_open(&rates[1]));
    measured.insert("http_service/protected_to_open".to_owned(), to_open(&rates[2]));
    for (id, rates) in ["open", "open_with_token", "protected"].into_iter().zip(rates) {
        measured.insert(format!("http_service/{id}"), rates);
    }
}

/// The service, following this server.
pub(crate) async fn start(server: &Server, binary: &Path) -> Program {
    let client = server.client("service", &["feed"]).await;
    let jwks = server.api().get("/.well-known/jwks.json", Credentials::Nobody).await.expect(200).body;
    Program::start("service", "/open", |address| {
        let mut command = Command::new(binary);
        command.env("AUTHORITY", server.base()).env("LISTEN", address).env("JWKS", jwks);
        command.env("CLIENT_ID", client.id).env("CLIENT_SECRET", client.secret);
        command
    })
    .await
}
