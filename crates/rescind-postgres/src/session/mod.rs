//! Sessions.

mod alive;
mod end;
mod find;
mod list;
mod open;
mod remint;
mod rename;
mod rotate;
pub(crate) mod rotation;

use rescind::clock::Timestamp;
use rescind::id::{Jti, SessionId, TenantId, UserId};
use rescind::ledger::TokenKey;
use rescind::session::{
    Chain, JtiOwner, OpenSession, Opened, Rotate, Rotated, Session, SessionFilter, SessionStore,
};
use rescind::store::{Answer, Page, PageRequest, Provenance};

use crate::PostgresStore;
use crate::in_time;
use crate::tx::{read, write};

pub(crate) use alive::{ALIVE, require_active};
pub(crate) use end::{Ending, end_session};
pub(crate) use find::{find_session, lock_session, owner_of};

impl SessionStore for PostgresStore {
    fn open(&self, open: OpenSession) -> Answer<'_, Opened> {
        write!(self, minting open.access_exp, |tx| open::open(tx, &open))
    }

    fn rotate(&self, rotate: Rotate) -> Answer<'_, Rotated> {
        Box::pin(async move {
            let reach = in_time(self.inner.patience, self.inner.reach(rotate.access_exp));
            self.inner.noting(reach).await?;
            // Nearly always that is all.
            let (rotate, rotated) = self.rotations.ask(rotate).await?;
            if let Some(chain) = rotated {
                return Ok(Rotated::Rotated(chain));
            }
            let judged: Answer<'_, Rotated> = write!(self, |tx| rotate::rotate(tx, &rotate));
            judged.await
        })
    }

    fn session(&self, id: SessionId, tenant: Option<TenantId>, now: Timestamp) -> Answer<'_, Session> {
        read!(self, |conn| async { Ok(find_session(conn, id, tenant).await?.show(now)) })
    }

    fn sessions<'a>(&'a self, filter: &'a SessionFilter, page: &'a PageRequest) -> Answer<'a, Page<Session>> {
        read!(self, |conn| list::sessions(conn, filter, page))
    }

    fn rename_session(
        &self,
        id: SessionId,
        tenant: TenantId,
        user: UserId,
        name: String,
        by: Provenance,
    ) -> Answer<'_, Session> {
        write!(self, |tx| rename::rename(tx, id, tenant, user, &name, &by))
    }

    fn remint(
        &self,
        id: SessionId,
        access_jti: Jti,
        access_exp: Timestamp,
        signing_kid: String,
        now: Timestamp,
    ) -> Answer<'_, Chain> {
        write!(self, minting access_exp, |tx| remint::remint(tx, id, access_jti, &signing_kid, now))
    }

    fn jti_owner<'a>(&'a self, jti: &'a TokenKey) -> Answer<'a, JtiOwner> {
        read!(self, |conn| owner_of(conn, jti))
    }
}
