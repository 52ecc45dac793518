//! How long a start takes, and what a server then holds.

use std::path::Path;
use std::time::Instant;

use rescind_testkit::postgres::Postgres;
use rescind_testkit::process::Server;

use crate::{Measured, fleet, note};

/// From the start of the process to the first 200 of `/readyz`, on a data directory that exists; and what an idle
/// server then holds in memory.
pub(crate) async fn idle(server: &mut Server, rounds: usize, measured: &mut Measured) {
    for _ in 0..rounds {
        server.terminate().await;
        let begun = Instant::now();
        server.restart().await;
        note(measured, "server/ready", begun.elapsed().as_secs_f64() * 1e3);
        note(measured, "server/resident", resident_mb(server.pid()));
    }
}

/// From the start of the process to the first 200 of `/readyz`, where the ledger on PostgreSQL holds so many live marks.
pub(crate) async fn with_marks(database: &Postgres, binary: &Path, marks: usize, measured: &mut Measured) {
    let url = database.create_database().await;
    let mut server = Server::start(fleet::node(binary, &url)).await;
    server.terminate().await;
    let name = url.rsplit('/').next().expect("a database's name");
    let sql = format!(
        "WITH last AS (SELECT seq FROM head)
         INSERT INTO ledger (seq, kind, key, spelled, expires_at, revoked_at, reason, revoked_by)
         SELECT last.seq + n, 'token', uuid_send(gen_random_uuid()), false,
                ((extract(epoch FROM now()) + 86400) * 1000)::bigint, 0, 'because', 'cli'
           FROM last, generate_series(1, {marks}) AS n;
         UPDATE head SET seq = seq + {marks};
         INSERT INTO batches (last_seq, tag, at) SELECT seq, tag, (extract(epoch FROM now()) * 1000)::bigint FROM head;
         ANALYZE"
    );
    database.connect(name).await.batch_execute(&sql).await.expect("the ledger takes them");
    for _ in 0..5 {
        let begun = Instant::now();
        server.restart().await;
        note(measured, "server/ready_with_marks", begun.elapsed().as_secs_f64() * 1e3);
        note(measured, "server/resident_with_marks", resident_mb(server.pid()));
        server.terminate().await;
    }
}

/// `VmRSS` of a process, in millions of bytes.
fn resident_mb(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells VmRSS");
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().expect("VmRSS is a number of kB");
    kib * 1024.0 / 1e6
}
