//! More cuts than anybody reads at once.

use std::sync::Arc;
use std::time::Duration;

use rescind::authority::Caller;
use rescind::clock::Clock as _;
use rescind::ledger::{Cut, CutTarget, LedgerStore as _, TokenKey};
use rescind::system::{SystemClock, SystemEntropy};
use rescind_sqlite::{Options, SqliteStore};
use rescind_testkit::process::Server;

use super::cuts::cut;
use super::support::Desk;

/// So many cuts, several at once.
pub(crate) async fn many(desk: &Desk, prefix: &str, count: usize) {
    const AT_ONCE: usize = 32;
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..AT_ONCE {
        let (desk, prefix) = (desk.clone(), prefix.to_owned());
        workers.spawn(async move {
            for number in (worker..count).step_by(AT_ONCE) {
                cut(&desk, &format!("{prefix}{number}")).await;
            }
        });
    }
    workers.join_all().await;
}

/// So many marks with texts of 20,000 bytes, longer than any caller may send, written beside the server: more than the
/// operating system takes for a connection that nobody reads.
pub(crate) async fn flood(server: &Server, count: usize) {
    let entropy = Arc::new(SystemEntropy);
    let store = SqliteStore::open(&server.data_dir().join("rescind.db"), &Options::new(entropy));
    let store = store.expect("a store");
    let now = SystemClock.now();
    for number in 0..count {
        let key = TokenKey::new(&format!("{number}{}", "x".repeat(20_000)));
        let by = Caller::command_line().provenance(now);
        store
            .cut(Cut {
                target: CutTarget::Token { key, tenant: None, user: None },
                expires_at: now.plus(Duration::from_secs(3600)),
                extends: false,
                reason: None,
                action: rescind::audit::action::TOKEN_REVOKED,
                by,
            })
            .await
            .expect("a cut");
    }
}
