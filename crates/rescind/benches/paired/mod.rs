//! Two pieces of work measured in turn, for their ratio.
//!
//! A shared machine changes its speed within seconds, so that two figures taken one after the other say little about each
//! other. In turn, both meet the same machine: each sample here is a ratio, and criterion gives its median and spread.

#![allow(dead_code, reason = "each benchmark uses what it needs")]

use std::time::{Duration, Instant};

use criterion::measurement::{Measurement, ValueFormatter};
use criterion::{Criterion, Throughput};

/// The time of one piece of work as a multiple of another's.
pub(crate) struct Ratio;

/// Criterion for ratios, with the settings of the command line.
pub(crate) fn criterion() -> Criterion<Ratio> {
    Criterion::default().with_measurement(Ratio).configure_from_args()
}

/// Measures how many times as long `work` takes as `other`. Each runs `burst` times before the other's turn, which
/// should take much longer than the tens of nanoseconds that reading a clock does.
pub(crate) fn measure(
    criterion: &mut Criterion<Ratio>,
    id: &str,
    burst: u32,
    mut work: impl FnMut(),
    mut other: impl FnMut(),
) {
    criterion.bench_function(id, |bencher| {
        bencher.iter_custom(|rounds| {
            let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
            for round in 0..rounds {
                // Whoever comes first finds the caches as the other left them: so they take turns in that as well.
                if round % 2 == 0 {
                    ours += timed(burst, &mut work);
                    theirs += timed(burst, &mut other);
                } else {
                    theirs += timed(burst, &mut other);
                    ours += timed(burst, &mut work);
                }
            }
            ours.as_secs_f64() / theirs.as_secs_f64() * rounds as f64
        });
    });
}

fn timed(burst: u32, work: &mut impl FnMut()) -> Duration {
    let began = Instant::now();
    (0..burst).for_each(|_| work());
    began.elapsed()
}

impl Measurement for Ratio {
    type Intermediate = ();
    type Value = f64;

    fn start(&self) {}

    fn end(&self, (): ()) -> f64 {
        unreachable!("ratios are measured by `measure` alone")
    }

    fn add(&self, one: &f64, other: &f64) -> f64 {
        one + other
    }

    fn zero(&self) -> f64 {
        0.0
    }

    fn to_f64(&self, value: &f64) -> f64 {
        *value
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        &Times
    }
}

struct Times;

impl ValueFormatter for Times {
    fn scale_values(&self, _typical: f64, _values: &mut [f64]) -> &'static str {
        "×"
    }

    fn scale_throughputs(
        &self,
        _typical: f64,
        _throughput: &Throughput,
        _values: &mut [f64],
    ) -> &'static str {
        "×"
    }

    fn scale_for_machines(&self, _values: &mut [f64]) -> &'static str {
        "×"
    }
}
