//! Listing entries.

use rescind::id::TenantId;
use rescind::ledger::{CutKind, Entry, EntryFilter, MarkKey, TokenKey};
use rescind::store::{Page, PageRequest, StoreError};

use crate::conn::Conn;
use crate::error::Outcome;
use crate::ledger::standing;
use crate::page::{Conditions, borrowed, page};
use crate::row::{ENTRY_COLUMNS, entry, key_bytes};
use crate::session::owner_of;

/// The newest entry for this token: of its jti, or else, where the jti is known, of its session.
pub(crate) async fn token_entry(conn: &Conn, key: &TokenKey, tenant: Option<TenantId>) -> Outcome<Entry> {
    if let Some(entry) = by_jti(conn, key, tenant).await? {
        return Ok(entry);
    }
    let owner = owner_of(conn, key).await?;
    if tenant.is_some_and(|tenant| tenant != owner.tenant) {
        return Err(StoreError::NotFound.into());
    }
    standing(conn, Some(owner.tenant), &MarkKey::Session(owner.session))
        .await?
        .ok_or_else(|| StoreError::NotFound.into())
}

async fn by_jti(conn: &Conn, key: &TokenKey, tenant: Option<TenantId>) -> Outcome<Option<Entry>> {
    let (bytes, spelled) = key_bytes(&MarkKey::Token(key.clone()));
    let row = conn
        .row(
            &format!(
                "SELECT {ENTRY_COLUMNS} FROM ledger
                  WHERE key = $1 AND kind = 'token' AND spelled = $2
                    AND ($3::uuid IS NULL OR tenant_id IS NULL OR tenant_id = $3)
                  ORDER BY seq DESC LIMIT 1"
            ),
            &[&bytes, &spelled, &tenant.map(|id| id.0)],
        )
        .await?;
    row.as_ref().map(entry).transpose()
}

pub(crate) async fn entries(
    conn: &Conn,
    filter: &EntryFilter,
    request: &PageRequest,
) -> Outcome<Page<Entry>> {
    let before = request.from_number('r')?;
    let mut conditions = Conditions::new(format!("SELECT {ENTRY_COLUMNS} FROM ledger WHERE true"));
    if let Some(before) = before {
        conditions.and("seq < ?", before);
    }
    if let Some(user) = filter.user {
        conditions.and("user_id = ?", user.0);
    }
    if let Some(tenant) = filter.tenant {
        conditions.and("about_tenant = ?", tenant.0);
    }
    if let Some(kind) = filter.kind {
        // Said in the words of the index, which leaves tokens out.
        let condition = if kind == CutKind::Token { "kind = ?" } else { "kind <> 'token' AND kind = ?" };
        conditions.and(condition, kind.as_str());
    }
    if let Some(actor) = filter.actor {
        conditions.and("revoked_by = ?", actor.to_string());
    }
    if let Some(since) = filter.since {
        conditions.and("revoked_at >= ?", since.as_millis());
    }
    let limit = request.items();
    let (sql, values) = conditions.finish("seq DESC", limit);
    let rows = conn.rows(&sql, &borrowed(&values)).await?;
    page(&rows, limit, entry, |entry| format!("r{}", entry.seq))
}
