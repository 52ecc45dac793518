//! What stands of marks that are asked for by name.

use rescind::ledger::{Mark, MarkIdentity};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Outcome;
use crate::row::{Cells, key_bytes, mark};

/// Each identity's entries are found by the index, and are few: an entry is purged when all that it kills has expired.
pub(crate) async fn marks(conn: &Conn, identities: &[MarkIdentity]) -> Outcome<Vec<Mark>> {
    if identities.is_empty() {
        return Ok(Vec::new());
    }
    let kinds: Vec<&str> = identities.iter().map(|identity| identity.key.kind().as_str()).collect();
    let (keys, spelled): (Vec<Vec<u8>>, Vec<bool>) =
        identities.iter().map(|identity| key_bytes(&identity.key)).unzip();
    let tenants: Vec<Option<Uuid>> =
        identities.iter().map(|identity| identity.tenant.map(|id| id.0)).collect();
    let rows = conn
        .rows(
            "SELECT ledger.kind, ledger.key, ledger.spelled, ledger.tenant_id,
                    CASE WHEN count(ledger.min_version) = count(*) THEN max(ledger.min_version) END,
                    max(ledger.expires_at)
               FROM unnest($1::text[], $2::bytea[], $3::boolean[], $4::uuid[])
                      AS asked (kind, key, spelled, tenant_id)
               JOIN ledger
                 ON ledger.key = asked.key AND ledger.kind = asked.kind AND ledger.spelled = asked.spelled
                AND ledger.tenant_id IS NOT DISTINCT FROM asked.tenant_id
              GROUP BY ledger.kind, ledger.key, ledger.spelled, ledger.tenant_id",
            &[&kinds, &keys, &spelled, &tenants],
        )
        .await?;
    rows.iter().map(|row| mark(&mut Cells::new(row))).collect()
}
