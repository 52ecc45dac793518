//! The audit trail, written in the transaction of what it records.

use rescind::audit::{Actor, AuditEntry, AuditFilter, AuditStore, Record, Target};
use rescind::entropy::uuid_v7;
use rescind::id::{AuditId, TenantId, UserId};
use rescind::store::{Answer, Page, PageRequest, Provenance};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use crate::SqliteStore;
use crate::error::Outcome;
use crate::page::{self, Conditions, Walk};
use crate::row::{Cells, bytes, bytes_of};
use crate::writer::Tx;

impl AuditStore for SqliteStore {
    fn audit_entries<'a>(
        &'a self,
        filter: &'a AuditFilter,
        page: &'a PageRequest,
    ) -> Answer<'a, Page<AuditEntry>> {
        let (filter, page) = (filter.clone(), page.clone());
        self.read(move |conn| list(conn, &filter, &page))
    }
}

/// Records an act of `by.actor`.
pub(crate) fn record(tx: &Tx<'_>, by: &Provenance, record: &Record<'_>) -> Outcome<()> {
    record_as(tx, by.actor, by, record)
}

/// Records an act of somebody else than who gave rise to it.
pub(crate) fn record_as(tx: &Tx<'_>, actor: Actor, by: &Provenance, record: &Record<'_>) -> Outcome<()> {
    tx.prepare_cached(
        "INSERT INTO audit (id, at, action, actor, actor_id, target_kind, target_id, tenant_id, user_id, reason,
                            ip, request_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(rusqlite::params![
        bytes(uuid_v7(by.at, tx.entropy())),
        by.at.as_millis(),
        record.action,
        actor.to_string(),
        actor.id(),
        record.target.kind,
        record.target.id,
        bytes_of(record.tenant, |id| id.0),
        bytes_of(record.user, |id| id.0),
        record.reason,
        by.ip.map(|ip| ip.to_string()),
        by.request_id,
    ])?;
    Ok(())
}

/// Erases the addresses from which a user acted, and was acted upon. A user's id means the user of that tenant only, but
/// for one of the system's own tenant, who acts in all of them.
pub(crate) fn erase_addresses(tx: &Tx<'_>, tenant: TenantId, user: UserId, system: bool) -> Outcome<()> {
    tx.prepare_cached("UPDATE audit SET ip = NULL WHERE user_id = ?2 AND tenant_id = ?1 AND ip IS NOT NULL")?
        .execute((bytes(tenant.0), bytes(user.0)))?;
    tx.prepare_cached(
        "UPDATE audit SET ip = NULL
          WHERE actor_id = ?2 AND actor = ?3 AND ip IS NOT NULL AND (?4 OR tenant_id = ?1)",
    )?
    .execute((bytes(tenant.0), user.to_string(), Actor::User(user).to_string(), system))?;
    Ok(())
}

fn list(conn: &Connection, filter: &AuditFilter, page: &PageRequest) -> Outcome<Page<AuditEntry>> {
    let before = page.from_number('a')?;
    let walk = Walk { table: "audit", key: "row", within: within(filter), before };
    let edge = filter.walk.map(|rows| walk.edge(conn, rows)).transpose()?.flatten();
    let (sql, values) = query(filter, before, edge);
    let mut statement = conn.prepare_cached(&sql)?;
    let map = |row: &Row<'_>| entry(row).map(Some);
    let listed = page::collect(&mut statement, params_from_iter(values), page.items(), map, |item| {
        format!("a{}", item.0)
    })?;
    let listed = page::or_edge(listed, edge.map(|row| format!("a{row}")));
    Ok(listed.map(|(_, entry)| entry))
}

/// The condition with the fewest rows, as a rule, and an index.
fn within(filter: &AuditFilter) -> Option<(&'static str, Value)> {
    let text = |condition, value: &Option<String>| Some((condition, Value::Text(value.clone()?)));
    text("request_id = ?", &filter.request)
        .or_else(|| text("target_id = ?", &filter.target))
        .or_else(|| Some(("user_id = ?", Value::Blob(bytes(filter.user?.0).to_vec()))))
        .or_else(|| text("actor_id = ?", &filter.actor))
        .or_else(|| Some(("tenant_id = ?", Value::Blob(bytes(filter.tenant?.0).to_vec()))))
        .or_else(|| text("action = ?", &filter.action))
}

/// The conditions that apply, and no others: each combination has its own plan, by the index of the condition that narrows the most.
pub(crate) fn query(filter: &AuditFilter, before: Option<i64>, edge: Option<i64>) -> (String, Vec<Value>) {
    let select =
        "SELECT row, id, at, action, actor, target_kind, target_id, tenant_id, reason, ip, request_id
                    FROM audit WHERE true";
    let within = within(filter).map(|(condition, _)| condition);
    let mut conditions = Conditions::new(select, within);
    let id = |id: uuid::Uuid| Value::Blob(bytes(id).to_vec());
    conditions.and("row < ?", before.map(Value::from));
    conditions.and("row >= ?", edge.map(Value::from));
    conditions.or_by_index("user_id = ?", filter.user.map(|user| id(user.0)));
    conditions.or_by_index("tenant_id = ?", filter.tenant.map(|tenant| id(tenant.0)));
    conditions.or_by_index("actor_id = ?", filter.actor.clone().map(Value::from));
    conditions.or_by_index("target_id = ?", filter.target.clone().map(Value::from));
    conditions.or_by_index("action = ?", filter.action.clone().map(Value::from));
    conditions.or_by_index("request_id = ?", filter.request.clone().map(Value::from));
    conditions.and("at >= ?", filter.since.map(|since| since.as_millis().into()));
    let (mut sql, mut values) = conditions.finish();
    if !filter.actions.is_empty() {
        let marks = vec!["?"; filter.actions.len()].join(", ");
        // Not by an index: there may be a million of each.
        sql.push_str(&format!(" AND +action IN ({marks})"));
        values.extend(filter.actions.iter().map(|action| Value::from((*action).to_owned())));
    }
    sql.push_str(" ORDER BY row DESC");
    (sql, values)
}

fn entry(row: &Row<'_>) -> Outcome<(i64, AuditEntry)> {
    let mut cells = Cells::new(row);
    let place = cells.take()?;
    let entry = AuditEntry {
        id: cells.id(AuditId)?,
        at: cells.time()?,
        action: cells.take()?,
        actor: cells.word()?,
        target: Target { kind: Target::shown_kind(&cells.take::<String>()?), id: cells.take()? },
        tenant_id: cells.maybe_id(TenantId)?,
        reason: cells.take()?,
        ip: cells.maybe_word()?,
        request_id: cells.take()?,
    };
    Ok((place, entry))
}
