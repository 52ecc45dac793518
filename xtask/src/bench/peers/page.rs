//! Writing the table and the page.

use super::Samples;
use super::sides::{CONTESTS, Contest, Side, Unit};
use crate::bench::measured::{Measurement, summarise};

const HEAD: &str = "| work | who | floor | figure | of its floor | beside Rescind | spread |\n|---|---|---|---|---|---|---|\n";

/// What a reader needs to judge the figures.
const NOTES: &str = "\
- Figures are medians of rounds. In each round all of one kind of work take turns, and each round another one begins, so that a machine that changes its
  speed changes it for all. *Of its floor* and *beside Rescind* are medians of what each round gives; *beside Rescind* is how many times as fast it is:
  below 1 slower, above 1 faster. *Spread* is the width of the middle half of the figures, as a share of the median.
- *Floor*, over HTTP: a route of the same program that asks nobody for anything (`/open` with the same handler; `/healthz`; for oidc-provider its
  `/jwks`), asked without a token. In process: the signature alone, by aws-lc-rs with a parsed key, over the same bytes.
- Everybody has the whole machine in turn, and shares it with the load generator, which takes one thread. Rescind and its service are one process each,
  with a thread for each core; the others are two processes each: Node's cluster with `NODE_ENV=production`; gunicorn with 2 workers of 4 threads
  (`gthread`, since only that keeps connections), Django with `DEBUG` off and a connection to PostgreSQL kept by each thread. PostgreSQL (with its durable
  defaults) and Redis (without persistence) are as `rescind-testkit` starts them, on the same machine.
- A protected route: 10,000 live tokens in turn, none of them revoked, with the same claims for all; issuer, audience and times are checked by all. Each
  peer signs with HS256, its usual choice and the cheapest; Rescind with Ed25519, which a service can check without being able to sign.
- What they promise differs. express and Flask ask Redis, which forgets what it loses; simplejwt asks for the user's row, and its access tokens
  live until they expire. Rescind holds each token against every cut of token, session, user, tenant, client and key.
- Refresh: each connection rotates a token of its own, and each answer's token is the next request's. simplejwt puts the old one on its blacklist and the
  new one on its list; Rescind rotates its session in one durable statement.
- *Is this token good?*: oidc-provider introspects opaque tokens only; those of a client, in an adapter for Redis of forty lines. simplejwt's view answers
  anybody; Rescind and oidc-provider authenticate the caller.
- In process: issuer, audience and times are checked, the claims read into a struct, with keys that were parsed before.
";

/// The whole page.
pub(super) fn page(machine: &str, versions: &[String], table: &str) -> String {
    format!(
        "# Beside others\n\n\
         Written by `cargo xtask bench --peers`, which installs them and repeats it all; not edited by hand. The programs are in the \
         folder benches/peers of the sources.\n\n\
         Measured on {machine}.\n\n\
         Versions: {}.\n\n\
         {table}\n\
         {NOTES}",
        versions.join(", ")
    )
}

/// The table, with every row, measured or not.
pub(super) fn table(samples: &Samples) -> String {
    let lines = CONTESTS
        .iter()
        .flat_map(|contest| contest.sides.iter().map(move |side| Line { contest, side, samples }.text()));
    format!("{HEAD}{}", lines.collect::<String>())
}

struct Line<'a> {
    contest: &'a Contest,
    side: &'a Side,
    samples: &'a Samples,
}

impl Line<'_> {
    fn text(&self) -> String {
        let unit = self.contest.unit;
        let spelled = |id| self.summary(id).map_or_else(missing, |found| spell(unit, found.median));
        format!(
            "| {} | {} | {} | {} | {} | {} | {} |\n",
            self.contest.work,
            self.side.name,
            spelled(self.side.floor),
            spelled(self.side.id),
            self.speed_beside(self.side.floor)
                .map_or_else(missing, |share| format!("{:.0} %", share * 100.0)),
            self.speed_beside(self.contest.sides[0].id).map_or_else(missing, |times| format!("{times:.2}")),
            self.summary(self.side.id).map_or_else(missing, |found| format!("{:.1} %", found.spread * 100.0)),
        )
    }

    /// How many times as fast it is as another one of the same contest: round by round, and of these the median.
    fn speed_beside(&self, other: &str) -> Option<f64> {
        let pairs = self.rounds(self.side.id)?.iter().zip(self.rounds(other)?);
        let times = pairs.map(|(this, other)| match self.contest.unit {
            Unit::Rate => this / other,
            Unit::Time => other / this,
        });
        Some(summarise(times.collect())?.median)
    }

    fn summary(&self, id: &str) -> Option<Measurement> {
        summarise(self.rounds(id)?.clone())
    }

    fn rounds(&self, id: &str) -> Option<&Vec<f64>> {
        self.samples.get(&format!("{}/{id}", self.contest.id))
    }
}

fn missing() -> String {
    "not measured".to_owned()
}

fn spell(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Rate => format!("{value:.0}/s"),
        Unit::Time if value >= 1e3 => format!("{:.2} µs", value / 1e3),
        Unit::Time => format!("{value:.0} ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(contest: &str, who: &str, samples: &[(&str, &[f64])]) -> String {
        let samples =
            samples.iter().map(|(id, values)| (format!("{contest}/{id}"), values.to_vec())).collect();
        let contest = CONTESTS.iter().find(|known| known.id == contest).expect("a contest");
        let side = contest.sides.iter().find(|side| side.id == who).expect("a side");
        Line { contest, side, samples: &samples }.text()
    }

    #[test]
    fn a_peer_that_is_faster_is_shown_as_faster() {
        let rates = [("rescind", &[100.0][..]), ("django", &[250.0]), ("django/open", &[500.0])];
        let text = line("refresh/64", "django", &rates);
        assert!(text.ends_with("| 500/s | 250/s | 50 % | 2.50 | 0.0 % |\n"), "{text}");
        let times = [("rescind", &[3_000.0][..]), ("jwt-simple", &[2_000.0]), ("floor", &[1_000.0])];
        let text = line("bare/rs256", "jwt-simple", &times);
        assert!(text.ends_with("| 1.00 µs | 2.00 µs | 50 % | 1.50 | 0.0 % |\n"), "{text}");
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let rates = [
            ("rescind", &[100.0, 10.0, 50.0][..]),
            ("django", &[50.0, 5.0, 25.0]),
            ("django/open", &[200.0, 20.0, 100.0]),
        ];
        let text = line("refresh/1", "django", &rates);
        assert!(text.contains("| 25 % | 0.50 |"), "{text}");
    }

    #[test]
    fn what_was_not_measured_says_so() {
        let text = line("refresh/1", "django", &[("rescind", &[100.0])]);
        assert_eq!(text.matches("| not measured ").count(), 5, "{text}");
    }
}
