//! Whether a session is alive, and if not, how it was ended. Derived: a tenant cut writes no session.

use rescind::audit::Actor;
use rescind::clock::Timestamp;
use rescind::id::UserId;
use rescind::session::{Revoked, Session, Status};
use rusqlite::Connection;

use crate::error::Outcome;
use crate::row::{Cells, Floor, SessionRow, bytes, bytes_of};

impl SessionRow {
    /// Whether it can be refreshed. [`super::ALIVE`] says the same in SQL.
    pub(crate) fn is_active(&self, now: Timestamp) -> bool {
        !self.is_ended() && now < self.limit()
    }

    /// The session as it is shown.
    pub(crate) fn show(self, conn: &Connection, now: Timestamp) -> Outcome<Session> {
        Ok(Session {
            status: self.status(conn, now)?,
            id: self.id,
            number: self.number,
            user: self.user,
            tenant: self.tenant,
            client: self.client,
            created_at: self.created_at,
            last_used_at: self.last_used_at,
            idle_expires_at: self.idle_expires_at,
            expires_at: self.expires_at,
            device: self.device,
            access_jti: self.access_jti,
        })
    }

    /// What came first decides: a session that had expired was not ended by a user cut a week later. Only being ended itself
    /// is always shown.
    pub(crate) fn status(&self, conn: &Connection, now: Timestamp) -> Outcome<Status> {
        let mut endings: Vec<Revoked> = self.revoked.iter().cloned().collect();
        let expired = now >= self.limit();
        let indirect = self.indirect_endings(conn)?;
        endings.extend(indirect.into_iter().filter(|ending| !expired || ending.at < self.limit()));
        Ok(match endings.into_iter().min_by_key(|ending| ending.at) {
            Some(first) => Status::Revoked(first),
            None if expired => Status::Expired,
            None => Status::Active,
        })
    }

    /// Whether anything but time ended it.
    fn is_ended(&self) -> bool {
        self.revoked.is_some()
            || self.user_floor.kills()
            || self.tenant_floor.kills()
            || self.client_deleted.is_some()
    }

    fn limit(&self) -> Timestamp {
        self.idle_expires_at.min(self.expires_at)
    }

    /// How its user, tenant and client ended it.
    fn indirect_endings(&self, conn: &Connection) -> Outcome<Vec<Revoked>> {
        let mut endings: Vec<Revoked> = self.client_deleted.iter().cloned().collect();
        if self.user_floor.kills() {
            endings.push(self.floor_raise(conn, Some(self.user), &self.user_floor)?);
        }
        if self.tenant_floor.kills() {
            endings.push(self.floor_raise(conn, None, &self.tenant_floor)?);
        }
        Ok(endings)
    }

    /// The first raise above the floor that the session began under. One that was lifted to the very floor that barred its
    /// user fell with that.
    fn floor_raise(&self, conn: &Connection, user: Option<UserId>, floor: &Floor) -> Outcome<Revoked> {
        let least = if floor.current > floor.stored { floor.stored + 1 } else { floor.stored };
        let mut statement = conn.prepare_cached(
            "SELECT at, reason, raised_by FROM floor_raises
              WHERE tenant_id = ?1 AND user_id IS ?2 AND floor >= ?3 ORDER BY floor LIMIT 1",
        )?;
        let mut rows = statement.query((bytes(self.tenant.0), bytes_of(user, |id| id.0), least))?;
        match rows.next()? {
            Some(row) => {
                let mut cells = Cells::new(row);
                Ok(Revoked { at: cells.time()?, reason: cells.take()?, by: cells.word()? })
            }
            // Long purged. A floor is the time of its raise, unless raised twice within a millisecond.
            None => {
                Ok(Revoked { at: Timestamp::from_millis(floor.current), reason: None, by: Actor::System })
            }
        }
    }
}
