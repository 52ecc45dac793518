//! What is told of Rescind's own work: what the libraries have counted, and the state of this node.

use std::sync::{Arc, Mutex, PoisonError};

use rescind::authority::{Authority, Backlog};
use rescind::ledger::CutKind;
use rescind::store::Commits;

use super::catalog as the;
use super::metrics::HttpMetrics;
use super::page::Page;
use crate::feed::Feed;

/// What is counted here, of HTTP, and how all of it is told. Clones share the numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    http: HttpMetrics,
    backlog: Arc<Mutex<Backlog>>,
}

impl Counters {
    /// All at zero.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The numbers of HTTP, to be handed to the layers.
    pub(crate) fn http(&self) -> HttpMetrics {
        self.http.clone()
    }

    /// All numbers in the OpenMetrics text format. Without a `backlog`, as where the store cannot be asked, the last one stands.
    pub(crate) fn encode(&self, authority: &Authority, feed: &Feed, backlog: Option<Backlog>) -> String {
        let backlog = self.last(backlog);
        let mut page = Page::default();
        self.http.tell(&mut page);
        checks(&mut page, authority);
        token_cache(&mut page, authority);
        acts(&mut page, authority);
        replica(&mut page, authority, backlog);
        page.one(&the::FEED_CONNECTIONS, count(feed.connections()));
        tasks(&mut page, authority, backlog);
        store(&mut page, authority);
        connections(&mut page, authority);
        lookups(&mut page, authority);
        page.many(&the::BUILD, [([env!("CARGO_PKG_VERSION")], 1)]);
        page.encode()
    }

    fn last(&self, backlog: Option<Backlog>) -> Backlog {
        let mut last = self.backlog.lock().unwrap_or_else(PoisonError::into_inner);
        *last = backlog.unwrap_or(*last);
        *last
    }
}

fn checks(page: &mut Page, authority: &Authority) {
    let verifier = authority.verifier();
    let counts = verifier.counts();
    let refused = counts.refused().map(|(reason, count)| (["refused", reason], count));
    page.many(&the::CHECKS, [(["accepted", "ok"], counts.accepted)].into_iter().chain(refused));
    page.one(&the::STALE_ALLOWED, verifier.stale_allowed());
}

fn token_cache(page: &mut Page, authority: &Authority) {
    let counts = authority.verifier().cache().map(|cache| cache.counts()).unwrap_or_default();
    page.many(&the::TOKEN_CACHE, [(["hit"], counts.hits), (["miss"], counts.misses)]);
    page.one(&the::TOKEN_CACHE_TOKENS, count(counts.tokens));
    page.one(&the::TOKEN_CACHE_BYTES, count(counts.bytes));
}

fn acts(page: &mut Page, authority: &Authority) {
    let activity = authority.activity();
    let by_outcome = |counts: &[(&'static str, u64)]| {
        counts.iter().map(|(outcome, count)| ([*outcome], *count)).collect::<Vec<_>>()
    };
    page.many(&the::SIGN_INS, by_outcome(&activity.sign_ins));
    page.many(&the::HANDOVERS, by_outcome(&activity.handovers));
    page.many(&the::REFRESHES, by_outcome(&activity.refreshes));
    let reuse = activity.refreshes.iter().find(|(outcome, _)| *outcome == "refresh_reuse_detected");
    page.one(&the::REUSE, reuse.map_or(0, |(_, count)| *count));
    page.many(&the::CUTS, activity.cuts.iter().map(|(kind, count)| ([kind.as_str()], *count)));
    page.one(&the::PURGES, activity.purges);
    page.one(&the::PURGED, activity.purged);
    page.one(&the::SIGNING_KEY_AGE, authority.signing_key_age().as_secs_f64());
}

fn replica(page: &mut Page, authority: &Authority, backlog: Backlog) {
    let replica = authority.replica();
    page.one(&the::REPLICA_SEQ, u64::try_from(replica.cursor().seq).unwrap_or_default());
    page.one(&the::REPLICA_LAG, backlog.unread);
    let staleness = replica.staleness(authority.now()).map_or(NEVER, |age| age.as_secs_f64());
    page.one(&the::REPLICA_STALENESS, staleness);
    let marks = CutKind::ALL.map(|kind| ([kind.as_str()], count(replica.count(kind))));
    page.many(&the::REPLICA_MARKS, marks);
    page.one(&the::REPLICA_BYTES, count(replica.approximate_bytes()));
    let histories = authority.histories();
    page.one(&the::HISTORY_CHANGES, histories.changes);
    page.one(&the::WRITTEN_BACK, histories.written_back);
}

fn tasks(page: &mut Page, authority: &Authority, backlog: Backlog) {
    page.one(&the::LEADS, u64::from(authority.leads()));
    page.one(&the::PURGE_OVERDUE, backlog.purge_overdue.as_secs_f64());
}

fn store(page: &mut Page, authority: &Authority) {
    let commits = authority.store_commits();
    page.one(&the::COMMITS, commits.commits());
    page.one(&the::FAILED_COMMITS, commits.failed);
    page.histogram(&the::BATCH_SIZE, commits.calls as f64, &Commits::LIMITS, &commits.sizes);
    page.one(&the::TAKES_WRITES, u64::from(authority.takes_writes()));
    page.one(&the::REFUSED_WRITES, authority.refused_writes());
}

fn connections(page: &mut Page, authority: &Authority) {
    let Some(connections) = authority.store_connections() else { return };
    let states = [(["in_use"], count(connections.in_use)), (["idle"], count(connections.idle))];
    page.many(&the::CONNECTIONS, states);
    page.one(&the::CONNECTIONS_LIMIT, count(connections.most));
    page.one(&the::WAITING_CALLS, count(connections.waiting));
}

fn lookups(page: &mut Page, authority: &Authority) {
    let counts = authority.lookup().counts();
    let cache = [(["hit"], counts.hits), (["miss"], counts.misses), (["error"], counts.errors)];
    page.many(&the::CACHE_LOOKUPS, cache);
    let ledger = [
        (["revoked"], counts.ledger_revoked),
        (["clear"], counts.ledger_clear),
        (["error"], counts.ledger_errors),
    ];
    page.many(&the::LEDGER_LOOKUPS, ledger);
    page.one(&the::CACHE_DROPPED, counts.dropped);
}

/// Longer than any limit, and a number that every reader of metrics can read, which infinity is not.
const NEVER: f64 = 9.2e15;

fn count(number: usize) -> u64 {
    number as u64
}
