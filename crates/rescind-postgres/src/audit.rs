//! The audit trail, written in the transaction of what it records.

use rescind::audit::{Actor, AuditEntry, AuditFilter, AuditStore, Record, Target};
use rescind::entropy::uuid_v7;
use rescind::id::{AuditId, TenantId, UserId};
use rescind::store::{Answer, Page, PageRequest, Provenance};
use tokio_postgres::Row;

use crate::PostgresStore;
use crate::conn::Conn;
use crate::error::Outcome;
use crate::ledger::column;
use crate::page::{Conditions, borrowed, or_edge, page};
use crate::row::Cells;
use crate::tx::{Tx, read};

impl AuditStore for PostgresStore {
    fn audit_entries<'a>(
        &'a self,
        filter: &'a AuditFilter,
        page: &'a PageRequest,
    ) -> Answer<'a, Page<AuditEntry>> {
        read!(self, |conn| list(conn, filter, page))
    }
}

/// Records an act of `by.actor`.
pub(crate) async fn record(tx: &Tx, by: &Provenance, record: &Record<'_>) -> Outcome<()> {
    record_as(tx, by.actor, by, record).await
}

/// Records an act of somebody else than who gave rise to it.
pub(crate) async fn record_as(tx: &Tx, actor: Actor, by: &Provenance, record: &Record<'_>) -> Outcome<()> {
    tx.execute(
        "INSERT INTO audit (id, at, action, actor, actor_id, target_kind, target_id, tenant_id, user_id, reason,
                            ip, request_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &[
            &uuid_v7(by.at, tx.entropy()),
            &by.at.as_millis(),
            &record.action,
            &actor.to_string(),
            &actor.id(),
            &record.target.kind,
            &record.target.id,
            &record.tenant.map(|id| id.0),
            &record.user.map(|id| id.0),
            &record.reason,
            &by.ip.map(|ip| ip.to_string()),
            &by.request_id,
        ],
    )
    .await?;
    Ok(())
}

/// Records many acts with one statement.
pub(crate) async fn record_all(tx: &Tx, by: &Provenance, records: &[Record<'_>]) -> Outcome<()> {
    tx.execute(
        "INSERT INTO audit (id, action, target_kind, target_id, tenant_id, user_id, reason,
                            at, actor, actor_id, ip, request_id)
         SELECT *, $8::bigint, $9::text, $10::text, $11::text, $12::text
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[])",
        &[
            &column(records, |_| uuid_v7(by.at, tx.entropy())),
            &column(records, |record| record.action),
            &column(records, |record| record.target.kind),
            &column(records, |record| record.target.id.as_deref()),
            &column(records, |record| record.tenant.map(|id| id.0)),
            &column(records, |record| record.user.map(|id| id.0)),
            &column(records, |record| record.reason),
            &by.at.as_millis(),
            &by.actor.to_string(),
            &by.actor.id(),
            &by.ip.map(|ip| ip.to_string()),
            &by.request_id,
        ],
    )
    .await?;
    Ok(())
}

/// Erases the addresses from which a user acted, and was acted upon. A user's id means the user of that tenant only, but
/// for one of the system's own tenant, who acts in all of them.
pub(crate) async fn erase_addresses(tx: &Tx, tenant: TenantId, user: UserId, system: bool) -> Outcome<()> {
    tx.execute(
        "UPDATE audit SET ip = NULL WHERE user_id = $2 AND tenant_id = $1 AND ip IS NOT NULL",
        &[&tenant.0, &user.0],
    )
    .await?;
    tx.execute(
        "UPDATE audit SET ip = NULL
          WHERE actor_id = $2 AND actor = $3 AND ip IS NOT NULL AND ($4 OR tenant_id = $1)",
        &[&tenant.0, &user.to_string(), &Actor::User(user).to_string(), &system],
    )
    .await?;
    Ok(())
}

