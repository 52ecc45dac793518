//! The text of one scrape.

use std::fmt;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Metric as Registered, Registry};

use super::catalog::{Kind, Metric};

/// What is told at one scrape. Made anew for each, so that nothing is kept up to date that nobody asks for.
#[derive(Debug, Default)]
pub(super) struct Page {
    registry: Registry,
}

/// A number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    /// How many.
    Count(u64),
    /// How much.
    Level(f64),
}

impl From<u64> for Number {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<f64> for Number {
    fn from(level: f64) -> Self {
        Self::Level(level)
    }
}

impl Page {
    /// A metric without labels.
    pub(super) fn one(&mut self, metric: &'static Metric, number: impl Into<Number>) {
        self.many(metric, [([], number)]);
    }

    /// One with labels: what each has, in the order of the catalogue, and the number.
    pub(super) fn many<const L: usize, N: Into<Number>>(
        &mut self,
        metric: &'static Metric,
        rows: impl IntoIterator<Item = ([&'static str; L], N)>,
    ) {
        debug_assert_eq!(metric.labels.len(), L, "{}", metric.name);
        let row = |(values, number): ([&'static str; L], N)| {
            let labels = metric.labels.iter().zip(values).map(|(label, value)| (label.name, value));
            (labels.collect(), number.into())
        };
        self.add(metric, Samples { kind: metric.kind, rows: rows.into_iter().map(row).collect() });
    }

    /// A histogram: the sum of what was counted, and how many there were at each limit and below, up to the one before; the last
    /// are those above.
    pub(super) fn histogram(&mut self, metric: &'static Metric, sum: f64, limits: &[u64], counts: &[u64]) {
        let limits = limits.iter().map(|limit| *limit as f64).chain([f64::INFINITY]);
        self.add(metric, Sizes { sum, buckets: limits.zip(counts.iter().copied()).collect() });
    }

    /// One that prometheus-client keeps.
    pub(super) fn add(&mut self, metric: &'static Metric, numbers: impl Registered) {
        self.registry.register(metric.name, metric.meaning, numbers);
    }

    /// In the OpenMetrics text format.
    pub(super) fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a `String` does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Numbers that were counted elsewhere.
#[derive(Debug)]
struct Samples {
    kind: Kind,
    rows: Vec<(Vec<(&'static str, &'static str)>, Number)>,
}

impl Samples {
    fn encode_one(&self, mut encoder: MetricEncoder<'_>, number: Number) -> fmt::Result {
        match (self.kind, number) {
            (Kind::Counter, Number::Count(count)) => {
                encoder.encode_counter::<NoLabelSet, _, u64>(&count, None)
            }
            (Kind::Counter, Number::Level(level)) => {
                encoder.encode_counter::<NoLabelSet, _, u64>(&level, None)
            }
            (_, Number::Count(count)) => encoder.encode_gauge(&i64::try_from(count).unwrap_or(i64::MAX)),
            (_, Number::Level(level)) => encoder.encode_gauge(&level),
        }
    }
}

impl EncodeMetric for Samples {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (labels, number) in &self.rows {
            if labels.is_empty() {
                // The only one there is.
                return self.encode_one(encoder, *number);
            }
            self.encode_one(encoder.encode_family(labels)?, *number)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        match self.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
            Kind::Histogram => MetricType::Histogram,
        }
    }
}

/// A histogram that was counted elsewhere.
#[derive(Debug)]
struct Sizes {
    sum: f64,
    buckets: Vec<(f64, u64)>,
}

impl EncodeMetric for Sizes {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let count = self.buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(self.sum, count, &self.buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::catalog::{BATCH_SIZE, CHECKS, REPLICA_SEQ, STALE_ALLOWED};

    #[test]
    fn numbers_are_written_as_open_metrics_has_them() {
        let mut page = Page::default();
        page.one(&REPLICA_SEQ, 7);
        page.one(&STALE_ALLOWED, 0);
        page.many(&CHECKS, [(["accepted", "ok"], 3), (["refused", "stale"], 0)]);
        page.histogram(&BATCH_SIZE, 13.0, &[1, 8], &[1, 0, 1]);
        let text = page.encode();
        for line in [
            "# TYPE rescind_replica_seq gauge",
            "rescind_replica_seq 7",
            "rescind_stale_allowed_total 0",
            r#"rescind_checks_total{result="accepted",reason="ok"} 3"#,
            r#"rescind_checks_total{result="refused",reason="stale"} 0"#,
            "rescind_store_batch_size_sum 13.0",
            "rescind_store_batch_size_count 2",
            r#"rescind_store_batch_size_bucket{le="8.0"} 1"#,
            r#"rescind_store_batch_size_bucket{le="+Inf"} 2"#,
        ] {
            assert!(text.lines().any(|written| written == line), "{line} is not in {text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
