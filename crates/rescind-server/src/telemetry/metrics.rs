//! Numbers for Prometheus.

use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The content type of [`Metrics::encode`].
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Every number that the server gives out. Other parts register theirs while it is built; afterwards it is only
/// read.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    http: HttpMetrics,
}

impl Metrics {
    /// With the numbers of HTTP registered.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        let http = HttpMetrics::register(&mut registry);
        Self { registry, http }
    }

    /// Where other parts register theirs. A label must come from a fixed set, never from input.
    pub(crate) fn registry_mut(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// The numbers of HTTP, to be handed to the layers.
    pub(crate) fn http(&self) -> HttpMetrics {
        self.http.clone()
    }

    /// All numbers in the OpenMetrics text format.
    pub(crate) fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a `String` does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// How many requests were answered, how, and how fast. Clones share the numbers.
#[derive(Clone, Debug)]
pub(crate) struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
}

impl HttpMetrics {
    fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        };
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        registry.register("http_request_seconds", "Time until the answer began", metrics.seconds.clone());
        metrics
    }

    /// Counts one answer. `route` is the pattern that matched, none where there was none.
    pub(crate) fn observe(
        &self,
        route: Option<&str>,
        method: &Method,
        status: StatusCode,
        elapsed: Duration,
    ) {
        let route = route.unwrap_or("other").to_owned();
        let method = known(method);
        let labels = RequestLabels { route: route.clone(), method, status: class(status) };
        self.requests.get_or_create(&labels).inc();
        self.seconds.get_or_create(&RouteLabels { route, method }).observe(elapsed.as_secs_f64());
    }
}

/// From a cached answer to one that waited for password hashing.
const BUCKETS: [f64; 12] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
    method: &'static str,
}

/// A method is the caller's own word: only the usual ones become a label.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_never_becomes_a_label() {
        let metrics = Metrics::new();
        let method = Method::from_bytes(b"EVIL").unwrap();
        metrics.http().observe(None, &method, StatusCode::NOT_FOUND, Duration::from_millis(3));
        let text = metrics.encode();
        let line = r#"http_requests_total{route="other",method="other",status="4xx"} 1"#;
        assert!(text.contains(line), "{text}");
        assert!(text.contains(r#"http_request_seconds_count{route="other",method="other"} 1"#), "{text}");
        assert!(!text.contains("EVIL"));
    }
}
