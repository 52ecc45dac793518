//! The rows of the table: which measurements belong together, and what is to be reached.
//!
//! `sqlite/…_64` are batches of 64 in one transaction and declare `Throughput::Elements(64)`; `sqlite/…_1` are alone in
//! theirs. An id is criterion's `group/function`, or one that `crates/rescind-testkit/benches/http.rs` writes.

/// One row.
pub(crate) struct Row {
    /// What is done.
    pub(crate) work: &'static str,
    /// The id of our measurement.
    pub(crate) ours: &'static str,
    /// What cannot be beaten: names and ids. Where there are several, the slowest one bounds us.
    pub(crate) floors: &'static [(&'static str, &'static str)],
    /// Somebody else's way of doing it: name and id.
    pub(crate) peer: Option<(&'static str, &'static str)>,
    /// The id of the target's ratio, where it was measured by running both in turn: a machine that changes its speed
    /// between two measurements does not change this.
    pub(crate) in_turn: Option<&'static str>,
    /// What the figures mean.
    pub(crate) unit: Unit,
    /// What is to be reached.
    pub(crate) target: Target,
}

/// What a figure means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unit {
    /// A time, measured in nanoseconds.
    Time,
    /// A rate: measured per second over HTTP, else the inverse of criterion's time per element.
    Rate,
    /// Milliseconds.
    Milliseconds,
    /// Millions of bytes.
    Megabytes,
    /// Bytes.
    Bytes,
}

/// What a row is held to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Target {
    /// Our time is at most this many times the floor's.
    TimesFloor(f64),
    /// The peer takes at least this many times as long.
    TimesFaster(f64),
    /// Our rate is at least this share of the floor's.
    ShareOfFloor(f64),
    /// Our figure is at most this, in the row's unit (nanoseconds for a time).
    AtMost(f64),
    /// Shown for comparison only.
    Shown,
}

/// The nanoseconds that `replica/floor_one_line` takes where a probe is to take 40 and all cuts 150. What a probe waits
/// for is memory, and machines differ in that by a factor of three: so the targets are kept as multiples.
const ONE_LINE: f64 = 28.0;

