//! The first start.

use rescind::audit::action;
use rescind::directory::FirstStart;

use crate::directory::{tenants, users};
use crate::error::Outcome;
use crate::writer::Tx;

/// Makes the reserved tenants and the first operator, unless there is a tenant already.
pub(crate) fn first_start(tx: &Tx<'_>, first: &FirstStart) -> Outcome<bool> {
    if tx.prepare_cached("SELECT 1 FROM tenants LIMIT 1")?.exists(())? {
        return Ok(false);
    }
    tenants::create(tx, &first.system, &first.by)?;
    tenants::create(tx, &first.default, &first.by)?;
    users::create(tx, &first.operator, action::USER_CREATED, &first.by)?;
    Ok(true)
}
