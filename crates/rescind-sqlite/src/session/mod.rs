//! Sessions.

mod alive;
mod end;
mod find;
mod list;
mod open;
mod remint;
mod rename;
mod rotate;
mod status;

use rescind::clock::Timestamp;
use rescind::id::{Jti, SessionId, TenantId, UserId};
use rescind::ledger::TokenKey;
use rescind::session::{
    Chain, JtiOwner, OpenSession, Opened, Rotate, Rotated, Session, SessionFilter, SessionStore,
};
use rescind::store::{Answer, Page, PageRequest, Provenance};

use crate::SqliteStore;

pub(crate) use alive::{ALIVE, require_active};
pub(crate) use end::{Ending, end_session};
pub(crate) use find::{find_session, owner_of};
pub(crate) use rotate::ROTATE;

impl SessionStore for SqliteStore {
    fn open(&self, open: OpenSession) -> Answer<'_, Opened> {
        self.write(move |tx| open::open(tx, &open))
    }

    fn rotate(&self, rotate: Rotate) -> Answer<'_, Rotated> {
        self.write(move |tx| rotate::rotate(tx, &rotate))
    }

    fn session(&self, id: SessionId, tenant: Option<TenantId>, now: Timestamp) -> Answer<'_, Session> {
        self.read(move |conn| status::show(conn, find_session(conn, id, tenant)?, now))
    }

    fn sessions<'a>(&'a self, filter: &'a SessionFilter, page: &'a PageRequest) -> Answer<'a, Page<Session>> {
        let (filter, page) = (*filter, page.clone());
        self.read(move |conn| list::sessions(conn, &filter, &page))
    }

    fn rename_session(
        &self,
        id: SessionId,
        tenant: TenantId,
        user: UserId,
        name: String,
        by: Provenance,
    ) -> Answer<'_, Session> {
        self.write(move |tx| rename::rename(tx, id, tenant, user, &name, &by))
    }

    fn remint(
        &self,
        id: SessionId,
        access_jti: Jti,
        access_exp: Timestamp,
        signing_kid: String,
        now: Timestamp,
    ) -> Answer<'_, Chain> {
        self.write(move |tx| remint::remint(tx, id, access_jti, access_exp, &signing_kid, now))
    }

    fn jti_owner<'a>(&'a self, jti: &'a TokenKey) -> Answer<'a, JtiOwner> {
        let jti = jti.clone();
        self.read(move |conn| owner_of(conn, &jti))
    }
}
