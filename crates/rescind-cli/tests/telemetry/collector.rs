//! A collector of traces: it takes OTLP over HTTP as it comes over the wire, and keeps the spans.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// On a port of its own, until the test ends.
pub(super) struct Collector {
    endpoint: String,
    taken: Arc<Taken>,
}

#[derive(Default)]
struct Taken {
    spans: Mutex<Vec<Span>>,
    resources: Mutex<Vec<KeyValue>>,
    headers: Mutex<HeaderMap>,
    bytes: Mutex<Vec<u8>>,
    grown: watch::Sender<()>,
}

impl Collector {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let taken = Arc::new(Taken::default());
        let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&taken));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { endpoint, taken }
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Waits for a span of which that holds.
    pub(super) async fn span(&self, what: &str, is_it: impl Fn(&Span) -> bool) -> Span {
        let mut grown = self.taken.grown.subscribe();
        let waiting = async {
            loop {
                grown.mark_unchanged();
                let found = self.spans().into_iter().find(&is_it);
                if let Some(span) = found {
                    return span;
                }
                // `self` holds the sender.
                let _ = grown.changed().await;
            }
        };
        // Longer than anything here takes on the slowest machine.
        let limit = std::time::Duration::from_secs(60);
        let found = tokio::time::timeout(limit, waiting).await;
        found.unwrap_or_else(|_| panic!("no span {what} among {:#?}", self.spans()))
    }

    /// The span of that name within another.
    pub(super) async fn child(&self, parent: &Span, name: &str) -> Span {
        let is_it = |span: &Span| span.name == name && span.parent_span_id == parent.span_id;
        let child = self.span(&format!("{name} in {}", parent.name), is_it).await;
        assert_eq!(child.trace_id, parent.trace_id);
        child
    }

    pub(super) fn spans(&self) -> Vec<Span> {
        lock(&self.taken.spans).clone()
    }

    /// What the process said of itself.
    pub(super) fn resource(&self, key: &str) -> Option<String> {
        lock(&self.taken.resources).iter().find(|attribute| attribute.key == key).and_then(text)
    }

    /// A header of the last request.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        Some(lock(&self.taken.headers).get(name)?.to_str().ok()?.to_owned())
    }

    /// All that came, byte by byte.
    pub(super) fn bytes(&self) -> Vec<u8> {
        lock(&self.taken.bytes).clone()
    }
}

/// An attribute of a span.
pub(super) fn attribute(span: &Span, key: &str) -> Option<String> {
    span.attributes.iter().find(|attribute| attribute.key == key).and_then(text)
}

async fn take(State(taken): State<Arc<Taken>>, headers: HeaderMap, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body.clone()).expect("protobuf");
    lock(&taken.bytes).extend(&body);
    *lock(&taken.headers) = headers;
    for spans in request.resource_spans {
        lock(&taken.resources).extend(spans.resource.into_iter().flat_map(|resource| resource.attributes));
        lock(&taken.spans).extend(spans.scope_spans.into_iter().flat_map(|scope| scope.spans));
    }
    taken.grown.send_replace(());
}

fn text(attribute: &KeyValue) -> Option<String> {
    let AnyValue { value: Some(value) } = attribute.value.as_ref()? else { return None };
    Some(match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::BoolValue(is) => is.to_string(),
        other => format!("{other:?}"),
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
