//! What takes longer the more a store holds: the pages for people, and the start of a verifier elsewhere, with a year's use behind them.

mod pages;

use std::path::Path;
use std::time::Instant;

use rescind_testkit::postgres::Postgres;
use rescind_testkit::process::{Options, Server};

use crate::{Measured, end, fleet, note, protected};

/// Each has ten sessions, and ten entries of the ledger.
const USERS: usize = 100_000;

/// On a file.
pub(crate) async fn on_a_file(binary: &Path, service: &Path, quick: bool, measured: &mut Measured) {
    let mut server = Server::start(Options::new(binary)).await;
    server.terminate().await;
    let store = rusqlite::Connection::open(server.data_dir().join("rescind.db")).expect("the store opens");
    store.execute_batch(&sql(include_str!("fill_sqlite.sql"), quick)).expect("the store takes it");
    drop(store);
    server.restart().await;
    pages::all(&server, "pages", quick, measured).await;
    snapshot(&server, service, measured).await;
    end(server).await;
}

/// On PostgreSQL.
pub(crate) async fn on_postgres(database: &Postgres, binary: &Path, quick: bool, measured: &mut Measured) {
    let url = database.create_database().await;
    let mut server = Server::start(fleet::node(binary, &url)).await;
    server.terminate().await;
    let name = url.rsplit('/').next().expect("a database's name");
    let filled =
        database.connect(name).await.batch_execute(&sql(include_str!("fill_postgres.sql"), quick)).await;
    filled.expect("the store takes it");
    server.restart().await;
    pages::all(&server, "pages_postgres", quick, measured).await;
    end(server).await;
}

/// From the start of a service's process to its first answer, which it gives when it knows all that was revoked: from a snapshot over
/// HTTP.
async fn snapshot(server: &Server, service: &Path, measured: &mut Measured) {
    for _ in 0..5 {
        let begun = Instant::now();
        let _service = protected::start(server, service).await;
        note(measured, "server/snapshot_with_marks", begun.elapsed().as_secs_f64() * 1e3);
    }
}

fn sql(template: &str, quick: bool) -> String {
    let users = if quick { USERS / 100 } else { USERS };
    template.replace("{USERS}", &users.to_string())
}
