//! Ending one session.

use rescind::audit::{Actor, Record, Target};
use rescind::clock::Timestamp;
use rescind::ledger::{Draft, Entry, MarkKey};
use rescind::session::SessionFacts;
use rescind::store::Provenance;

use crate::audit::record_as;
use crate::error::Outcome;
use crate::ledger::{append, standing};
use crate::tx::Tx;

/// Why and by whom a session is ended.
pub(crate) struct Ending<'a> {
    /// The least `expires_at` of the entry.
    pub(crate) least: Timestamp,
    pub(crate) reason: Option<&'a str>,
    /// Who ends it: not always who gave rise to it.
    pub(crate) actor: Actor,
    /// The audit entry's action.
    pub(crate) action: &'a str,
    pub(crate) by: &'a Provenance,
}

/// Ends a session that is locked, unless that was done before, and returns the entry that stands, and whether it is new. The
/// first reason stays. There is nothing to extend: no token was minted for it since its entry was written, and that one
/// covers all before.
pub(crate) async fn end_session(
    tx: &Tx,
    session: &SessionFacts,
    ending: &Ending<'_>,
) -> Outcome<(Entry, bool)> {
    let key = MarkKey::Session(session.id);
    let standing = standing(tx, Some(session.tenant), &key).await?;
    if session.revoked.is_none() {
        mark_revoked(tx, session, ending).await?;
        record_ending(tx, session, ending).await?;
    }
    if let Some(entry) = standing {
        return Ok((entry, false));
    }
    // Where the row says that it was ended but the entry was purged: the first time and reason go on.
    let first = session.revoked.as_ref();
    let draft = Draft {
        key,
        tenant: Some(session.tenant),
        min_version: None,
        least: ending.least,
        user: Some(session.user),
        at: first.map_or(ending.by.at, |first| first.at),
        reason: first.map_or(ending.reason, |first| first.reason.as_deref()),
        by: first.map_or(ending.actor, |first| first.by),
    };
    Ok((append(tx, draft).await?, true))
}

async fn mark_revoked(tx: &Tx, session: &SessionFacts, ending: &Ending<'_>) -> Outcome<()> {
    tx.execute(
        "UPDATE sessions SET revoked_at = $2, revoked_reason = $3, revoked_by = $4
          WHERE id = $1 AND revoked_at IS NULL",
        &[&session.id.0, &ending.by.at.as_millis(), &ending.reason, &ending.actor.to_string()],
    )
    .await?;
    Ok(())
}

async fn record_ending(tx: &Tx, session: &SessionFacts, ending: &Ending<'_>) -> Outcome<()> {
    let act = Record {
        action: ending.action,
        target: Target::new("session", session.id),
        tenant: Some(session.tenant),
        user: Some(session.user),
        reason: ending.reason,
    };
    record_as(tx, ending.actor, ending.by, &act).await
}
