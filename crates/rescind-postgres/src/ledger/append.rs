//! Writing entries.

use rescind::clock::Timestamp;
use rescind::id::{TenantId, UserId};
use rescind::ledger::{Draft, Entry, Mark, MarkKey};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::{Outcome, corrupt};
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
    let about = about(tx, &entry).await?;
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

/// Writes many entries with two statements, for one who has the turn.
pub(crate) async fn append_all_in_turn(
    tx: &Tx,
    drafts: Vec<Draft<'_>>,
    at: Timestamp,
) -> Outcome<Vec<Entry>> {
    let count = i64::try_from(drafts.len()).unwrap_or(i64::MAX);
    let (last, horizon) = tx.next_seqs(count, at).await?;
    let seqs = last - count + 1..;
    let entries: Vec<_> =
        drafts.into_iter().zip(seqs).map(|(draft, seq)| draft.into_entry(seq, horizon)).collect();
    let mut abouts = Vec::with_capacity(entries.len());
    for entry in &entries {
        abouts.push(about(tx, entry).await?.map(|id| id.0));
    }
    insert_all(tx, &entries, &abouts).await?;
    Ok(entries)
}

async fn insert_all(tx: &Tx, entries: &[Entry], abouts: &[Option<Uuid>]) -> Outcome<()> {
    let (keys, spelled): (Vec<_>, Vec<_>) = entries.iter().map(|entry| key_bytes(&entry.mark.key)).unzip();
    tx.execute(
        "INSERT INTO ledger (seq, kind, key, spelled, tenant_id, about_tenant, user_id, min_version, expires_at,
                             revoked_at, reason, revoked_by)
         SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::boolean[], $5::uuid[], $6::uuid[],
                              $7::uuid[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[])",
        &[
            &column(entries, |entry| entry.seq),
            &column(entries, |entry| entry.mark.kind().as_str()),
            &keys,
            &spelled,
            &column(entries, |entry| entry.mark.tenant.map(|id| id.0)),
            &abouts,
            &column(entries, |entry| entry.user.map(|id| id.0)),
            &column(entries, |entry| entry.mark.min_version),
            &column(entries, |entry| entry.mark.expires_at.as_millis()),
            &column(entries, |entry| entry.revoked_at.as_millis()),
            &column(entries, |entry| entry.reason.as_deref()),
            &column(entries, |entry| entry.revoked_by.to_string()),
        ],
    )
    .await?;
    Ok(())
}

/// One column of many rows.
pub(crate) fn column<'i, I, T>(items: &'i [I], cell: impl Fn(&'i I) -> T) -> Vec<T> {
    items.iter().map(cell).collect()
}

/// In whose lists an entry is shown.
async fn about(conn: &Conn, entry: &Entry) -> Outcome<Option<TenantId>> {
    match (&entry.mark.key, entry.mark.tenant, entry.user) {
        (MarkKey::Tenant(id), ..) => Ok(Some(*id)),
        (_, None, Some(user)) => only_tenant_of(conn, user).await,
        (_, tenant, _) => Ok(tenant),
    }
}

/// In whose lists an entry is shown that holds for everybody's tokens and names a user: the tenant of the one user with that id.
/// Who was never here, but for a cut of another issuer's user, is none.
async fn only_tenant_of(conn: &Conn, user: UserId) -> Outcome<Option<TenantId>> {
    let rows = conn.rows("SELECT tenant_id FROM users WHERE id = $1 AND (deleted_at IS NULL OR sessions_opened > 0) LIMIT 2", &[&user.0]).await?;
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

/// The newest entry of each mark's identity, where there is one.
pub(crate) async fn all_standing(conn: &Conn, marks: &[&Mark]) -> Outcome<Vec<Option<Entry>>> {
    let (keys, spelled): (Vec<_>, Vec<_>) = marks.iter().map(|mark| key_bytes(&mark.key)).unzip();
    let rows = conn
        .rows(
            &format!(
                "SELECT stands.*, held.place
                   FROM unnest($1::text[], $2::bytea[], $3::boolean[], $4::uuid[])
                            WITH ORDINALITY AS held (kind, key, spelled, tenant_id, place)
                  CROSS JOIN LATERAL (
                        SELECT {ENTRY_COLUMNS} FROM ledger
                         WHERE ledger.key = held.key AND ledger.kind = held.kind AND ledger.spelled = held.spelled
                           AND ledger.tenant_id IS NOT DISTINCT FROM held.tenant_id
                         ORDER BY seq DESC LIMIT 1) AS stands"
            ),
            &[
                &column(marks, |mark| mark.kind().as_str()),
                &keys,
                &spelled,
                &column(marks, |mark| mark.tenant.map(|id| id.0)),
            ],
        )
        .await?;
    let mut standing = vec![None; marks.len()];
    for row in &rows {
        let place: i64 = row.get(row.len() - 1);
        let at = usize::try_from(place - 1).map_err(|_| corrupt("a place that is none"))?;
        standing[at] = Some(entry(row)?);
    }
    Ok(standing)
}
