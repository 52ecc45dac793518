//! Writing back what this ledger has lost.

use rescind::audit::{Record, Target, action};
use rescind::id::{ClientId, SessionId, TenantId, UserId};
use rescind::ledger::{Draft, Entry, Mark, MarkKey, Reinstate};
use rescind::store::Provenance;

use crate::audit::record;
use crate::directory::{Cause, leave_tombstone, note_raise};
use crate::error::Outcome;
use crate::ledger::{append, raise_horizon, standing};
use crate::row::{Cells, bytes, bytes_of};
use crate::writer::Tx;

pub(crate) fn reinstate(tx: &Tx<'_>, reinstate: &Reinstate) -> Outcome<Vec<Entry>> {
    raise_horizon(tx, reinstate.access_exp)?;
    let mut entries = Vec::new();
    for mark in &reinstate.marks {
        entries.extend(one(tx, mark, &reinstate.by)?);
    }
    Ok(entries)
}

fn one(tx: &Tx<'_>, mark: &Mark, by: &Provenance) -> Outcome<Option<Entry>> {
    let stands = standing(tx, mark.tenant, &mark.key)?;
    if stands.as_ref().is_some_and(|stands| stands.mark.covers(mark)) {
        return Ok(None);
    }
    let user = bring_back(tx, mark, by)?;
    let Some(draft) = Draft::of_reinstated(mark, stands.as_ref(), user, by) else { return Ok(None) };
    let entry = append(tx, draft)?;
    let act = Record {
        action: action::REVOCATION_REINSTATED,
        target: Target::new(mark.kind().as_str(), &mark.key),
        tenant: mark.tenant,
        user: entry.user,
        reason: None,
    };
    record(tx, by, &act)?;
    Ok(Some(entry))
}

/// Does to what the mark is about what the cut did to it, where it is there. Returns the user concerned.
fn bring_back(tx: &Tx<'_>, mark: &Mark, by: &Provenance) -> Outcome<Option<UserId>> {
    match (&mark.key, mark.tenant, mark.min_version) {
        (MarkKey::User(id), Some(tenant), Some(version)) => {
            user(tx, tenant, *id, version, by)?;
            return Ok(Some(*id));
        }
        (MarkKey::Tenant(id), _, Some(version)) => self::tenant(tx, *id, version, by)?,
        (MarkKey::Session(id), tenant, _) => return session(tx, *id, tenant, by),
        (MarkKey::Client(id), tenant, _) => client(tx, *id, tenant, by)?,
        (MarkKey::Key(kid), ..) => key(tx, kid, by)?,
        (MarkKey::Token(_) | MarkKey::Digest(_) | MarkKey::User(_) | MarkKey::Tenant(_), ..) => {}
    }
    Ok(None)
}

fn user(tx: &Tx<'_>, tenant: TenantId, user: UserId, version: i64, by: &Provenance) -> Outcome<()> {
    // One of another issuer's is known by its tombstone alone, which was lost with the entry.
    leave_tombstone(tx, tenant, user, by.at)?;
    let raised = tx
        .prepare_cached(
            "UPDATE users
                SET token_version = max(token_version, ?3), session_floor = max(session_floor, ?3)
              WHERE tenant_id = ?1 AND id = ?2 AND (token_version < ?3 OR session_floor < ?3)",
        )?
        .execute((bytes(tenant.0), bytes(user.0), version))?;
    note(tx, raised, tenant, Some(user), version, by)
}

fn tenant(tx: &Tx<'_>, tenant: TenantId, version: i64, by: &Provenance) -> Outcome<()> {
    let raised = tx
        .prepare_cached(
            "UPDATE tenants
                SET token_version = max(token_version, ?2), session_floor = max(session_floor, ?2)
              WHERE id = ?1 AND (token_version < ?2 OR session_floor < ?2)",
        )?
        .execute((bytes(tenant.0), version))?;
    note(tx, raised, tenant, None, version, by)
}

fn note(
    tx: &Tx<'_>,
    raised: usize,
    tenant: TenantId,
    user: Option<UserId>,
    floor: i64,
    by: &Provenance,
) -> Outcome<()> {
    if raised == 0 {
        return Ok(());
    }
    let cause = Cause { least: by.at, reason: Some(action::REVOCATION_REINSTATED), by };
    note_raise(tx, tenant, user, floor, &cause)
}

fn session(tx: &Tx<'_>, id: SessionId, tenant: Option<TenantId>, by: &Provenance) -> Outcome<Option<UserId>> {
    tx.prepare_cached(
        "UPDATE sessions SET revoked_at = ?3, revoked_reason = ?4, revoked_by = ?5
          WHERE id = ?1 AND (?2 IS NULL OR tenant_id = ?2) AND revoked_at IS NULL",
    )?
    .execute((
        bytes(id.0),
        bytes_of(tenant, |id| id.0),
        by.at.as_millis(),
        action::REVOCATION_REINSTATED,
        by.actor.to_string(),
    ))?;
    let mut statement =
        tx.prepare_cached("SELECT user_id FROM sessions WHERE id = ?1 AND (?2 IS NULL OR tenant_id = ?2)")?;
    let mut rows = statement.query((bytes(id.0), bytes_of(tenant, |id| id.0)))?;
    rows.next()?.map(|row| Cells::new(row).id(UserId)).transpose()
}

/// Its secrets are good no longer.
fn client(tx: &Tx<'_>, id: ClientId, tenant: Option<TenantId>, by: &Provenance) -> Outcome<()> {
    tx.prepare_cached(
        "UPDATE clients
            SET secret = NULL, old_secret = NULL, old_secret_until = NULL, deleted_at = ?3, deleted_by = ?4
          WHERE id = ?1 AND tenant_id IS ?2 AND deleted_at IS NULL",
    )?
    .execute((bytes(id.0), bytes_of(tenant, |id| id.0), by.at.as_millis(), by.actor.to_string()))?;
    Ok(())
}

/// Nodes load the keys again, and sign with it no longer.
fn key(tx: &Tx<'_>, kid: &str, by: &Provenance) -> Outcome<()> {
    let revoked = tx
        .prepare_cached(
            "UPDATE keys SET state = 'revoked', revoked_at = ?2 WHERE kid = ?1 AND state <> 'revoked'",
        )?
        .execute((kid, by.at.as_millis()))?;
    if revoked > 0 {
        tx.prepare_cached("UPDATE head SET keys_version = keys_version + 1 WHERE id = 1")?.execute(())?;
    }
    Ok(())
}
