//! Listing entries.

use rescind::id::TenantId;
use rescind::ledger::{CutKind, Entry, EntryFilter, MarkKey, TokenKey};
use rescind::store::{Page, PageRequest, StoreError};

use crate::conn::Conn;
use crate::error::Outcome;
use crate::ledger::standing;
use crate::page::{Conditions, borrowed, or_edge, page};
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
    let edge = edge(conn, filter, before).await?;
    let mut conditions = Conditions::new(format!("SELECT {ENTRY_COLUMNS} FROM ledger WHERE true"));
    if let Some(before) = before {
        conditions.and("seq < ?", before);
    }
    if let Some(edge) = edge {
        conditions.and("seq >= ?", edge);
    }
    if let Some(user) = filter.user {
        conditions.and("user_id = ?", user.0);
    }
    if let Some(tenant) = filter.tenant {
        conditions.and("about_tenant = ?", tenant.0);
    }
    if let Some(kind) = filter.kind {
        conditions.and(of_kind(kind), kind.as_str());
    }
    if let Some(actor) = filter.actor {
        conditions.and("revoked_by = ?", actor.to_string());
    }
    if let Some(since) = filter.since {
        conditions.and("revoked_at >= ?", since.as_millis());
    }
    let limit = request.items();
    let (sql, values) = conditions.finish("seq DESC", limit);
    let rows = conn.rows_by_values(&sql, &borrowed(&values)).await?;
    let cursor = |seq: i64| format!("r{seq}");
    Ok(or_edge(page(&rows, limit, entry, |entry| cursor(entry.seq))?, edge.map(cursor)))
}

/// The last entry that a page looks at which looks at no more than the filter says: of those that fulfil the condition with the fewest
/// entries, as a rule, and an index.
async fn edge(conn: &Conn, filter: &EntryFilter, before: Option<i64>) -> Outcome<Option<i64>> {
    let Some(walk) = filter.walk else { return Ok(None) };
    let mut conditions = Conditions::new("SELECT seq FROM ledger WHERE true".to_owned());
    if let Some(user) = filter.user {
        conditions.and("user_id = ?", user.0);
    } else if let Some(tenant) = filter.tenant {
        conditions.and("about_tenant = ?", tenant.0);
    } else if let Some(kind) = filter.kind.filter(|kind| *kind != CutKind::Token) {
        conditions.and(of_kind(kind), kind.as_str());
    } else if let Some(actor) = filter.actor {
        conditions.and("revoked_by = ?", actor.to_string());
    }
    if let Some(before) = before {
        conditions.and("seq < ?", before);
    }
    let (sql, values) = conditions.edge("seq DESC", walk);
    Ok(conn.rows_by_values(&sql, &borrowed(&values)).await?.first().map(|row| row.get(0)))
}

/// Said in the words of the index, which leaves tokens out.
fn of_kind(kind: CutKind) -> &'static str {
    if kind == CutKind::Token { "kind = ?" } else { "kind <> 'token' AND kind = ?" }
}
