//! Minting for a live session outside of a refresh.

use rescind::clock::Timestamp;
use rescind::id::{Jti, SessionId};
use rescind::keys::KeyUse;
use rescind::session::Chain;
use rescind::store::StoreError;

use crate::error::Outcome;
use crate::keys::is_active;
use crate::row::{CHAIN_COLUMNS, chain};
use crate::session::ALIVE;
use crate::tx::Tx;

/// [`StoreError::NotFound`] for a session that is not alive. Its idle limit stays where it is.
pub(crate) async fn remint(
    tx: &Tx,
    id: SessionId,
    access_jti: Jti,
    signing_kid: &str,
    now: Timestamp,
) -> Outcome<Chain> {
    if !is_active(tx, signing_kid, KeyUse::Access).await? {
        return Err(StoreError::KeyGone.into());
    }
    let sql =
        format!("UPDATE sessions SET access_jti = $3 WHERE id = $2 AND {ALIVE} RETURNING {CHAIN_COLUMNS}");
    let row = tx.row(&sql, &[&now.as_millis(), &id.0, &access_jti.0]).await?;
    chain(&row.ok_or(StoreError::NotFound)?)
}
