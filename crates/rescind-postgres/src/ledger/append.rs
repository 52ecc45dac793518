//! Writing entries.

use rescind::id::{TenantId, UserId};
use rescind::ledger::{Draft, Entry, MarkKey};

use crate::conn::Conn;
use crate::error::Outcome;
use crate::row::{Cells, ENTRY_COLUMNS, entry, key_bytes};
use crate::tx::Tx;

/// Writes an entry. Takes the turn, and so comes after every other lock.
pub(crate) async fn append(tx: &Tx, draft: Draft<'_>) -> Outcome<Entry> {
    tx.take_turn().await?;
    append_in_turn(tx, draft).await
}

/// The same, for one who has the turn.
pub(crate) async fn append_in_turn(tx: &Tx, draft: Draft<'_>) -> Outcome<Entry> {
    let (seq, horizon) = tx.next_seq(draft.at).await?;
    let entry = draft.into_entry(seq, horizon);
    let mark = &entry.mark;
    let about = match (&mark.key, mark.tenant, entry.user) {
        (MarkKey::Tenant(id), ..) => Some(*id),
        (_, None, Some(user)) => only_tenant_of(tx, user).await?,
        (_, tenant, _) => tenant,
    };
    let (key, spelled) = key_bytes(&mark.key);
    tx.execute(
        "INSERT INTO ledger (seq, kind, key, spelled, tenant_id, about_tenant, user_id, min_version, expires_at,
                             revoked_at, reason, revoked_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &[
            &entry.seq,
            &mark.kind().as_str(),
            &key,
            &spelled,
            &mark.tenant.map(|id| id.0),
            &about.map(|id| id.0),
            &entry.user.map(|id| id.0),
            &mark.min_version,
            &mark.expires_at.as_millis(),
            &entry.revoked_at.as_millis(),
            &entry.reason,
            &entry.revoked_by.to_string(),
        ],
    )
    .await?;
    Ok(entry)
}

/// In whose lists an entry is shown that holds for everybody's tokens and names a user: the tenant of the one user with that id.
async fn only_tenant_of(conn: &Conn, user: UserId) -> Outcome<Option<TenantId>> {
    let rows = conn.rows("SELECT tenant_id FROM users WHERE id = $1 LIMIT 2", &[&user.0]).await?;
    match rows.as_slice() {
        [only] => Ok(Some(Cells::new(only).id(TenantId)?)),
        _ => Ok(None),
    }
}

/// The newest entry of a mark's identity.
pub(crate) async fn standing(conn: &Conn, tenant: Option<TenantId>, key: &MarkKey) -> Outcome<Option<Entry>> {
    let (bytes, spelled) = key_bytes(key);
    let row = conn
        .row(
            &format!(
                "SELECT {ENTRY_COLUMNS} FROM ledger
                  WHERE key = $1 AND kind = $2 AND spelled = $3 AND tenant_id IS NOT DISTINCT FROM $4
                  ORDER BY seq DESC LIMIT 1"
            ),
            &[&bytes, &key.kind().as_str(), &spelled, &tenant.map(|id| id.0)],
        )
        .await?;
    row.as_ref().map(entry).transpose()
}
