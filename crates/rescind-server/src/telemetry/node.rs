//! What a node tells of its own state: how far behind it is, whether it leads, how its store fares.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use rescind::authority::{Authority, Backlog};

use super::counters::signed;

/// What a node tells of its own state: read when somebody looks.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeNumbers {
    lag: Gauge,
    purge_overdue: Gauge<f64, AtomicU64>,
    leads: Gauge,
    history_changes: Counter,
    written_back: Counter,
    connections: Family<Use, Gauge>,
    most_connections: Gauge,
    waiting: Gauge,
    takes_writes: Gauge,
    refused_writes: Counter,
    seen: Family<Known, Counter>,
    seen_tokens: Gauge,
    seen_bytes: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Use {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Known {
    outcome: &'static str,
}

impl NodeNumbers {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let numbers = Self::default();
        numbers.register_place(registry);
        numbers.register_store(registry);
        numbers.register_seen(registry);
        numbers
    }

    fn register_place(&self, registry: &mut Registry) {
        registry.register(
            "rescind_replica_lag",
            "Places of the ledger that the replica has yet to read",
            self.lag.clone(),
        );
        registry.register(
            "rescind_purge_overdue_seconds",
            "For how long the ledger entry that expired first could have been purged",
            self.purge_overdue.clone(),
        );
        registry.register(
            "rescind_leads",
            "Whether this is the node that purges and cares for the keys",
            self.leads.clone(),
        );
        registry.register(
            "rescind_history_changes",
            "How often the ledger turned out to be of another history: restored, or failed over with a loss",
            self.history_changes.clone(),
        );
        registry.register(
            "rescind_written_back_marks",
            "Marks that this node wrote back into a ledger that had lost them",
            self.written_back.clone(),
        );
    }

    fn register_store(&self, registry: &mut Registry) {
        registry.register(
            "rescind_store_connections",
            "Connections to the database server, by state: in_use, idle",
            Family::clone(&self.connections),
        );
        registry.register(
            "rescind_store_connections_limit",
            "As many connections there may be; 0: the store is no server's",
            self.most_connections.clone(),
        );
        registry.register(
            "rescind_store_waiting_calls",
            "Calls that wait for a connection",
            self.waiting.clone(),
        );
        registry.register(
            "rescind_store_takes_writes",
            "0 for two minutes after a write was refused because the disk is full or the database read-only",
            self.takes_writes.clone(),
        );
        registry.register(
            "rescind_store_refused_writes",
            "Writes that were refused because the disk is full or the database read-only",
            self.refused_writes.clone(),
        );
    }

    fn register_seen(&self, registry: &mut Registry) {
        registry.register(
            "rescind_token_cache",
            "Tokens whose signature was known (outcome: hit) or had to be checked (miss)",
            Family::clone(&self.seen),
        );
        registry.register(
            "rescind_token_cache_tokens",
            "Tokens whose signature is known",
            self.seen_tokens.clone(),
        );
        registry.register("rescind_token_cache_bytes", "What they take in memory", self.seen_bytes.clone());
    }

    pub(super) fn look_at(&self, authority: &Authority, backlog: Option<Backlog>) {
        if let Some(backlog) = backlog {
            self.lag.set(signed(backlog.unread));
            self.purge_overdue.set(backlog.purge_overdue.as_secs_f64());
        }
        self.leads.set(authority.leads().into());
        let histories = authority.histories();
        self.history_changes.inner().store(histories.changes, Ordering::Relaxed);
        self.written_back.inner().store(histories.written_back, Ordering::Relaxed);
        self.takes_writes.set(authority.takes_writes().into());
        self.refused_writes.inner().store(authority.refused_writes(), Ordering::Relaxed);
        if let Some(connections) = authority.store_connections() {
            for (state, number) in [("in_use", connections.in_use), ("idle", connections.idle)] {
                self.connections.get_or_create(&Use { state }).set(signed(number));
            }
            self.most_connections.set(signed(connections.most));
            self.waiting.set(signed(connections.waiting));
        }
        self.look_at_cache(authority);
    }

    fn look_at_cache(&self, authority: &Authority) {
        let Some(cache) = authority.verifier().cache() else { return };
        let counts = cache.counts();
        for (outcome, count) in [("hit", counts.hits), ("miss", counts.misses)] {
            self.seen.get_or_create(&Known { outcome }).inner().store(count, Ordering::Relaxed);
        }
        self.seen_tokens.set(signed(counts.tokens));
        self.seen_bytes.set(signed(counts.bytes));
    }
}
