//! The first start.

use rescind::audit::action;
use rescind::directory::FirstStart;

use crate::directory::{tenants, users};
use crate::error::Outcome;
use crate::tx::Tx;

/// Makes the reserved tenants and the first operator, unless there is a tenant already. Of many nodes that start at once, one
/// does, and the others wait for it.
pub(crate) async fn first_start(tx: &Tx, first: &FirstStart) -> Outcome<bool> {
    if tx.exists("SELECT 1 FROM tenants LIMIT 1", &[]).await? {
        return Ok(false);
    }
    tx.take_turn().await?;
    if tx.exists("SELECT 1 FROM tenants LIMIT 1", &[]).await? {
        return Ok(false);
    }
    tenants::create(tx, &first.system, &first.by).await?;
    tenants::create(tx, &first.default, &first.by).await?;
    users::create(tx, &first.operator, action::USER_CREATED, &first.by).await?;
    Ok(true)
}
