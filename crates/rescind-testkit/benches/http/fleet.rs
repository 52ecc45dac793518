//! Two nodes on one PostgreSQL.

use std::path::Path;
use std::time::Instant;

use rescind_testkit::load::sessions;
use rescind_testkit::process::{Credentials, Options, Reply, Server};
use serde_json::json;

use crate::{Measured, note};

/// 32 bytes that both nodes share.
const MASTER_KEY: &str = "YmVuY2htYXJrLW9mLXR3by1ub2Rlcy1hbmQtbm8tbW8=";

/// How to start a node on a database.
pub(crate) fn node(binary: &Path, url: &str) -> Options {
    Options::new(binary)
        .env("RESCIND_DATABASE_URL", url)
        .env("RESCIND_MASTER_KEY", MASTER_KEY)
        .env("RESCIND_ISSUER", "https://auth.test")
}

/// From the acknowledgement of a revocation at one node to the first refusal at the other, which is asked again and again
/// from that moment on. The p99 is one figure, in nanoseconds as the samples.
pub(crate) async fn propagation(here: &Server, there: &Server, rounds: usize, measured: &mut Measured) {
    let client = here.client("bench", &["sessions:write", "revocations:write"]).await;
    let mut delays = Vec::with_capacity(rounds);
    for pair in sessions(here, &client, rounds).await {
        let token = pair.text("access_token");
        asked(there, token).await.expect(200);
        let body = json!({"session_id": pair.text("session_id")});
        here.api().post("/api/v1/admin/revocations", Credentials::Basic(&client), body).await.expect(201);
        let acknowledged = Instant::now();
        while asked(there, token).await.status == 200 {}
        delays.push(acknowledged.elapsed().as_secs_f64() * 1e9);
    }
    delays.sort_unstable_by(f64::total_cmp);
    note(measured, "fleet/refused_p99", delays[(delays.len() - 1) * 99 / 100]);
    measured.insert("fleet/refused".to_owned(), delays);
}

/// The check alone, as a proxy asks for it.
async fn asked(node: &Server, token: &str) -> Reply {
    node.api().get("/api/v1/auth/forward", Credentials::Bearer(token)).await
}
