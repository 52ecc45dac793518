//! Cuts of single tokens, by jti or by digest, many at once. A refresh token's jti, which ends a session, is cut by itself.

use std::collections::HashSet;

use futures_util::join;
use rescind::ledger::{Cut, CutOutcome};

use super::Grouped;
use crate::Inner;
use crate::error::{Outcome, corrupt};
use crate::ledger::cuts::{CUT, columns, key_of, outcome};
use crate::tx::BEGIN_IN_TURN;

/// See [`Grouped`].
pub(crate) struct Cuts;

impl Grouped for Cuts {
    type Item = Cut;
    type Answer = CutOutcome;
    const BATCH: usize = 256;
    // There is one turn, and the next batch is at the server when it ends.
    const LANES: usize = 2;

    async fn run(inner: &Inner, items: &[Cut]) -> Outcome<Vec<Option<CutOutcome>>> {
        let (places, cuts) = first_of_each(items);
        let columns = columns(&cuts, &*inner.entropy);
        let params = columns.params();
        let conn = inner.connect().await?;
        let cut = conn.prepare(&CUT).await?;
        // Sent in this order, all at once; the statement sees what is committed when its turn has come.
        let (begun, rows, committed) =
            join!(conn.batch(&BEGIN_IN_TURN), conn.query(&cut, &params), conn.batch("COMMIT"));
        conn.release_after(&committed);
        begun?;
        let rows = rows?;
        committed?;
        let mut answers: Vec<Option<CutOutcome>> = items.iter().map(|_| None).collect();
        for row in &rows {
            let (place, outcome) = outcome(row)?;
            let at = places.get(place - 1).ok_or_else(|| corrupt("a place that is none"))?;
            answers[*at] = Some(outcome);
        }
        Ok(answers)
    }
}

/// Those whose token nobody before them cuts, and their places.
fn first_of_each(items: &[Cut]) -> (Vec<usize>, Vec<&Cut>) {
    let mut met = HashSet::new();
    items.iter().enumerate().filter(|(_, cut)| met.insert(key_of(cut))).unzip()
}
