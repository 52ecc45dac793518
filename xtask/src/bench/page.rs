//! Writing the table and the page.

use super::measured::{Measurement, Measurements};
use super::rows::{Row, Target, Unit};

const HEAD: &str =
    "| work | floor | ours | peer | ratio | spread | target | met? |\n|---|---|---|---|---|---|---|---|\n";

/// What was learnt with a sampling profiler, and holds until somebody looks again.
const BOUNDS: &str = "\
## What bounds the rates over HTTP

Over one connection it is the waiting: for the commit and its fsync, and for the threads that hand the request on (the runtime to the writer
and back; a revocation is also authenticated by a reader first). Nothing is shared with anybody, so nothing is gained by batches.

Over 64 connections it is the processor: both cores are busy, and the load generator takes about a fifth of them. A profile of the
server under that load (`perf record -e cpu-clock`, two cores, November 2026) says where its own time goes:

| | refresh | revoke |
|---|---|---|
| HTTP, routing and the runtime | 23 % | 30 % |
| the kernel: sockets, the log, fsync | 17 % | 23 % |
| SQLite | 12 % | 16 % |
| allocating and freeing | 14 % | 14 % |
| the signature of the new access token (Ed25519) | 14 % | - |
| other cryptography (HMAC, HKDF, SHA-256) | 5 % | 1 % |
| JSON and base64url | 4 % | 1 % |
| everything else | 11 % | 15 % |

The bare statements leave out what a verb has to look up first: a cut asks whose jti it is (three indexes) and whether an entry stands already; every
verb passes a queue and answers each caller by itself.

## What bounds cuts on PostgreSQL

The floor is one row in one table, with its five indexes. A cut also asks whose jti it is (three indexes) and what stands (one), writes the audit
trail (a second row, with two to five indexes), moves the head, leaves the batch's tag, and wakes the other nodes. `EXPLAIN (ANALYZE)` on the server itself
(PostgreSQL 15, two cores, November 2026) says what that takes, without the network and the commit:

| | 1 cut | 64 cuts |
|---|---|---|
| the floor's statement | 0.05 ms | 0.6 ms |
| ours | 0.35 ms | 2.7 ms |
| of it looking | | 0.9 ms |
| of it rows of the ledger | | 0.6 ms |
| of it rows of the audit trail | | 0.6 ms |

The rest is joining, and starting a plan with thirty nodes, which is a fifth of what the server's process spends on a single cut (0.65 ms of processor, where a tenth goes
to parsing `BEGIN`, `LOCK` and `COMMIT`, and a sixth to the commit). So the look-ups and the audit trail alone keep it above twice the floor. A
leaner statement for batches in which nothing stands and no jti is known took 1.9 ms. It would say the rules once more, and miss the target all the same.

## What bounds a start on PostgreSQL

