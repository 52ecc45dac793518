//! Naming a session's device.

use rescind::audit::{Record, Target, action};
use rescind::id::{SessionId, TenantId, UserId};
use rescind::session::Session;
use rescind::store::{Provenance, StoreError};

use crate::audit::record;
use crate::error::Outcome;
use crate::session::find_session;
use crate::tx::Tx;

pub(crate) async fn rename(
    tx: &Tx,
    id: SessionId,
    tenant: TenantId,
    user: UserId,
    name: &str,
    by: &Provenance,
) -> Outcome<Session> {
    let changed = tx
        .execute(
            "UPDATE sessions SET device_name = $4 WHERE id = $1 AND tenant_id = $2 AND user_id = $3",
            &[&id.0, &tenant.0, &user.0, &name],
        )
        .await?;
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
    record(tx, by, &act).await?;
    Ok(find_session(tx, id, Some(tenant)).await?.show(by.at))
}
