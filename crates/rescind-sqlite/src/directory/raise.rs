//! Raising versions and floors, with the ledger entry that tells verifiers.

use rescind::clock::Timestamp;
use rescind::directory::Standing;
use rescind::id::{SessionId, TenantId, UserId};
use rescind::ledger::{Draft, Entry, MarkKey};
use rescind::store::{Provenance, StoreError};
use rusqlite::Connection;

use crate::directory::find_tenant;
use crate::error::Outcome;
use crate::ledger::append;
use crate::row::{Cells, bytes, bytes_of};
use crate::session::require_active;
use crate::writer::Tx;

/// Why something is raised, and for how long verifiers must know.
pub(crate) struct Cause<'a> {
    /// The least `expires_at` of the entry.
    pub(crate) least: Timestamp,
    pub(crate) reason: Option<&'a str>,
    pub(crate) by: &'a Provenance,
}

/// What of a user is raised.
#[derive(Clone, Copy)]
pub(crate) enum Raise {
    /// The version alone: access tokens die, sessions live.
    Version,
    /// The floor too: everything ends, but for one session, which must be active.
    Floor { spare: Option<SessionId> },
    /// Both, whether or not the user is known: one who is not leaves a tombstone, and goes on from above it if ever made.
    Foreign,
}

impl Raise {
    pub(crate) const fn spare(self) -> Option<SessionId> {
        match self {
            Self::Floor { spare } => spare,
            Self::Version | Self::Foreign => None,
        }
    }

    /// What the user's next token would carry.
    pub(crate) fn standing(self, conn: &Connection, tenant: TenantId, user: UserId) -> Outcome<Standing> {
        read_standing(conn, tenant, user, self.is_foreign())
    }

    const fn is_foreign(self) -> bool {
        matches!(self, Self::Foreign)
    }
}

pub(crate) fn raise_user(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: UserId,
    raise: Raise,
    cause: &Cause<'_>,
) -> Outcome<Entry> {
    let now = cause.by.at;
    if let Some(spare) = raise.spare() {
        require_active(tx, spare, tenant, user, now)?;
    }
    let foreign = raise.is_foreign();
    if foreign {
        find_tenant(tx, tenant)?;
        leave_tombstone(tx, tenant, user, now)?;
    }
    let version = raise_version(tx, tenant, user, now, foreign)?;
    if !matches!(raise, Raise::Version) {
        let floor = raise_floor(tx, tenant, user, now, foreign)?;
        note_raise(tx, tenant, Some(user), floor, cause)?;
        lift(tx, raise.spare(), floor)?;
    }
    append(
        tx,
        Draft {
            key: MarkKey::User(user),
            tenant: Some(tenant),
            min_version: Some(version),
            least: cause.least,
            user: Some(user),
            at: now,
            reason: cause.reason,
            by: cause.by.actor,
        },
    )
}

/// Raises a tenant's version and floor.
pub(crate) fn raise_tenant(tx: &Tx<'_>, tenant: TenantId, cause: &Cause<'_>) -> Outcome<(Entry, Standing)> {
    let now = cause.by.at;
    let (version, floor) = tx
        .prepare_cached(
            "UPDATE tenants
                SET token_version = max(token_version + 1, ?2), session_floor = max(session_floor + 1, ?2)
              WHERE id = ?1 RETURNING token_version, session_floor",
        )?
        .query_row((bytes(tenant.0), now.as_millis()), |row| Ok((row.get(0)?, row.get(1)?)))?;
    note_raise(tx, tenant, None, floor, cause)?;
    let entry = append(
        tx,
        Draft {
            key: MarkKey::Tenant(tenant),
            tenant: None,
            min_version: Some(version),
            least: cause.least,
            user: None,
            at: now,
            reason: cause.reason,
            by: cause.by.actor,
        },
    )?;
    let standing =
        Standing { tenant_token_version: version, tenant_session_floor: floor, ..Standing::default() };
    Ok((entry, standing))
}

