//! Rotations of refresh tokens, many at once. What does not rotate under every guard is judged by itself.

use futures_util::join;
use rescind::session::{Chain, Rotate};
use tokio_postgres::types::ToSql;

use super::Grouped;
use crate::Inner;
use crate::error::Outcome;
use crate::row::{Cells, chain_from};
use crate::session::rotation::{ROTATE, columns};
use crate::tx::BEGIN;

/// See [`Grouped`].
pub(crate) struct Rotations;

/// In the order of ids, so that two nodes never wait for each other.
const LOCK: &str = "SELECT 1 FROM sessions WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

impl Grouped for Rotations {
    type Item = Rotate;
    type Answer = Chain;
    const BATCH: usize = 64;
    const LANES: usize = 2;

    async fn run(inner: &Inner, items: &[Rotate]) -> Outcome<Vec<Option<Chain>>> {
        let conn = inner.connect().await?;
        let (lock, rotate) = (conn.prepare(LOCK).await?, conn.prepare(&ROTATE).await?);
        let sessions: Vec<_> = items.iter().map(|item| item.session.0).collect();
        let columns = columns(items);
        let params = columns.params();
        let to_lock: [&(dyn ToSql + Sync); 1] = [&sessions];
        // Sent in this order, all at once.
        let (begun, locked, rows, committed) = join!(
            conn.batch(BEGIN),
            conn.query(&lock, &to_lock),
            conn.query(&rotate, &params),
            conn.batch("COMMIT"),
        );
        conn.release_after(&committed);
        begun?;
        locked?;
        let rows = rows?;
        committed?;
        let mut answers: Vec<Option<Chain>> = items.iter().map(|_| None).collect();
        for row in &rows {
            let place: i64 = Cells::new(row).take()?;
            let at = usize::try_from(place - 1).ok().and_then(|at| answers.get_mut(at));
            if let Some(answer) = at {
                *answer = Some(chain_from(row, 1)?);
            }
        }
        Ok(answers)
    }
}
