//! The horizon: no ledger entry may expire before it, since an access token that was minted may live until then.
//!
//! It is raised ahead of the minting, by a transaction of its own, and by so much that this is rare. Whoever is writing an
//! entry holds the head's row, and the raise waits for it: so a mint that comes after the raise sees what that
//! entry cut, and every later entry sees the raise. A cut of a single token reads the horizon without that row: it may miss a raise
//! that commits at the same moment, but the token that it names was minted before.

use std::sync::atomic::{AtomicI64, Ordering};

use rescind::clock::Timestamp;
use rescind::ledger::HORIZON_STEP;

use crate::Inner;
use crate::error::Outcome;

/// What is known to be in the head.
#[derive(Default)]
pub(crate) struct Horizon(AtomicI64);

impl Horizon {
    /// The head was read: a database that was put back to an older state has a lower horizon than we remember.
    pub(crate) fn was_read(&self, horizon: i64) {
        self.0.store(horizon, Ordering::Release);
    }
}

impl Inner {
    /// Makes room for an access token with this `exp`. Before the transaction that mints it.
    pub(crate) async fn reach(&self, access_exp: Timestamp) -> Outcome<()> {
        let exp = access_exp.as_millis();
        if exp <= self.horizon.0.load(Ordering::Acquire) {
            return Ok(());
        }
        let ahead = access_exp.plus(HORIZON_STEP).as_millis();
        let conn = self.connect().await?;
        let row = conn
            .row("UPDATE head SET horizon = greatest(horizon, $1) WHERE id = 1 RETURNING horizon", &[&ahead])
            .await;
        conn.release_after(&row);
        let reached = row?.map_or(ahead, |row| row.get(0));
        self.horizon.0.fetch_max(reached, Ordering::AcqRel);
        Ok(())
    }
}
