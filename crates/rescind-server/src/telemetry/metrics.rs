//! What is counted of HTTP.

use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::catalog::{HTTP_REQUESTS, HTTP_SECONDS};
use super::page::Page;

/// The content type of what `/metrics` answers.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How many requests were answered, how, and how fast. Clones share the numbers.
#[derive(Clone, Debug)]
pub(crate) struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
}

/// All at zero.
impl Default for HttpMetrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        }
    }
}

impl HttpMetrics {
    pub(super) fn tell(&self, page: &mut Page) {
        page.add(&HTTP_REQUESTS, self.requests.clone());
        page.add(&HTTP_SECONDS, self.seconds.clone());
    }

    /// These numbers alone.
    #[cfg(test)]
    pub(crate) fn encode(&self) -> String {
        let mut page = Page::default();
        self.tell(&mut page);
        page.encode()
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
        let metrics = HttpMetrics::default();
        let method = Method::from_bytes(b"EVIL").unwrap();
        metrics.observe(None, &method, StatusCode::NOT_FOUND, Duration::from_millis(3));
        let text = metrics.encode();
        let line = r#"http_requests_total{route="other",method="other",status="4xx"} 1"#;
        assert!(text.contains(line), "{text}");
        assert!(text.contains(r#"http_request_seconds_count{route="other",method="other"} 1"#), "{text}");
        assert!(!text.contains("EVIL"));
    }
}
