//! Every metric there is: what `/metrics` says of it, and what docs/metrics.md does.

use std::fmt::Write as _;

/// A metric, as it is exposed and documented. Its labels come from fixed sets, never from input.
///
/// ```
/// use rescind_server::telemetry::catalog::AREAS;
///
/// let metrics: Vec<_> = AREAS.iter().flat_map(|area| area.metrics).collect();
/// let checks = metrics.iter().find(|metric| metric.name == "rescind_checks").ok_or("it is there")?;
/// let labels: Vec<_> = checks.labels.iter().map(|label| label.name).collect();
/// assert_eq!(labels, ["result", "reason"]);
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug)]
pub struct Metric {
    /// Its name, without what OpenMetrics adds to it.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its labels, in the order in which values are given.
    pub labels: &'static [Label],
    /// What it says. The help text of the exposition.
    pub meaning: &'static str,
    /// When somebody should look; empty where that is nobody's worry by itself.
    pub worry: &'static str,
}

/// What a metric is.
///
/// ```
/// use rescind_server::telemetry::catalog::{AREAS, Kind};
///
/// let mut metrics = AREAS.iter().flat_map(|area| area.metrics);
/// assert!(metrics.any(|metric| metric.kind == Kind::Histogram));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only ever rises, from zero at the start of the process.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Counts by size.
    Histogram,
}

/// A label.
///
/// ```
/// use rescind_server::telemetry::catalog::AREAS;
///
/// let mut labels = AREAS.iter().flat_map(|area| area.metrics).flat_map(|metric| metric.labels);
/// assert!(labels.all(|label| !label.values.is_empty()), "every one says which values it has");
/// ```
#[derive(Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Which values it has.
    pub values: &'static str,
}

/// Metrics about one thing.
///
/// ```
/// use rescind_server::telemetry::catalog::AREAS;
///
/// assert!(AREAS.iter().any(|area| area.title == "Checks by look-up" && !area.metrics.is_empty()));
/// ```
#[derive(Debug)]
pub struct Area {
    /// What they are about.
    pub title: &'static str,
    /// The metrics.
    pub metrics: &'static [&'static Metric],
}

impl Metric {
    /// The name that queries have: that of a counter ends in `_total`.
    ///
    /// ```
    /// use rescind_server::telemetry::catalog::{AREAS, Kind};
    ///
    /// for metric in AREAS.iter().flat_map(|area| area.metrics) {
    ///     assert_eq!(metric.exposed().ends_with("_total"), metric.kind == Kind::Counter);
    /// }
    /// ```
    pub fn exposed(&self) -> String {
        match self.kind {
            Kind::Counter => format!("{}_total", self.name),
            Kind::Gauge | Kind::Histogram => self.name.to_owned(),
        }
    }
}

