//! Prints what a mark takes in a replica: as the operating system counts it, and as the replica does.
//!
//! `cargo run --release -p rescind --example replica_memory`, on Linux. `RESCIND_BENCH_OUT` is a file to write the last figures to: JSON,
//! from the id of a measurement to its samples.

use std::time::{Duration, Instant};

use rescind::clock::Timestamp;
use rescind::entropy::uuid_v7;
use rescind::id::TenantId;
use rescind::ledger::{Mark, MarkKey};
use rescind::replica::Replica;
use rescind::system::SystemEntropy;
use uuid::Uuid;

fn main() {
    let now = Timestamp::from_secs(1_700_000_000);
    let replica = Replica::new(&SystemEntropy, Duration::from_secs(30));
    let (resident_before, counted_before) = (resident(), replica.approximate_bytes());
    let mut held = 0;
    for goal in [1_000_000, 2_000_000, 5_000_000, 7_000_000, 10_000_000] {
        let began = Instant::now();
        let added = goal - held;
        for n in 0..added {
            let mark = Mark {
                tenant: Some(TenantId(Uuid::from_u128(n % 1000))),
                key: MarkKey::Token(uuid_v7(now, &SystemEntropy).into()),
                min_version: None,
                expires_at: now.plus(Duration::from_secs(900)),
            };
            replica.apply(&mark, now);
        }
        held = goal;
        let each = |bytes: usize| bytes as f64 / replica.len() as f64;
        let (real, counted) = (
            each(resident().saturating_sub(resident_before)),
            each(replica.approximate_bytes() - counted_before),
        );
        if let Some(out) = std::env::var_os("RESCIND_BENCH_OUT") {
            let samples =
                format!("{{\"replica/bytes_resident\":[{real}],\"replica/bytes_counted\":[{counted}]}}");
            std::fs::write(out, samples).expect("the measurements can be written");
        }
        println!(
            "{goal:>9} marks: {real:.1} B each resident, {counted:.1} B each counted, {:.0} ns to apply one (a random id made \
             each time)",
            began.elapsed().as_nanos() as f64 / added as f64,
        );
    }
}

/// Bytes of this process in memory.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: usize = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}