async fn list(conn: &Conn, filter: &AuditFilter, request: &PageRequest) -> Outcome<Page<AuditEntry>> {
    let before = request.from_number('a')?;
    let limit = request.items();
    let edge = edge(conn, filter, before).await?;
    let (sql, values) = conditions(filter, before, edge).finish("row DESC", limit);
    let rows = conn.rows_by_values(&sql, &borrowed(&values)).await?;
    let cursor = |row: i64| format!("a{row}");
    let listed = page(&rows, limit, entry, |item| cursor(item.0))?.map(|(_, entry)| entry);
    Ok(or_edge(listed, edge.map(cursor)))
}

/// The last row that a page looks at which looks at no more than the filter says: of those that fulfil the condition with the fewest rows, as
/// a rule, and an index.
async fn edge(conn: &Conn, filter: &AuditFilter, before: Option<i64>) -> Outcome<Option<i64>> {
    let Some(walk) = filter.walk else { return Ok(None) };
    let mut conditions = Conditions::new("SELECT row FROM audit WHERE true".to_owned());
    if let Some(request) = &filter.request {
        conditions.and("request_id = ?", request.clone());
    } else if let Some(target) = &filter.target {
        conditions.and("target_id = ?", target.clone());
    } else if let Some(user) = filter.user {
        conditions.and("user_id = ?", user.0);
    } else if let Some(actor) = &filter.actor {
        conditions.and("actor_id = ?", actor.clone());
    } else if let Some(tenant) = filter.tenant {
        conditions.and("tenant_id = ?", tenant.0);
    } else if let Some(action) = &filter.action {
        conditions.and("action = ?", action.clone());
    }
    if let Some(before) = before {
        conditions.and("row < ?", before);
    }
    let (sql, values) = conditions.edge("row DESC", walk);
    Ok(conn.rows_by_values(&sql, &borrowed(&values)).await?.first().map(|row| row.get(0)))
}

fn conditions(filter: &AuditFilter, before: Option<i64>, edge: Option<i64>) -> Conditions {
    let mut conditions = Conditions::new(
        "SELECT row, id, at, action, actor, target_kind, target_id, tenant_id, reason, ip, request_id
           FROM audit WHERE true"
            .to_owned(),
    );
    if let Some(before) = before {
        conditions.and("row < ?", before);
    }
    if let Some(edge) = edge {
        conditions.and("row >= ?", edge);
    }
    if let Some(user) = filter.user {
        conditions.and("user_id = ?", user.0);
    }
    if let Some(tenant) = filter.tenant {
        conditions.and("tenant_id = ?", tenant.0);
    }
    if let Some(actor) = &filter.actor {
        conditions.and("actor_id = ?", actor.clone());
    }
    if let Some(target) = &filter.target {
        conditions.and("target_id = ?", target.clone());
    }
    if let Some(action) = &filter.action {
        conditions.and("action = ?", action.clone());
    }
    if let Some(request) = &filter.request {
        conditions.and("request_id = ?", request.clone());
    }
    if let Some(since) = filter.since {
        conditions.and("at >= ?", since.as_millis());
    }
    if !filter.actions.is_empty() {
        conditions.and(
            "action = ANY(?)",
            filter.actions.iter().map(|action| (*action).to_owned()).collect::<Vec<_>>(),
        );
    }
    conditions
}

fn entry(row: &Row) -> Outcome<(i64, AuditEntry)> {
    let mut cells = Cells::new(row);
    let place = cells.take()?;
    let entry = AuditEntry {
        id: cells.id(AuditId)?,
        at: cells.time()?,
        action: cells.take()?,
        actor: cells.word()?,
        target: Target { kind: Target::shown_kind(cells.take()?), id: cells.take()? },
        tenant_id: cells.maybe_id(TenantId)?,
        reason: cells.take()?,
        ip: cells.maybe_word()?,
        request_id: cells.take()?,
    };
    Ok((place, entry))
}