impl Kind {
    /// As OpenMetrics has it.
    ///
    /// ```
    /// use rescind_server::telemetry::catalog::Kind;
    ///
    /// assert_eq!(Kind::Gauge.as_str(), "gauge");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

macro_rules! metric {
    ($id:ident = $kind:ident $name:literal [$($label:ident),*] $meaning:literal, $worry:literal) => {
        pub(super) static $id: Metric =
            Metric { name: $name, kind: Kind::$kind, labels: &[$($label),*], meaning: $meaning, worry: $worry };
    };
}

const ROUTE: Label = Label { name: "route", values: "the pattern that matched, or `other`" };
const METHOD: Label =
    Label { name: "method", values: "`GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE`, `OPTIONS`, `other`" };
const STATUS: Label = Label { name: "status", values: "`1xx` to `5xx`" };
const RESULT: Label = Label { name: "result", values: "`accepted`, `refused`" };
const REASON: Label = Label {
    name: "reason",
    values: "`ok`, or the code of the refusal: `token_expired`, `invalid_token`, `token_revoked`, `stale`, `not_ready`",
};
const KNOWN: Label = Label { name: "outcome", values: "`hit`, `miss`" };
const SIGNED_IN: Label = Label { name: "outcome", values: "`ok`, or the code of the refusal" };
const REFRESHED: Label = Label {
    name: "outcome",
    values: "`rotated`, `replayed` (the same successor once more), or the code of the refusal",
};
const CUT: Label =
    Label { name: "kind", values: "`token`, `session`, `user`, `tenant`, `client`, `key`, `digest`" };
const USE: Label = Label { name: "state", values: "`in_use`, `idle`" };
const CACHE: Label = Label { name: "outcome", values: "`hit` (it said revoked), `miss`, `error`" };
const LEDGER: Label = Label { name: "outcome", values: "`revoked`, `clear`, `error`" };
const VERSION: Label = Label { name: "version", values: "of the program" };

metric!(HTTP_REQUESTS = Counter "http_requests" [ROUTE, METHOD, STATUS]
    "Requests answered", "`5xx` above 1 %");
metric!(HTTP_SECONDS = Histogram "http_request_seconds" [ROUTE, METHOD]
    "Time until the answer began, in seconds", "above what is usual with you");

metric!(CHECKS = Counter "rescind_checks" [RESULT, REASON]
    "Access tokens checked, at whatever door: API calls, forward-auth, introspection (which looks whether a refresh token is an access token first)",
    "`stale`, `not_ready`");
metric!(STALE_ALLOWED = Counter "rescind_stale_allowed" []
    "Tokens let through by a stale replica", "at all, with `RESCIND_ON_STALE=allow`");
metric!(TOKEN_CACHE = Counter "rescind_token_cache" [KNOWN]
    "Tokens whose signature was known, or had to be checked", "");
metric!(TOKEN_CACHE_TOKENS = Gauge "rescind_token_cache_tokens" []
    "Tokens whose signature is known", "");
metric!(TOKEN_CACHE_BYTES = Gauge "rescind_token_cache_bytes" []
    "What they take in memory: 32 MiB at most", "");

metric!(SIGN_INS = Counter "rescind_sign_ins" [SIGNED_IN]
    "Sign-ins by password", "many `invalid_credentials`, `too_many_attempts`");
metric!(HANDOVERS = Counter "rescind_handovers" [SIGNED_IN]
    "Sessions handed over by backends", "");
metric!(REFRESHES = Counter "rescind_refreshes" [REFRESHED]
    "Refresh tokens answered", "many of anything but `rotated`");
metric!(REUSE = Counter "rescind_reuse_detections" []
    "Refresh tokens that came again after they had been used up: their session was ended",
    "above what is usual: stolen tokens, or a client that keeps old ones");
metric!(CUTS = Counter "rescind_cuts" [CUT]
    "Entries that this node has written to the ledger, by what they revoke", "a jump that nobody announced");
metric!(SIGNING_KEY_AGE = Gauge "rescind_signing_key_age_seconds" []
    "For how long the key that signs access tokens has done so", "well above `RESCIND_KEY_ROTATION`");

metric!(REPLICA_SEQ = Gauge "rescind_replica_seq" []
    "The place in the ledger that the replica has reached", "");
metric!(REPLICA_LAG = Gauge "rescind_replica_lag" []
    "Places of the ledger that the replica has yet to read, as of the scrape",
    "thousands, for minutes. A few are usual while others write");
metric!(REPLICA_STALENESS = Gauge "rescind_replica_staleness_seconds" []
    "How long ago the last successful read of the ledger began; 9.2e15: it counts as never read",
    "beyond a few; at `RESCIND_MAX_STALENESS` it refuses everything");
metric!(REPLICA_MARKS = Gauge "rescind_replica_marks" [CUT]
    "Marks that the replica holds", "with the memory");
metric!(REPLICA_BYTES = Gauge "rescind_replica_bytes" []
    "Memory of the replica's marks, about", "half of what the node has");
metric!(HISTORY_CHANGES = Counter "rescind_history_changes" []
    "How often the ledger turned out to be of another history: restored, or failed over with a loss",
    "at all: operations.md says what then is to be done");
metric!(WRITTEN_BACK = Counter "rescind_written_back_marks" []
    "Marks that this node wrote back into a ledger that had lost them",
    "at all; what was lost beside revocations does not come back");
metric!(FEED_CONNECTIONS = Gauge "rescind_feed_connections" []
    "Readers of the feed's events that are connected", "at two thirds of the connections, or 20,000");

metric!(LEADS = Gauge "rescind_leads" []
    "Whether this is the node that purges and cares for the keys",
    "the sum over all nodes is not 1 for longer than a takeover, half a minute");
metric!(PURGES = Counter "rescind_purges" []
    "Purges of the ledger that this node went through with", "");
metric!(PURGED = Counter "rescind_purged_entries" []
    "Ledger entries that they removed", "");
metric!(PURGE_OVERDUE = Gauge "rescind_purge_overdue_seconds" []
    "For how long the ledger entry that expired first could have been purged, as of the scrape",
    "twice `RESCIND_PURGE_INTERVAL`; up to once is usual");

metric!(COMMITS = Counter "rescind_store_commits" []
    "Transactions that were committed", "");
metric!(FAILED_COMMITS = Counter "rescind_store_failed_commits" []
    "Transactions that came to nothing, because the store could not be reached or took no writes", "it rises");
metric!(BATCH_SIZE = Histogram "rescind_store_batch_size" []
    "How many calls shared a commit", "at the largest size for minutes: the store is at its limit");
metric!(CONNECTIONS = Gauge "rescind_store_connections" [USE]
    "Connections to PostgreSQL, without the one that waits for news; with SQLite the threads that read and write the file",
    "`in_use` at the limit for minutes");
metric!(CONNECTIONS_LIMIT = Gauge "rescind_store_connections_limit" []
    "As many there may be", "");
metric!(WAITING_CALLS = Gauge "rescind_store_waiting_calls" []
    "Calls that wait for one; beyond 1,024 they are refused",
    "above 0 for a minute: the store is slow, or the node has too much to do");
metric!(TAKES_WRITES = Gauge "rescind_store_takes_writes" []
    "0 for two minutes after a write was refused because the disk is full or the database read-only, else 1", "0");
metric!(REFUSED_WRITES = Counter "rescind_store_refused_writes" []
    "Writes that were refused because the disk is full or the database read-only", "it rises");

metric!(CACHE_LOOKUPS = Counter "rescind_cache_lookups" [CACHE]
    "Look-ups in the shared cache (Redis)", "`error`");
metric!(LEDGER_LOOKUPS = Counter "rescind_ledger_lookups" [LEDGER]
    "Look-ups in the ledger, with `RESCIND_CHECK=lookup`", "`error`");
metric!(CACHE_DROPPED = Counter "rescind_cache_dropped" []
    "Marks that were not written to the shared cache; the ledger is asked for them", "it rises");

metric!(BUILD = Gauge "rescind_build" [VERSION]
    "Always 1: which program this is", "more than one version for longer than an upgrade");

/// All of them.
pub static AREAS: &[Area] = &[
    Area { title: "HTTP", metrics: &[&HTTP_REQUESTS, &HTTP_SECONDS] },
    Area {
        title: "Checks",
        metrics: &[&CHECKS, &STALE_ALLOWED, &TOKEN_CACHE, &TOKEN_CACHE_TOKENS, &TOKEN_CACHE_BYTES],
    },
    Area {
        title: "Sessions and revocations",
        metrics: &[&SIGN_INS, &HANDOVERS, &REFRESHES, &REUSE, &CUTS, &SIGNING_KEY_AGE],
    },
    Area {
        title: "The replica",
        metrics: &[
            &REPLICA_SEQ,
            &REPLICA_LAG,
            &REPLICA_STALENESS,
            &REPLICA_MARKS,
            &REPLICA_BYTES,
            &HISTORY_CHANGES,
            &WRITTEN_BACK,
            &FEED_CONNECTIONS,
        ],
    },
    Area { title: "The leader's work", metrics: &[&LEADS, &PURGES, &PURGED, &PURGE_OVERDUE] },
    Area {
        title: "The store",
        metrics: &[
            &COMMITS,
            &FAILED_COMMITS,
            &BATCH_SIZE,
            &CONNECTIONS,
            &CONNECTIONS_LIMIT,
            &WAITING_CALLS,
            &TAKES_WRITES,
            &REFUSED_WRITES,
        ],
    },
    Area { title: "Checks by look-up", metrics: &[&CACHE_LOOKUPS, &LEDGER_LOOKUPS, &CACHE_DROPPED] },
    Area { title: "The program", metrics: &[&BUILD] },
];

/// The page docs/metrics.md.
///
/// ```
/// assert!(rescind_server::telemetry::catalog::reference().contains("| `rescind_checks_total` | counter |"));
/// ```
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    for area in AREAS {
        // Writing to a `String` does not fail.
        let _ = write!(
            page,
            "\n## {}\n\n| metric | type | labels | what it is | when to worry |\n|---|---|---|---|---|\n",
            area.title
        );
        for metric in area.metrics {
            let labels: Vec<_> =
                metric.labels.iter().map(|label| format!("`{}`: {}", label.name, label.values)).collect();
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {} | {} |",
                metric.exposed(),
                metric.kind.as_str(),
                labels.join("; "),
                metric.meaning,
                metric.worry
            );
        }
    }
    page.push_str(AFTERWORD);
    page
}

const INTRODUCTION: &str = include_str!("metrics-introduction.md");
const AFTERWORD: &str = include_str!("metrics-afterword.md");

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_reference_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
        if std::env::var_os("RESCIND_TEST_BLESS").is_some() {
            std::fs::write(&path, reference()).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            written,
            reference(),
            "run the tests with RESCIND_TEST_BLESS=1 to write docs/metrics.md anew"
        );
    }

    #[test]
    fn a_name_stands_once_and_is_no_other_with_an_ending() {
        let mut names = std::collections::HashSet::new();
        for metric in AREAS.iter().flat_map(|area| area.metrics) {
            assert!(names.insert(metric.name), "{} stands twice", metric.name);
            assert!(!metric.name.ends_with("_total"), "{}", metric.name);
            assert!(!metric.meaning.is_empty() && !metric.meaning.ends_with('.'), "{}", metric.name);
        }
    }
}
