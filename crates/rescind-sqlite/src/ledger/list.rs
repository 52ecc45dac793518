//! Listing entries.

use rescind::id::TenantId;
use rescind::ledger::{CutKind, Entry, EntryFilter, MarkKey, TokenKey};
use rescind::store::{Page, PageRequest, StoreError};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use crate::error::{Outcome, optional};
use crate::ledger::standing;
use crate::page::{self, Conditions, Walk};
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
    let id = |id: uuid::Uuid| Value::Blob(bytes(id).to_vec());
    let user = || Some(("user_id = ?", id(filter.user?.0)));
    let tenant = || Some(("about_tenant = ?", id(filter.tenant?.0)));
    let kind = || filter.kind.filter(|kind| *kind != CutKind::Token).map(|kind| (OF_KIND, word(kind)));
    let actor = || Some(("revoked_by = ?", filter.actor?.to_string().into()));
    user().or_else(tenant).or_else(kind).or_else(actor)
}

/// Said in the words of the index, which leaves tokens out.
const OF_KIND: &str = "kind <> 'token' AND kind = ?";

fn word(kind: CutKind) -> Value {
    kind.as_str().to_owned().into()
}

/// The conditions that apply, and no others: each combination has its own plan, by the index of the condition that narrows the most.
pub(crate) fn query(filter: &EntryFilter, before: Option<i64>, edge: Option<i64>) -> (String, Vec<Value>) {
    let within = within(filter).map(|(condition, _)| condition);
    let mut conditions = Conditions::new(&format!("SELECT {ENTRY_COLUMNS} FROM ledger WHERE true"), within);
    let id = |id: uuid::Uuid| Value::Blob(bytes(id).to_vec());
    conditions.and("seq < ?", before.map(Value::from));
    conditions.and("seq >= ?", edge.map(Value::from));
    conditions.or_by_index("user_id = ?", filter.user.map(|user| id(user.0)));
    conditions.or_by_index("about_tenant = ?", filter.tenant.map(|tenant| id(tenant.0)));
    let of_kind = if within == Some(OF_KIND) { OF_KIND } else { "+kind = ?" };
    conditions.and(of_kind, filter.kind.map(word));
    conditions.or_by_index("revoked_by = ?", filter.actor.map(|actor| actor.to_string().into()));
    conditions.and("revoked_at >= ?", filter.since.map(|since| since.as_millis().into()));
    let (mut sql, values) = conditions.finish();
    sql.push_str(" ORDER BY seq DESC");
    (sql, values)
}
