//! What stands of marks that are asked for by name.

use rescind::ledger::{Mark, MarkIdentity};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::error::Outcome;
use crate::row::{Cells, bytes_of, key_value, mark};

/// Each identity's entries are found by the index, and are few: an entry is purged when all that it kills has expired.
pub(crate) fn marks(conn: &Connection, identities: &[MarkIdentity]) -> Outcome<Vec<Mark>> {
    if identities.is_empty() {
        return Ok(Vec::new());
    }
    // A token has about as many candidates as the next one: the statement is prepared once for each number of them.
    let asked = vec!["(?, ?, ?)"; identities.len()].join(", ");
    let mut statement = conn.prepare_cached(&format!(
        "WITH asked (kind, key, tenant_id) AS (VALUES {asked})
         SELECT ledger.kind, ledger.key, ledger.tenant_id,
                CASE WHEN count(ledger.min_version) = count(*) THEN max(ledger.min_version) END,
                max(ledger.expires_at)
           FROM asked CROSS JOIN ledger
             ON ledger.key = asked.key AND ledger.kind = asked.kind AND ledger.tenant_id IS asked.tenant_id
          GROUP BY ledger.kind, ledger.key, ledger.tenant_id"
    ))?;
    let mut rows = statement.query(params_from_iter(identities.iter().flat_map(values)))?;
    let mut marks = Vec::new();
    while let Some(row) = rows.next()? {
        marks.push(mark(&mut Cells::new(row))?);
    }
    Ok(marks)
}

fn values(identity: &MarkIdentity) -> [Value; 3] {
    let kind = identity.key.kind().as_str().to_owned().into();
    let tenant = bytes_of(identity.tenant, |id| id.0).map(|bytes| bytes.to_vec());
    [kind, key_value(&identity.key), tenant.into()]
}
