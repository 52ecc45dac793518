//! Deleting a user: everything ends, and what is personal is erased.

use rescind::audit::{Record, Target, action};
use rescind::clock::Timestamp;
use rescind::directory::Changed;
use rescind::id::{TenantId, UserId};
use rescind::store::{Provenance, StoreError};

use crate::audit::{erase_addresses, record};
use crate::directory::users::{lock_credentials, must_leave_an_operator};
use crate::directory::{Cause, Raise, raise_user};
use crate::error::Outcome;
use crate::ledger::count_user;
use crate::tx::Tx;

pub(crate) async fn delete_user(
    tx: &Tx,
    tenant: TenantId,
    user: UserId,
    may_touch_admins: bool,
    access_exp: Timestamp,
    by: &Provenance,
) -> Outcome<Changed<()>> {
    let before = lock_credentials(tx, tenant, user).await?;
    if before.user.is_admin() && !may_touch_admins {
        return Err(StoreError::Forbidden.into());
    }
    let revoked = count_user(tx, tenant, user, None, by.at).await?;
    erase_from_sessions(tx, tenant, user).await?;
    let cause = Cause { least: access_exp, reason: Some(action::USER_DELETED), by };
    let entry = raise_user(tx, tenant, user, Raise::Floor { spare: None }, &cause).await?;
    bury(tx, tenant, user, by.at).await?;
    must_leave_an_operator(tx, &before).await?;
    let target = Target::new("user", user);
    let act =
        Record { action: action::USER_DELETED, target, tenant: Some(tenant), user: Some(user), reason: None };
    record(tx, by, &act).await?;
    // Last, so that the address of one who deletes itself goes as well.
    erase_addresses(tx, tenant, user, before.tenant.is_system()).await?;
    Ok(Changed { value: (), entries: vec![entry], revoked })
}

async fn erase_from_sessions(tx: &Tx, tenant: TenantId, user: UserId) -> Outcome<()> {
    tx.execute(
        "UPDATE sessions SET device_name = NULL, user_agent = NULL, ip = NULL, claims = '{}'
          WHERE tenant_id = $1 AND user_id = $2",
        &[&tenant.0, &user.0],
    )
    .await?;
    Ok(())
}

/// Leaves a tombstone: the id, the versions and the count of its sessions.
async fn bury(tx: &Tx, tenant: TenantId, user: UserId, at: Timestamp) -> Outcome<()> {
    tx.execute(
        "UPDATE users SET email = NULL, role = NULL, password = NULL, disabled = false, deleted_at = $3
          WHERE tenant_id = $1 AND id = $2",
        &[&tenant.0, &user.0, &at.as_millis()],
    )
    .await?;
    Ok(())
}
