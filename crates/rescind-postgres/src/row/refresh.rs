//! What a session knows of its refresh tokens.

use rescind::clock::Timestamp;
use rescind::session::{RefreshState, Rotation};
use tokio_postgres::Row;

use crate::error::{Outcome, corrupt};
use crate::row::Cells;

pub(crate) const REFRESH_COLUMNS: &str = "generation, refresh_hash, parent_hash, rotated_at, recent,
    late_generation, late_run,
    coalesce((SELECT refresh_requires_secret FROM clients WHERE clients.id = sessions.client_id), false)";

/// What judging a refresh token takes.
pub(crate) struct Refresh {
    pub(crate) state: RefreshState,
    /// Whether the session's client must prove its secret.
    pub(crate) requires_secret: bool,
}

pub(crate) fn refresh(row: &Row) -> Outcome<Refresh> {
    let mut cells = Cells::new(row);
    let state = RefreshState {
        generation: cells.take()?,
        current: cells.bytes()?,
        parent: cells.maybe_bytes()?,
        rotated_at: cells.time()?,
        recent: recent(cells.take()?)?,
        late_generation: cells.take()?,
        late_run: late_run(cells.take()?)?,
    };
    Ok(Refresh { state, requires_secret: cells.take()? })
}

fn late_run(count: i64) -> Outcome<u32> {
    u32::try_from(count).map_err(|_| corrupt("a run of late replays that is none"))
}

fn recent(bytes: &[u8]) -> Outcome<Vec<Rotation>> {
    let chunks = bytes.chunks_exact(40);
    if !chunks.remainder().is_empty() {
        return Err(corrupt("a session's recent rotations are cut short"));
    }
    chunks.map(rotation).collect()
}

fn rotation(chunk: &[u8]) -> Outcome<Rotation> {
    let broken = || corrupt("a session's recent rotations are broken");
    let (hash, at) = chunk.split_first_chunk::<32>().ok_or_else(broken)?;
    let at = i64::from_be_bytes(at.try_into().map_err(|_| broken())?);
    Ok(Rotation { hash: *hash, at: Timestamp::from_millis(at) })
}