pub(crate) const ROWS: &[Row] = &[
    Row {
        work: "verify an Ed25519 access token, not seen before",
        ours: "verify_ed25519/ours",
        floors: &[("the signature alone, aws-lc-rs", "verify_ed25519/bare")],
        peer: Some(("jsonwebtoken", "verify_ed25519/jsonwebtoken")),
        in_turn: Some("verify_ed25519/ours_to_bare"),
        unit: Unit::Time,
        target: Target::TimesFloor(1.05),
    },
    Row {
        work: "the same with HS256",
        ours: "verify_hs256/ours",
        floors: &[("the MAC alone, aws-lc-rs", "verify_hs256/bare")],
        peer: Some(("jsonwebtoken", "verify_hs256/jsonwebtoken")),
        in_turn: Some("verify_hs256/jsonwebtoken_to_ours"),
        unit: Unit::Time,
        target: Target::TimesFaster(2.5),
    },
    Row {
        work: "verify a token seen before, one of 10,000, all cuts among 1 M marks",
        ours: "seen/verify",
        floors: &[("a map of texts, the whole token compared", "seen/floor_compare")],
        peer: Some(("a miss in Redis, then one in PostgreSQL", "postgres/usual_check")),
        in_turn: None,
        unit: Unit::Time,
        // 0.7 µs where the floor is 0.5: it waits for memory, as the probes do.
        target: Target::TimesFloor(0.7 / 0.5),
    },
    Row {
        work: "the same, while the other core checks distinct forged tokens",
        ours: "flood/beside_forging",
        floors: &[("while the other core merely counts", "flood/beside_counting")],
        peer: None,
        in_turn: Some("flood/seen_kept"),
        unit: Unit::Rate,
        target: Target::ShareOfFloor(0.9),
    },
    Row {
        work: "one probe, \"not there\", 1 M marks",
        ours: "replica/probe_absent_1m",
        floors: &[("one word at a random place in 1.5 MB", "replica/floor_one_line")],
        peer: Some(("RwLock<HashMap>", "replica/peer_rwlock_absent_1m")),
        in_turn: None,
        unit: Unit::Time,
        target: Target::TimesFloor(40.0 / ONE_LINE),
    },
    Row {
        work: "the same, 10 M marks",
        ours: "replica/probe_absent_10m",
        floors: &[("one word at a random place in 15 MB", "replica/floor_one_line_10m")],
        peer: None,
        in_turn: Some("replica/probe_absent_10m_to_one_line"),
        unit: Unit::Time,
        target: Target::TimesFloor(1.2),
    },
    Row {
        work: "all cuts of one token, 1 M marks",
        ours: "replica/all_cuts_1m",
        floors: &[("one word at a random place in 1.5 MB", "replica/floor_one_line")],
        peer: Some(("a miss in Redis, then one in PostgreSQL", "postgres/usual_check")),
        in_turn: None,
        unit: Unit::Time,
        target: Target::TimesFloor(150.0 / ONE_LINE),
    },
    Row {
        work: "memory of a mark, 10 M of them, as the replica counts it",
        ours: "replica/bytes_counted",
        floors: &[],
        peer: None,
        in_turn: None,
        unit: Unit::Bytes,
        target: Target::AtMost(32.0),
    },
    Row {
        work: "the same, as the operating system counts it",
        ours: "replica/bytes_resident",
        floors: &[],
        peer: None,
        in_turn: None,
        unit: Unit::Bytes,
        target: Target::Shown,
    },
    Row {
        work: "rotations in batches of 64, by the store",
        ours: "sqlite/store_rotate_64",
        floors: &[("the bare statements", "sqlite/rotate_64")],
        peer: None,
        in_turn: None,
        unit: Unit::Rate,
        target: Target::Shown,
    },
    Row {
        work: "cuts in batches of 64, by the store",
        ours: "sqlite/store_cut_64",
        floors: &[("the bare statements", "sqlite/cut_64")],
        peer: None,
        in_turn: None,
        unit: Unit::Rate,
        target: Target::Shown,
    },
    Row {
        work: "durable cut on PostgreSQL, one at a time",
        ours: "postgres/store_cut_1",
        floors: &[("one row of the ledger and its commit", "postgres/cut_1")],
        peer: None,
        in_turn: None,
        unit: Unit::Time,
        target: Target::TimesFloor(1.5),
    },
    Row {
        work: "durable cuts on PostgreSQL, 64 at once",
        ours: "postgres/store_cut_64",
        floors: &[("64 rows of the ledger and their commit", "postgres/cut_64")],
        peer: None,
        in_turn: None,
        unit: Unit::Rate,
        target: Target::ShareOfFloor(0.5),
    },
    Row {
        work: "rotations on PostgreSQL, 64 at once",
        ours: "postgres/store_rotate_64",
        floors: &[("the bare statement, 64 at once", "postgres/rotate_64")],
        peer: None,
        in_turn: None,
        unit: Unit::Rate,
        target: Target::Shown,
    },
    Row {
        work: "news of a cut, from its acknowledgement to another node's having read it",
        ours: "postgres/news",
        floors: &[],
        peer: None,
        in_turn: None,
        unit: Unit::Time,
        target: Target::AtMost(5_000_000.0),
    },
    Row {
        work: "refresh over HTTP, 1 connection",
        ours: "http/refresh/1",
        floors: &[("one rotation and its commit", "sqlite/rotate_1"), ("the open route", "http/open/1")],
        peer: None,
        in_turn: None,
        unit: Unit::Rate,
        target: Target::Shown,
    },
    Row {
        work: "refresh over HTTP, 64 connections",
        ours: "http/refresh/64",
        floors: &[("rotations in batches of 64", "sqlite/rotate_64"), ("the open route", "http/open/64")],
        peer: None,
        in_turn: None,
        unit: Unit::Rate,
        target: Target::ShareOfFloor(0.5),
    },
    Row {
        work: "revoke over HTTP, 1 connection",
        ours: "http/revoke/1",
        floors: &[("one cut and its commit", "sqlite/cut_1"), ("the open route", "http/open/1")],
        peer: None,
        in_turn: None,
        unit: Unit::Rate,
        target: Target::Shown,
    },
    Row {
        work: "revoke over HTTP, 64 connections",
        ours: "http/revoke/64",
        floors: &[("cuts in batches of 64", "sqlite/cut_64"), ("the open route", "http/open/64")],
        peer: None,
        in_turn: None,
        unit: Unit::Rate,
        target: Target::Shown,
    },
    Row {
        work: "refresh over HTTP on PostgreSQL, 1 connection",
        ours: "http_postgres/refresh/1",
        floors: &[("one rotation and its commit", "postgres/rotate_1"), ("the open route", "http/open/1")],
        peer: None,
        in_turn: None,
        unit: Unit::Rate,
        target: Target::Shown,
    },
    Row {
        work: "refresh over HTTP on PostgreSQL, 64 connections",
        ours: "http_postgres/refresh/64",
        floors: &[
            ("64 rotations and their commit", "postgres/rotate_64"),
            ("the open route", "http/open/64"),
        ],
        peer: None,
        in_turn: None,
        unit: Unit::Rate,
        target: Target::ShareOfFloor(0.5),
    },
    Row {
        work: "revoke over HTTP on PostgreSQL, 1 connection",
        ours: "http_postgres/revoke/1",
        floors: &[
            ("one row of the ledger and its commit", "postgres/cut_1"),
            ("the open route", "http/open/1"),
        ],
        peer: None,
        in_turn: None,
        unit: Unit::Rate,
        target: Target::Shown,
    },
    Row {
        work: "revoke over HTTP on PostgreSQL, 64 connections",
        ours: "http_postgres/revoke/64",
        floors: &[
            ("64 rows of the ledger and their commit", "postgres/cut_64"),
            ("the open route", "http/open/64"),
        ],
        peer: None,
        in_turn: None,
        unit: Unit::Rate,
        target: Target::Shown,
    },
    Row {
        work: "protected route over HTTP, 10,000 tokens seen before, 64 connections",
        ours: "http_service/protected",
        floors: &[("the same route unprotected, asked without a token", "http_service/open")],
        peer: None,
        in_turn: Some("http_service/protected_to_open"),
        unit: Unit::Rate,
        target: Target::ShareOfFloor(0.7),
    },
    Row {
        work: "the same route unprotected, asked with the token",
        ours: "http_service/open_with_token",
        floors: &[("asked without", "http_service/open")],
        peer: None,
        in_turn: Some("http_service/open_with_token_to_open"),
        unit: Unit::Rate,
        target: Target::Shown,
    },
    Row {
        work: "revoked at one node, refused at another, over HTTP: p50",
        ours: "fleet/refused",
        floors: &[],
        peer: None,
        in_turn: None,
        unit: Unit::Time,
        target: Target::AtMost(5_000_000.0),
    },
    Row {
        work: "the same: p99",
        ours: "fleet/refused_p99",
        floors: &[],
        peer: None,
        in_turn: None,
        unit: Unit::Time,
        target: Target::AtMost(50_000_000.0),
    },
    Row {
        work: "start to ready with 1 M marks on PostgreSQL",
        ours: "server/ready_with_marks",
        floors: &[],
        peer: None,
        in_turn: None,
        unit: Unit::Milliseconds,
        target: Target::AtMost(1_000.0),
    },
    Row {
        work: "a service's start to ready, from a snapshot of 1 M marks over HTTP",
        ours: "server/snapshot_with_marks",
        floors: &[],
        peer: None,
        in_turn: None,
        unit: Unit::Milliseconds,
        target: Target::AtMost(1_000.0),
    },
    Row {
        work: "the slowest page for people, 1 M sessions and 1 M entries in a file",
        ours: "pages/slowest",
        floors: &[],
        peer: None,
        in_turn: None,
        unit: Unit::Milliseconds,
        target: Target::AtMost(50.0),
    },
    Row {
        work: "the same on PostgreSQL",
        ours: "pages_postgres/slowest",
        floors: &[],
        peer: None,
        in_turn: None,
        unit: Unit::Milliseconds,
        target: Target::AtMost(50.0),
    },
    Row {
        work: "resident memory, with 1 M marks",
        ours: "server/resident_with_marks",
        floors: &[],
        peer: None,
        in_turn: None,
        unit: Unit::Megabytes,
        target: Target::Shown,
    },
    Row {
        work: "start to ready, after the first start",
        ours: "server/ready",
        floors: &[],
        peer: None,
        in_turn: None,
        unit: Unit::Milliseconds,
        target: Target::AtMost(150.0),
    },
    Row {
        work: "resident memory, idle",
        ours: "server/resident",
        floors: &[],
        peer: None,
        in_turn: None,
        unit: Unit::Megabytes,
        target: Target::AtMost(30.0),
    },
];
