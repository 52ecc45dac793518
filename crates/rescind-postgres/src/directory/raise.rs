//! Raising versions and floors, with the ledger entry that tells verifiers.

use rescind::clock::Timestamp;
use rescind::directory::Standing;
use rescind::id::{SessionId, TenantId, UserId};
use rescind::ledger::{Draft, Entry, MarkKey};
use rescind::store::{Provenance, StoreError};
use tokio_postgres::Row;

use crate::conn::Conn;
use crate::directory::find_tenant;
use crate::error::Outcome;
use crate::ledger::append;
use crate::row::Cells;
use crate::session::require_active;
use crate::tx::Tx;

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
    /// Both, whether or not the user is known, who must be locked by [`lock_foreign_user`].
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
    pub(crate) async fn standing(self, conn: &Conn, tenant: TenantId, user: UserId) -> Outcome<Standing> {
        read_standing(conn, tenant, user, self.is_foreign()).await
    }

    const fn is_foreign(self) -> bool {
        matches!(self, Self::Foreign)
    }
}

/// Locks a user who may not be known here: such a one leaves a tombstone, and goes on from above it if ever made.
pub(crate) async fn lock_foreign_user(
    tx: &Tx,
    tenant: TenantId,
    user: UserId,
    now: Timestamp,
) -> Outcome<()> {
    find_tenant(tx, tenant).await?;
    tx.execute(
        "INSERT INTO users (tenant_id, id, token_version, session_floor, created_at, deleted_at)
         VALUES ($1, $2, 0, 0, $3, $3) ON CONFLICT (tenant_id, id) DO NOTHING",
        &[&tenant.0, &user.0, &now.as_millis()],
    )
    .await?;
    tx.row("SELECT 1 FROM users WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE", &[&tenant.0, &user.0])
        .await?;
    Ok(())
}

/// The user must be locked.
pub(crate) async fn raise_user(
    tx: &Tx,
    tenant: TenantId,
    user: UserId,
    raise: Raise,
    cause: &Cause<'_>,
) -> Outcome<Entry> {
    let now = cause.by.at;
    if let Some(spare) = raise.spare() {
        require_active(tx, spare, tenant, user, now).await?;
    }
    let (version, floor) = raise_row(tx, tenant, user, raise, now).await?;
    if !matches!(raise, Raise::Version) {
        note_raise(tx, tenant, Some(user), floor, cause).await?;
        lift(tx, raise.spare(), floor).await?;
    }
    let draft = Draft {
        key: MarkKey::User(user),
        tenant: Some(tenant),
        min_version: Some(version),
        least: cause.least,
        user: Some(user),
        at: now,
        reason: cause.reason,
        by: cause.by.actor,
    };
    append(tx, draft).await
}

/// Raises a tenant's version and floor. The tenant must be locked.
pub(crate) async fn raise_tenant(tx: &Tx, tenant: TenantId, cause: &Cause<'_>) -> Outcome<(Entry, Standing)> {
    let now = cause.by.at;
    let row = tx
        .row(
            "UPDATE tenants
                SET token_version = greatest(token_version + 1, $2), session_floor = greatest(session_floor + 1, $2)
              WHERE id = $1 RETURNING token_version, session_floor",
            &[&tenant.0, &now.as_millis()],
        )
        .await?;
    let (version, floor) = pair(row)?;
    note_raise(tx, tenant, None, floor, cause).await?;
    let draft = Draft {
        key: MarkKey::Tenant(tenant),
        tenant: None,
        min_version: Some(version),
        least: cause.least,
        user: None,
        at: now,
        reason: cause.reason,
        by: cause.by.actor,
    };
    let entry = append(tx, draft).await?;
    let standing =
        Standing { tenant_token_version: version, tenant_session_floor: floor, ..Standing::default() };
    Ok((entry, standing))
}

/// A user's versions and floors, and its tenant's.
pub(crate) async fn standing_of(conn: &Conn, tenant: TenantId, user: UserId) -> Outcome<Standing> {
    read_standing(conn, tenant, user, false).await
}

async fn read_standing(conn: &Conn, tenant: TenantId, user: UserId, foreign: bool) -> Outcome<Standing> {
    let row = conn
        .row(
            "SELECT users.token_version, users.session_floor, tenants.token_version, tenants.session_floor
               FROM users JOIN tenants ON tenants.id = users.tenant_id
              WHERE users.tenant_id = $1 AND users.id = $2 AND ($3 OR users.deleted_at IS NULL)",
            &[&tenant.0, &user.0, &foreign],
        )
        .await?
        .ok_or(StoreError::NotFound)?;
    let mut cells = Cells::new(&row);
    Ok(Standing {
        token_version: cells.take()?,
        session_floor: cells.take()?,
        tenant_token_version: cells.take()?,
        tenant_session_floor: cells.take()?,
    })
}

/// The version that the user has now, and the floor.
async fn raise_row(
    tx: &Tx,
    tenant: TenantId,
    user: UserId,
    raise: Raise,
    now: Timestamp,
) -> Outcome<(i64, i64)> {
    let (floor, foreign) = (!matches!(raise, Raise::Version), raise.is_foreign());
    let row = tx
        .row(
            "UPDATE users
                SET token_version = greatest(token_version + 1, $3),
                    session_floor = CASE WHEN $4 THEN greatest(session_floor + 1, $3) ELSE session_floor END
              WHERE tenant_id = $1 AND id = $2 AND ($5 OR deleted_at IS NULL)
              RETURNING token_version, session_floor",
            &[&tenant.0, &user.0, &now.as_millis(), &floor, &foreign],
        )
        .await?;
    pair(row)
}

fn pair(row: Option<Row>) -> Outcome<(i64, i64)> {
    let row = row.ok_or(StoreError::NotFound)?;
    let mut cells = Cells::new(&row);
    Ok((cells.take()?, cells.take()?))
}

/// Remembers how the sessions below a floor were ended.
async fn note_raise(
    tx: &Tx,
    tenant: TenantId,
    user: Option<UserId>,
    floor: i64,
    cause: &Cause<'_>,
) -> Outcome<()> {
    tx.execute(
        "INSERT INTO floor_raises (tenant_id, user_id, floor, at, reason, raised_by)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            &tenant.0,
            &user.map(|id| id.0),
            &floor,
            &cause.by.at.as_millis(),
            &cause.reason,
            &cause.by.actor.to_string(),
        ],
    )
    .await?;
    Ok(())
}

async fn lift(tx: &Tx, spare: Option<SessionId>, floor: i64) -> Outcome<()> {
    if let Some(spare) = spare {
        tx.execute("UPDATE sessions SET user_floor = $2 WHERE id = $1", &[&spare.0, &floor]).await?;
    }
    Ok(())
}
