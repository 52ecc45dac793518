//! Minting for a live session outside of a refresh.

use rescind::clock::Timestamp;
use rescind::id::{Jti, SessionId};
use rescind::keys::KeyUse;
use rescind::session::Chain;
use rescind::store::StoreError;

use crate::error::Outcome;
use crate::keys::is_active;
use crate::ledger::raise_horizon;
use crate::row::{CHAIN_COLUMNS, bytes, chain};
use crate::session::ALIVE;
use crate::writer::Tx;

/// [`StoreError::NotFound`] for a session that is not alive. Its idle limit stays where it is.
pub(crate) fn remint(
    tx: &Tx<'_>,
    id: SessionId,
    access_jti: Jti,
    access_exp: Timestamp,
    signing_kid: &str,
    now: Timestamp,
) -> Outcome<Chain> {
    if !is_active(tx, signing_kid, KeyUse::Access)? {
        return Err(StoreError::KeyGone.into());
    }
    let minted = {
        let mut statement = tx.prepare_cached(&format!(
            "UPDATE sessions SET access_jti = ?3 WHERE id = ?2 AND {ALIVE} RETURNING {CHAIN_COLUMNS}"
        ))?;
        let mut rows = statement.query((now.as_millis(), bytes(id.0), bytes(access_jti.0)))?;
        let minted = chain(rows.next()?.ok_or(StoreError::NotFound)?)?;
        while rows.next()?.is_some() {}
        minted
    };
    raise_horizon(tx, access_exp)?;
    Ok(minted)
}
