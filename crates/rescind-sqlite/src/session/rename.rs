//! Naming a session's device.

use rescind::audit::{Record, Target, action};
use rescind::id::{SessionId, TenantId, UserId};
use rescind::session::Session;
use rescind::store::{Provenance, StoreError};

use crate::audit::record;
use crate::error::Outcome;
use crate::row::bytes;
use crate::session::find_session;
use crate::session::status::show;
use crate::writer::Tx;

pub(crate) fn rename(
    tx: &Tx<'_>,
    id: SessionId,
    tenant: TenantId,
    user: UserId,
    name: &str,
    by: &Provenance,
) -> Outcome<Session> {
    let changed = tx
        .prepare_cached(
            "UPDATE sessions SET device_name = ?4 WHERE id = ?1 AND tenant_id = ?2 AND user_id = ?3",
        )?
        .execute((bytes(id.0), bytes(tenant.0), bytes(user.0), name))?;
    if changed == 0 {
        return Err(StoreError::NotFound.into());
    }
    let act = Record {
        action: action::SESSION_RENAMED,
        target: Target::new("session", id),
        tenant: Some(tenant),
        user: Some(user),
        reason: None,
    };
    record(tx, by, &act)?;
    show(tx, find_session(tx, id, Some(tenant))?, by.at)
}
