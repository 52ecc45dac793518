//! How a session ended that fell through a floor.

use rescind::clock::Timestamp;
use rescind::id::UserId;
use rescind::session::{Floor, Revoked, Session, SessionFacts, Status};
use rusqlite::Connection;

use crate::error::Outcome;
use crate::row::{Cells, bytes, bytes_of};

/// A session as it is shown.
pub(crate) fn show(conn: &Connection, session: SessionFacts, now: Timestamp) -> Outcome<Session> {
    let raises = raises(conn, &session)?;
    Ok(session.show(raises, now))
}

pub(crate) fn status(conn: &Connection, session: &SessionFacts, now: Timestamp) -> Outcome<Status> {
    Ok(session.status(raises(conn, session)?, now))
}

/// The raises of its user's and its tenant's floor that ended it.
fn raises(conn: &Connection, session: &SessionFacts) -> Outcome<Vec<Revoked>> {
    let mut raises = Vec::new();
    for (user, floor) in [(Some(session.user), &session.user_floor), (None, &session.tenant_floor)] {
        if floor.kills() {
            raises.push(floor_raise(conn, session, user, floor)?);
        }
    }
    Ok(raises)
}

fn floor_raise(
    conn: &Connection,
    session: &SessionFacts,
    user: Option<UserId>,
    floor: &Floor,
) -> Outcome<Revoked> {
    let mut statement = conn.prepare_cached(
        "SELECT at, reason, raised_by FROM floor_raises
          WHERE tenant_id = ?1 AND user_id IS ?2 AND floor >= ?3 ORDER BY floor LIMIT 1",
    )?;
    let tenant = bytes(session.tenant.0);
    let mut rows = statement.query((tenant, bytes_of(user, |id| id.0), floor.fatal_height()))?;
    match rows.next()? {
        Some(row) => {
            let mut cells = Cells::new(row);
            Ok(Revoked { at: cells.time()?, reason: cells.take()?, by: cells.word()? })
        }
        None => Ok(floor.forgotten_raise()),
    }
}
