//! The ledger.

mod append;
mod cut;
mod follow;
mod list;
mod purge;
mod reach;
mod reinstate;
mod stand;

use rescind::clock::Timestamp;
use rescind::id::TenantId;
use rescind::ledger::{
    Cursor, Cut, CutOutcome, CutTarget, Entry, EntryFilter, Follow, Head, LedgerStore, Mark, MarkIdentity,
    PlacedMark, PurgeOutcome, PurgeRequest, Reinstate, TokenKey,
};
use rescind::store::{Answer, Page, PageRequest};

use crate::SqliteStore;

pub(crate) use append::{append, raise_horizon, standing};
#[cfg(test)]
pub(crate) use list::query as listing;
pub(crate) use reach::{count_client, count_tenant, count_user};

impl LedgerStore for SqliteStore {
    fn cut(&self, cut: Cut) -> Answer<'_, CutOutcome> {
        self.write(move |tx| cut::cut(tx, &cut))
    }

    fn reinstate(&self, reinstate: Reinstate) -> Answer<'_, Vec<Entry>> {
        self.write(move |tx| reinstate::reinstate(tx, &reinstate))
    }

    fn count_reach<'a>(&'a self, target: &'a CutTarget, now: Timestamp) -> Answer<'a, u64> {
        let target = target.clone();
        self.read(move |conn| reach::count(conn, &target, now))
    }

    fn head(&self) -> Answer<'_, Head> {
        self.read(follow::head)
    }

    fn entries_after(&self, cursor: Cursor, limit: u32) -> Answer<'_, Follow> {
        self.read(move |conn| follow::entries_after(conn, cursor, limit))
    }

    fn marks_after(&self, cursor: Cursor, limit: u32) -> Answer<'_, Follow<PlacedMark>> {
        self.read(move |conn| follow::marks_after(conn, cursor, limit))
    }

    fn token_entry<'a>(&'a self, key: &'a TokenKey, tenant: Option<TenantId>) -> Answer<'a, Entry> {
        let key = key.clone();
        self.read(move |conn| list::token_entry(conn, &key, tenant))
    }

    fn standing_marks<'a>(&'a self, identities: &'a [MarkIdentity]) -> Answer<'a, Vec<Mark>> {
        let identities = identities.to_vec();
        self.read(move |conn| stand::marks(conn, &identities))
    }

    fn entries<'a>(&'a self, filter: &'a EntryFilter, page: &'a PageRequest) -> Answer<'a, Page<Entry>> {
        let (filter, page) = (filter.clone(), page.clone());
        self.read(move |conn| list::entries(conn, &filter, &page))
    }

    fn first_expiry(&self) -> Answer<'_, Option<Timestamp>> {
        self.read(purge::first_expiry)
    }

    fn purge(&self, request: PurgeRequest) -> Answer<'_, PurgeOutcome> {
        if request.dry_run {
            self.read(move |conn| purge::count(conn, &request))
        } else {
            self.write(move |tx| purge::purge(tx, &request))
        }
    }
}