/// A user's versions and floors, and its tenant's.
pub(crate) fn standing_of(conn: &Connection, tenant: TenantId, user: UserId) -> Outcome<Standing> {
    read_standing(conn, tenant, user, false)
}

fn read_standing(conn: &Connection, tenant: TenantId, user: UserId, foreign: bool) -> Outcome<Standing> {
    let mut statement = conn.prepare_cached(
        "SELECT users.token_version, users.session_floor, tenants.token_version, tenants.session_floor
           FROM users JOIN tenants ON tenants.id = users.tenant_id
          WHERE users.tenant_id = ?1 AND users.id = ?2 AND (?3 OR users.deleted_at IS NULL)",
    )?;
    let mut rows = statement.query((bytes(tenant.0), bytes(user.0), foreign))?;
    let mut cells = Cells::new(rows.next()?.ok_or(StoreError::NotFound)?);
    Ok(Standing {
        token_version: cells.take()?,
        session_floor: cells.take()?,
        tenant_token_version: cells.take()?,
        tenant_session_floor: cells.take()?,
    })
}

fn raise_version(tx: &Tx<'_>, tenant: TenantId, user: UserId, now: Timestamp, foreign: bool) -> Outcome<i64> {
    let mut statement = tx.prepare_cached(
        "UPDATE users SET token_version = max(token_version + 1, ?3)
          WHERE tenant_id = ?1 AND id = ?2 AND (?4 OR deleted_at IS NULL) RETURNING token_version",
    )?;
    Ok(statement.query_row((bytes(tenant.0), bytes(user.0), now.as_millis(), foreign), |row| row.get(0))?)
}

fn raise_floor(tx: &Tx<'_>, tenant: TenantId, user: UserId, now: Timestamp, foreign: bool) -> Outcome<i64> {
    let mut statement = tx.prepare_cached(
        "UPDATE users SET session_floor = max(session_floor + 1, ?3)
          WHERE tenant_id = ?1 AND id = ?2 AND (?4 OR deleted_at IS NULL) RETURNING session_floor",
    )?;
    Ok(statement.query_row((bytes(tenant.0), bytes(user.0), now.as_millis(), foreign), |row| row.get(0))?)
}

/// Where a user's versions are kept who is not known here. Nothing where the tenant is not.
pub(crate) fn leave_tombstone(tx: &Tx<'_>, tenant: TenantId, user: UserId, now: Timestamp) -> Outcome<()> {
    tx.prepare_cached(
        "INSERT INTO users (tenant_id, id, token_version, session_floor, created_at, deleted_at)
         SELECT id, ?2, 0, 0, ?3, ?3 FROM tenants WHERE id = ?1 ON CONFLICT (tenant_id, id) DO NOTHING",
    )?
    .execute((bytes(tenant.0), bytes(user.0), now.as_millis()))?;
    Ok(())
}

/// Remembers how the sessions below a floor were ended.
pub(crate) fn note_raise(
    tx: &Tx<'_>,
    tenant: TenantId,
    user: Option<UserId>,
    floor: i64,
    cause: &Cause<'_>,
) -> Outcome<()> {
    tx.prepare_cached(
        "INSERT INTO floor_raises (tenant_id, user_id, floor, at, reason, raised_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((
        bytes(tenant.0),
        bytes_of(user, |id| id.0),
        floor,
        cause.by.at.as_millis(),
        cause.reason,
        cause.by.actor.to_string(),
    ))?;
    Ok(())
}

fn lift(tx: &Tx<'_>, spare: Option<SessionId>, floor: i64) -> Outcome<()> {
    if let Some(spare) = spare {
        tx.prepare_cached("UPDATE sessions SET user_floor = ?2 WHERE id = ?1")?
            .execute((bytes(spare.0), floor))?;
    }
    Ok(())
}
