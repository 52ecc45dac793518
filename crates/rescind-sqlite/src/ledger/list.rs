//! Listing entries.

use rescind::id::TenantId;
use rescind::ledger::{CutKind, Entry, EntryFilter, MarkKey, TokenKey};
use rescind::store::{Page, PageRequest, StoreError};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use crate::error::{Outcome, optional};
use crate::ledger::standing;
use crate::page::{self, Walk};
use crate::row::{ENTRY_COLUMNS, bytes, entry};
use crate::session::owner_of;

/// The newest entry for this token: of its jti, or else, where the jti is known, of its session.
pub(crate) fn token_entry(conn: &Connection, key: &TokenKey, tenant: Option<TenantId>) -> Outcome<Entry> {
    if let Some(entry) = by_jti(conn, key, tenant)? {
        return Ok(entry);
    }
    let owner = owner_of(conn, key)?;
    if tenant.is_some_and(|tenant| tenant != owner.tenant) {
        return Err(StoreError::NotFound.into());
    }
    standing(conn, Some(owner.tenant), &MarkKey::Session(owner.session))?
        .ok_or_else(|| StoreError::NotFound.into())
}

fn by_jti(conn: &Connection, key: &TokenKey, tenant: Option<TenantId>) -> Outcome<Option<Entry>> {
    let key = crate::row::key_value(&MarkKey::Token(key.clone()));
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {ENTRY_COLUMNS} FROM ledger
          WHERE key = ?1 AND kind = 'token' AND (?2 IS NULL OR tenant_id IS NULL OR tenant_id = ?2)
          ORDER BY seq DESC LIMIT 1"
    ))?;
    let mut rows = statement.query((key, tenant.map(|tenant| bytes(tenant.0))))?;
    match rows.next()? {
        Some(row) => optional(entry(row)),
        None => Ok(None),
    }
}

pub(crate) fn entries(conn: &Connection, filter: &EntryFilter, page: &PageRequest) -> Outcome<Page<Entry>> {
    let before = page.from_number('r')?;
    let walk = Walk { table: "ledger", key: "seq", within: within(filter), before };
    let edge = filter.walk.map(|rows| walk.edge(conn, rows)).transpose()?.flatten();
    let (sql, values) = query(filter, before, edge);
    let mut statement = conn.prepare_cached(&sql)?;
    let map = |row: &Row<'_>| entry(row).map(Some);
    let cursor = |seq: i64| format!("r{seq}");
    let listed = page::collect(&mut statement, params_from_iter(values), page.items(), map, |entry| {
        cursor(entry.seq)
    })?;
    Ok(page::or_edge(listed, edge.map(cursor)))
}

/// The condition with the fewest rows, as a rule, and an index.
fn within(filter: &EntryFilter) -> Option<(&'static str, Value)> {
    let user = || Some(("user_id = ?", Value::Blob(bytes(filter.user?.0).to_vec())));
    let actor = || Some(("revoked_by = ?", Value::Text(filter.actor?.to_string())));
    let kind = || filter.kind.filter(|kind| *kind != CutKind::Token).map(of_kind);
    let tenant = || Some(("about_tenant = ?", Value::Blob(bytes(filter.tenant?.0).to_vec())));
    user().or_else(kind).or_else(actor).or_else(tenant)
}

/// Said in the words of the index, which leaves tokens out.
fn of_kind(kind: CutKind) -> (&'static str, Value) {
    let condition = if kind == CutKind::Token { "kind = ?" } else { "kind <> 'token' AND kind = ?" };
    (condition, kind.as_str().to_owned().into())
}

/// The conditions that apply, and no others: each combination has its own plan.
fn query(filter: &EntryFilter, before: Option<i64>, edge: Option<i64>) -> (String, Vec<Value>) {
    let mut sql = format!("SELECT {ENTRY_COLUMNS} FROM ledger WHERE true");
    let mut values = Vec::new();
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        sql.push_str(" AND ");
        sql.push_str(condition);
    };
    if let Some(before) = before {
        add("seq < ?", before.into());
    }
    if let Some(edge) = edge {
        add("seq >= ?", edge.into());
    }
    if let Some(user) = filter.user {
        add("user_id = ?", bytes(user.0).to_vec().into());
    }
    if let Some(tenant) = filter.tenant {
        // By the user, where there is one: fewer rows than the tenant's.
        let condition = if filter.user.is_some() { "+about_tenant = ?" } else { "about_tenant = ?" };
        add(condition, bytes(tenant.0).to_vec().into());
    }
    if let Some(kind) = filter.kind {
        let (condition, kind) = of_kind(kind);
        add(condition, kind);
    }
    if let Some(actor) = filter.actor {
        add("revoked_by = ?", actor.to_string().into());
    }
    if let Some(since) = filter.since {
        add("revoked_at >= ?", since.as_millis().into());
    }
    sql.push_str(" ORDER BY seq DESC");
    (sql, values)
}
