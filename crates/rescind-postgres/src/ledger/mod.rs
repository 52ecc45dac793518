//! The ledger.

mod append;
mod cut;
pub(crate) mod cuts;
mod follow;
mod list;
mod purge;
mod reach;
mod reinstate;
mod stand;

use std::pin::Pin;

use rescind::clock::Timestamp;
use rescind::id::TenantId;
use rescind::ledger::{
    Cursor, Cut, CutOutcome, CutTarget, Entry, EntryFilter, Follow, Head, LedgerStore, Mark, MarkIdentity,
    PlacedMark, PurgeOutcome, PurgeRequest, Reinstate, TokenKey,
};
use rescind::store::{Answer, Page, PageRequest};

use crate::PostgresStore;
use crate::tx::{read, write};

pub(crate) use append::{all_standing, append, append_all_in_turn, append_in_turn, column, standing};
pub(crate) use reach::{count_client, count_tenant, count_user};

impl LedgerStore for PostgresStore {
    fn cut(&self, cut: Cut) -> Answer<'_, CutOutcome> {
        Box::pin(async move {
            let cut = match cut.target {
                CutTarget::Token { .. } | CutTarget::Digest { .. } => match self.cuts.ask(cut).await? {
                    (_, Some(outcome)) => return Ok(outcome),
                    (cut, None) => cut,
                },
                _ => cut,
            };
            let done: Answer<'_, CutOutcome> = write!(self, |tx| cut::cut(tx, &cut));
            done.await
        })
    }

    fn reinstate(&self, reinstate: Reinstate) -> Answer<'_, Vec<Entry>> {
        write!(self, minting reinstate.access_exp, |tx| reinstate::reinstate(tx, &reinstate))
    }

    fn count_reach<'a>(&'a self, target: &'a CutTarget, now: Timestamp) -> Answer<'a, u64> {
        read!(self, |conn| reach::count(conn, target, now))
    }

    fn head(&self) -> Answer<'_, Head> {
        read!(self, |conn| follow::head(conn, &self.inner.horizon))
    }

    fn entries_after(&self, cursor: Cursor, limit: u32) -> Answer<'_, Follow> {
        read!(self, |conn| follow::entries_after(conn, cursor, limit))
    }

    fn marks_after(&self, cursor: Cursor, limit: u32) -> Answer<'_, Follow<PlacedMark>> {
        read!(self, |conn| follow::marks_after(conn, cursor, limit))
    }

    fn token_entry<'a>(&'a self, key: &'a TokenKey, tenant: Option<TenantId>) -> Answer<'a, Entry> {
        read!(self, |conn| list::token_entry(conn, key, tenant))
    }

    fn standing_marks<'a>(&'a self, identities: &'a [MarkIdentity]) -> Answer<'a, Vec<Mark>> {
        read!(self, |conn| stand::marks(conn, identities))
    }

    fn entries<'a>(&'a self, filter: &'a EntryFilter, page: &'a PageRequest) -> Answer<'a, Page<Entry>> {
        read!(self, |conn| list::entries(conn, filter, page))
    }

    fn first_expiry(&self) -> Answer<'_, Option<Timestamp>> {
        read!(self, |conn| purge::first_expiry(conn))
    }

    fn purge(&self, request: PurgeRequest) -> Answer<'_, PurgeOutcome> {
        if request.dry_run {
            read!(self, |conn| purge::count(conn, &request))
        } else {
            write!(self, |tx| purge::purge(tx, &request))
        }
    }

    fn changed(&self) -> Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>> {
        Some(Box::pin(self.wake.woken()))
    }

    fn leads(&self) -> bool {
        self.wake.leads()
    }
}
