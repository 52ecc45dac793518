//! A user's sessions.

use rescind::session::{Session, SessionFilter};
use rescind::store::{Page, PageRequest};
use rusqlite::{Connection, Row};

use crate::error::Outcome;
use crate::page;
use crate::row::{SESSION_SELECT, bytes, session_row};
use crate::session::status::show;

pub(crate) fn sessions(
    conn: &Connection,
    filter: &SessionFilter,
    page: &PageRequest,
) -> Outcome<Page<Session>> {
    let before = page.from_number('s')?.unwrap_or(i64::MAX);
    let mut statement = conn.prepare_cached(&format!(
        "{SESSION_SELECT}
          WHERE sessions.tenant_id = ?1 AND sessions.user_id = ?2 AND sessions.number < ?3
          ORDER BY sessions.number DESC"
    ))?;
    let map = |row: &Row<'_>| {
        let session = show(conn, session_row(row)?, filter.now)?;
        Ok(filter.status.is_none_or(|wanted| wanted.accepts(&session.status)).then_some(session))
    };
    page::collect(
        &mut statement,
        (bytes(filter.tenant.0), bytes(filter.user.0), before),
        page.items(),
        map,
        |session| format!("s{}", session.number),
    )
}
