//! A user's sessions.

use rescind::session::{Session, SessionFilter};
use rescind::store::{Page, PageRequest};

use crate::conn::Conn;
use crate::error::Outcome;
use crate::row::{SESSION_SELECT, session_row};

/// A status is derived from more than a row, so it is told once the row is read; and rows are read a page at a time until
/// there are enough.
pub(crate) async fn sessions(
    conn: &Conn,
    filter: &SessionFilter,
    request: &PageRequest,
) -> Outcome<Page<Session>> {
    let limit = request.items();
    let mut before = request.from_number('s')?.unwrap_or(i64::MAX);
    let mut items: Vec<Session> = Vec::new();
    loop {
        let rows = newest_before(conn, filter, before, limit + 1).await?;
        let last = rows.len() <= limit;
        for session in rows {
            before = session.number;
            if filter.status.is_some_and(|wanted| !wanted.accepts(&session.status)) {
                continue;
            }
            if items.len() == limit {
                let next_cursor = items.last().map(|session| format!("s{}", session.number));
                return Ok(Page { items, next_cursor });
            }
            items.push(session);
        }
        if last {
            return Ok(Page { items, next_cursor: None });
        }
    }
}

async fn newest_before(
    conn: &Conn,
    filter: &SessionFilter,
    before: i64,
    limit: usize,
) -> Outcome<Vec<Session>> {
    let sql = format!(
        "{SESSION_SELECT}
          WHERE sessions.tenant_id = $1 AND sessions.user_id = $2 AND sessions.number < $3
          ORDER BY sessions.number DESC LIMIT $4"
    );
    let rows = conn.rows(&sql, &[&filter.tenant.0, &filter.user.0, &before, &(limit as i64)]).await?;
    rows.iter().map(|row| Ok(session_row(row)?.show(filter.now))).collect()
}