A million marks are read by one thread, which takes the rows apart and fills the tables: 1.2 s of processor, a fifth of it in the tables, while the next page is fetched. From
the start of the process to the first 200 that made 1.6 s (six times by hand, 1.53 to 1.87, with the table's own machine idle, November 2026). Under a second it takes a second thread, or rows in a form that is quicker to take apart.

## What bounds a check of an HS256 token

Reading. A MAC takes a microsecond, so that what it takes to read a token strictly is most of a check: splitting it, both parts out of base64url, and one pass over
the claims in which a name that stands twice, a number that is none, or a text that is not UTF-8 is refused (14,500 instructions beside the MAC; 2.6 µs). In turn with
the peer, four whole runs of November 2026 made 2.75, 2.68, 2.48 and, in docs/peers.md, 2.36: the target lies among them.

## What bounds a check of a token seen before

Memory. Ten thousand tokens and what was read from them are 17 MB. The end of the text, the place that it leads to, the text that is kept there and its claims
are found one by the other, each at a random place: a profile has 18 % in comparing the text, 16 % in finding it, 13 % in all the cuts, 11 % in hashing the end of the text. Beside
finding and comparing a text of that length in a map it took 1.9 and, in another whole run, 2.2 times as long, and 3.0 times on another processor, where a
read at a random place in 1.5 MB took 23 ns, and one in 15 MB 167 (November 2026).
";

/// The whole page, with a section about instructions, or none.
pub(crate) fn page(machine: &str, table: &str, instructions: &str) -> String {
    let instructions = if instructions.is_empty() { String::new() } else { format!("{instructions}\n") };
    format!(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench`, which repeats them all; not edited by hand.\n\n\
         Measured on {machine}.\n\n\
         {table}\n\
         - Figures are medians. *Spread* is the width of the middle half of the samples, as a share of the median.\n\
         - *Floor* is what the work cannot beat; where there are several floors, the slowest bounds us and is the one\n  \
         shown. *Ratio* is ours to the floor; for a target against a peer, the peer's to ours. Where both are pieces of\n  \
         the same program, they were run in turn for it, so that it can differ from the quotient of the two columns.\n\
         - A probe waits for memory, which differs between machines by a factor of three. Its targets are 40 and 150 ns where\n  \
         one dependent read at a random place in 1.5 MB takes 28 ns, and are kept as multiples of that read. Both are\n  \
         measured with the same loop around them, which takes some 17 ns of each. Which pages of memory a run is given\n  \
         moves either by half; `replica/…_to_one_line` of the same run is the ratio where both are run in turn and\n  \
         neither finds its memory in the second-level cache (in November 2026, of two whole runs: 1.11 and 1.13 for the probe, 1.79 and 1.19 for all cuts).\n\
         - Over HTTP the load generator shares the cores with the server, for the open route (`GET /healthz`) as well.\n  \
         The rates of bare statements are criterion's, on a file with the same settings.\n\
         - Machines differ and drift: compare ratios, and figures within one run.\n\n\
         {instructions}{BOUNDS}"
    )
}

/// The table, with every row, measured or not.
pub(crate) fn table(rows: &[Row], measured: &Measurements) -> String {
    let lines: String = rows.iter().map(|row| Figures::of(row, measured).line(row)).collect();
    format!("{HEAD}{lines}")
}

/// A row's figures, in the row's unit.
struct Figures {
    floor: Option<(&'static str, f64)>,
    ours: Option<Measurement>,
    peer: Option<(&'static str, f64)>,
    in_turn: Option<f64>,
}

impl Figures {
    fn of(row: &Row, measured: &Measurements) -> Self {
        let found = |id: &str| {
            let found = measured.get(id)?;
            Some(Measurement { median: in_unit(row.unit, id, found.median), ..found })
        };
        let figure = |id: &str| found(id).map(|found| found.median);
        let floors: Option<Vec<_>> = row.floors.iter().map(|(name, id)| Some((*name, figure(id)?))).collect();
        Self {
            // All of them or none: the slowest of some would say more than was measured.
            floor: floors.and_then(|floors| slowest(row.unit, floors)),
            ours: found(row.ours),
            peer: row.peer.and_then(|(name, id)| Some((name, figure(id)?))),
            in_turn: row.in_turn.and_then(|id| measured.get(id)).map(|ratio| ratio.median),
        }
    }

    fn line(&self, row: &Row) -> String {
        let named = |found: Option<(&str, f64)>| match found {
            Some((name, value)) => format!("{} ({name})", spell(row.unit, value)),
            None => "—".to_owned(),
        };
        let ours = self.ours.map_or_else(|| "not measured".to_owned(), |ours| spell(row.unit, ours.median));
        let spread = self.ours.map_or_else(|| "—".to_owned(), |ours| format!("{:.1} %", ours.spread * 100.0));
        let ratio = self.ratio(row).map_or_else(|| "—".to_owned(), |ratio| format!("{ratio:.2}"));
        let met = match self.met(row) {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "—",
        };
        format!(
            "| {} | {} | {ours} | {} | {ratio} | {spread} | {} | {met} |\n",
            row.work,
            named(self.floor),
            named(self.peer),
            promise(row)
        )
    }

    fn ratio(&self, row: &Row) -> Option<f64> {
        let ours = self.ours?.median;
        if row.in_turn.is_some() {
            return self.in_turn;
        }
        match row.target {
            Target::TimesFaster(_) => Some(self.peer?.1 / ours),
            _ => Some(ours / self.floor?.1),
        }
    }

    /// None where there is no target, or something that it needs was not measured.
    fn met(&self, row: &Row) -> Option<bool> {
        match row.target {
            Target::TimesFloor(most) => Some(self.ratio(row)? <= most),
            Target::TimesFaster(least) | Target::ShareOfFloor(least) => Some(self.ratio(row)? >= least),
            Target::AtMost(most) => Some(self.ours?.median <= most),
            Target::Shown => None,
        }
    }
}

fn slowest(unit: Unit, floors: Vec<(&'static str, f64)>) -> Option<(&'static str, f64)> {
    let by_figure = |one: &(_, f64), other: &(_, f64)| one.1.total_cmp(&other.1);
    let floors = floors.into_iter();
    if unit == Unit::Rate { floors.min_by(by_figure) } else { floors.max_by(by_figure) }
}

fn in_unit(unit: Unit, id: &str, median: f64) -> f64 {
    let is_rate_already = id.starts_with("http");
    if unit == Unit::Rate && !is_rate_already { 1e9 / median } else { median }
}

fn promise(row: &Row) -> String {
    match row.target {
        Target::TimesFloor(most) => format!("≤ {most:.2} × floor"),
        Target::TimesFaster(least) => format!("≥ {least} × faster than the peer"),
        Target::ShareOfFloor(least) => format!("≥ {:.0} % of the floor", least * 100.0),
        Target::AtMost(most) => format!("≤ {}", spell(row.unit, most)),
        Target::Shown => "—".to_owned(),
    }
}

fn spell(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Time if value >= 1e6 => format!("{:.2} ms", value / 1e6),
        Unit::Time if value >= 1e3 => format!("{:.2} µs", value / 1e3),
        Unit::Time => format!("{value:.1} ns"),
        Unit::Rate => format!("{value:.0}/s"),
        Unit::Milliseconds => format!("{value:.0} ms"),
        Unit::Megabytes => format!("{value:.1} MB"),
        Unit::Bytes => format!("{value:.1} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Row = Row {
        work: "work",
        ours: "g/ours",
        floors: &[("bare", "g/floor")],
        peer: None,
        in_turn: None,
        unit: Unit::Time,
        target: Target::TimesFloor(1.05),
    };
    const RATE: Row = Row {
        work: "work",
        ours: "http/x/64",
        floors: &[("bare", "sqlite/x"), ("open", "http/open/64")],
        peer: None,
        in_turn: None,
        unit: Unit::Rate,
        target: Target::ShareOfFloor(0.5),
    };

    fn line(row: &Row, ours: Option<f64>, floors: &[(&'static str, f64)]) -> String {
        let floor = slowest(row.unit, floors.to_vec());
        let ours = ours.map(|median| Measurement { median, spread: 0.012 });
        Figures { floor, ours, peer: None, in_turn: None }.line(row)
    }

    #[test]
    fn a_time_is_held_to_its_floor() {
        assert_eq!(
            line(&TIME, Some(44_000.0), &[("bare", 43_000.0)]),
            "| work | 43.00 µs (bare) | 44.00 µs | — | 1.02 | 1.2 % | ≤ 1.05 × floor | yes |\n"
        );
        assert!(line(&TIME, Some(46_000.0), &[("bare", 43_000.0)]).contains("| **no** |"));
    }

    #[test]
    fn the_lowest_rate_bounds() {
        let line = line(&RATE, Some(9_000.0), &[("bare", 40_000.0), ("open", 20_000.0)]);
        assert!(line.contains("| 20000/s (open) | 9000/s |") && line.contains("| 0.45 |"), "{line}");
        assert!(line.contains("| **no** |"), "{line}");
    }

    #[test]
    fn what_was_not_measured_is_never_met() {
        assert!(line(&TIME, None, &[("bare", 1.0)]).contains("| not measured | — | — | — |"));
        assert!(line(&TIME, Some(1.0), &[]).ends_with("| — |\n"));
    }

    #[test]
    fn our_own_times_become_rates_as_the_floors_do() {
        let mut measured = Measurements::default();
        measured.insert("sqlite/store", vec![84_000.0]);
        measured.insert("sqlite/bare", vec![64_000.0]);
        let row =
            Row { ours: "sqlite/store", floors: &[("bare", "sqlite/bare")], target: Target::Shown, ..RATE };
        assert_eq!(
            Figures::of(&row, &measured).line(&row),
            "| work | 15625/s (bare) | 11905/s | — | 0.76 | 0.0 % | — | — |\n"
        );
    }

    #[test]
    fn criterion_times_become_rates() {
        assert!((in_unit(Unit::Rate, "sqlite/x", 1e6) - 1_000.0).abs() < 1e-9);
        assert!((in_unit(Unit::Rate, "http/x", 1e6) - 1e6).abs() < 1e-9);
    }
}
