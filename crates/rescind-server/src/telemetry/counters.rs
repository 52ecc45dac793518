//! What is counted of Rescind's own work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use rescind::authority::{Authority, Backlog, Error};
use rescind::ledger::CutKind;
use rescind::lookup::LookupCounts;

use super::metrics::{HttpMetrics, Metrics};
use super::node::NodeNumbers;
use crate::feed::Feed;

/// What is counted of Rescind's own work, beside HTTP. Clones share the numbers.
#[derive(Clone, Debug)]
pub(crate) struct Counters {
    metrics: Arc<Metrics>,
    checks: Family<Outcome, Counter>,
    sign_ins: Family<Outcome, Counter>,
    refreshes: Family<Outcome, Counter>,
    cuts: Family<Kind, Counter>,
    marks: Family<Kind, Gauge>,
    replica: ReplicaGauges,
    node: NodeNumbers,
    lookups: Lookups,
    feed_connections: Gauge,
}

/// What the domain counts itself: read when somebody looks.
#[derive(Clone, Debug, Default)]
struct Lookups {
    cache: Family<Outcome, Counter>,
    ledger: Family<Outcome, Counter>,
    dropped: Counter,
}

#[derive(Clone, Debug, Default)]
struct ReplicaGauges {
    seq: Gauge,
    staleness: Gauge<f64, AtomicU64>,
    bytes: Gauge,
    stale_allowed: Gauge,
}

/// `ok`, or the code of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

impl Counters {
    /// All of them, at zero.
    pub(crate) fn new() -> Self {
        let mut metrics = Metrics::new();
        let registry = metrics.registry_mut();
        let (checks, sign_ins, refreshes) = (Family::default(), Family::default(), Family::default());
        registry.register("rescind_checks", "Access tokens checked, by outcome", Family::clone(&checks));
        registry.register("rescind_sign_ins", "Sign-ins by password, by outcome", Family::clone(&sign_ins));
        registry.register(
            "rescind_refreshes",
            "Refresh tokens answered, by outcome",
            Family::clone(&refreshes),
        );
        let (cuts, marks) = (Family::default(), Family::default());
        registry.register("rescind_cuts", "Revocations asked of this process, by kind", Family::clone(&cuts));
        registry.register(
            "rescind_replica_marks",
            "Marks that the replica holds, by kind",
            Family::clone(&marks),
        );
        let replica = ReplicaGauges::register(registry);
        let node = NodeNumbers::register(registry);
        let lookups = Lookups::register(registry);
        let feed_connections = Gauge::default();
        registry.register(
            "rescind_feed_connections",
            "Readers of the feed's events that are connected",
            feed_connections.clone(),
        );
        let metrics = Arc::new(metrics);
        Self { metrics, checks, sign_ins, refreshes, cuts, marks, replica, node, lookups, feed_connections }
    }

    /// The numbers of HTTP, to be handed to the layers.
    pub(crate) fn http(&self) -> HttpMetrics {
        self.metrics.http()
    }

    /// All numbers in the OpenMetrics text format.
    pub(crate) fn encode(&self) -> String {
        self.metrics.encode()
    }

    /// An access token was checked.
    pub(crate) fn check(&self, refused: Option<&Error>) {
        self.checks.get_or_create(&outcome(refused)).inc();
    }

    /// Somebody signed in by password, or tried to.
    pub(crate) fn sign_in(&self, refused: Option<&Error>) {
        self.sign_ins.get_or_create(&outcome(refused)).inc();
    }

    /// A refresh token was answered.
    pub(crate) fn refresh(&self, refused: Option<&Error>) {
        self.refreshes.get_or_create(&outcome(refused)).inc();
    }

    /// Something was revoked.
    pub(crate) fn cut(&self, kind: CutKind) {
        self.cuts.get_or_create(&Kind { kind: kind.as_str() }).inc();
    }

    /// Reads what is not counted here as it happens: the state of the replica and the node, how look-ups came out, and who reads the
    /// feed. Without a `backlog`, as where the store cannot be asked, the last one stands.
    pub(crate) fn look_at(&self, authority: &Authority, feed: &Feed, backlog: Option<Backlog>) {
        self.feed_connections.set(signed(feed.connections()));
        let replica = authority.replica();
        for kind in CutKind::ALL {
            self.marks.get_or_create(&Kind { kind: kind.as_str() }).set(signed(replica.count(kind)));
        }
        self.replica.seq.set(replica.cursor().seq);
        self.replica.bytes.set(signed(replica.approximate_bytes()));
        let staleness = replica.staleness(authority.now()).map_or(NEVER, |age| age.as_secs_f64());
        self.replica.staleness.set(staleness);
        self.replica.stale_allowed.set(signed(authority.verifier().stale_allowed()));
        self.node.look_at(authority, backlog);
        self.lookups.set(authority.lookup().counts());
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self::new()
    }
}

impl ReplicaGauges {
    fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        registry.register(
            "rescind_replica_seq",
            "The ledger's seq that the replica has reached",
            gauges.seq.clone(),
        );
        registry.register(
            "rescind_replica_staleness_seconds",
            "How long ago the last successful read of the ledger began; 9.2e15: it counts as never read",
            gauges.staleness.clone(),
        );
        registry.register(
            "rescind_replica_bytes",
            "Memory of the replica's marks, about",
            gauges.bytes.clone(),
        );
        registry.register(
            "rescind_stale_allowed",
            "Tokens let through by a stale replica (RESCIND_ON_STALE=allow)",
            gauges.stale_allowed.clone(),
        );
        gauges
    }
}

impl Lookups {
    fn register(registry: &mut Registry) -> Self {
        let lookups = Self::default();
        registry.register(
            "rescind_cache_lookups",
            "Look-ups in the shared cache, by outcome: hit (it said revoked), miss, error",
            Family::clone(&lookups.cache),
        );
        registry.register(
            "rescind_ledger_lookups",
            "Look-ups in the ledger, by outcome: revoked, clear, error",
            Family::clone(&lookups.ledger),
        );
        registry.register(
            "rescind_cache_dropped",
            "Marks that were not written to the shared cache; the ledger is asked for them",
            lookups.dropped.clone(),
        );
        lookups
    }

    fn set(&self, counts: LookupCounts) {
        let set = |family: &Family<Outcome, Counter>, outcome, count| {
            family.get_or_create(&Outcome { outcome }).inner().store(count, Ordering::Relaxed);
        };
        set(&self.cache, "hit", counts.hits);
        set(&self.cache, "miss", counts.misses);
        set(&self.cache, "error", counts.errors);
        set(&self.ledger, "revoked", counts.ledger_revoked);
        set(&self.ledger, "clear", counts.ledger_clear);
        set(&self.ledger, "error", counts.ledger_errors);
        self.dropped.inner().store(counts.dropped, Ordering::Relaxed);
    }
}

/// Longer than any limit, and a number that every reader of metrics can read, which infinity is not.
const NEVER: f64 = 9.2e15;

fn outcome(refused: Option<&Error>) -> Outcome {
    Outcome { outcome: refused.map_or("ok", Error::code) }
}

pub(super) fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
