//! Traces: the trace that a request is part of (W3C Trace Context), and the export of spans by OTLP over HTTP.

mod context;
mod endpoint;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Key, KeyValue};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

pub(crate) use context::{Trace, begin, end, kind};
pub use endpoint::{Endpoint, NoEndpoint};

/// How long one request to the collector may take. Nobody waits for it but the thread that exports.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the last spans may take at the end of the process.
const FAREWELL: Duration = Duration::from_secs(2);

/// Whether spans of this process are exported.
static EXPORTS: AtomicBool = AtomicBool::new(false);

/// Sends spans to a collector, from a thread of its own and in batches. What is to be sent waits in a queue with an end (2,048
/// spans, or `OTEL_BSP_MAX_QUEUE_SIZE`); what finds no place there is left out. So a collector that hangs, or is not there, holds
/// nobody up.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rescind_server::telemetry::trace::{Endpoint, Exporter};
/// use tracing_subscriber::layer::SubscriberExt as _;
/// use tracing_subscriber::util::SubscriberInitExt as _;
///
/// let exporter = Exporter::start(&Endpoint::parse("http://127.0.0.1:4318")?)?;
/// tracing_subscriber::registry().with(exporter.layer()).try_init()?;
/// // … what there is to do, and then:
/// exporter.stop();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "what it has yet to send is lost unless it is stopped"]
pub struct Exporter {
    provider: SdkTracerProvider,
}

/// Why spans cannot be exported.
///
/// ```
/// use rescind_server::telemetry::trace::TraceError;
///
/// fn told(error: &TraceError) -> String {
///     format!("traces: {error}")
/// }
/// # let _ = told;
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the exporter of traces cannot be made: {0}")]
pub struct TraceError(#[from] ExporterBuildError);

impl Exporter {
    /// Starts the thread. Nothing is asked of the collector yet. What else OpenTelemetry's SDK reads from the environment holds:
    /// `OTEL_SERVICE_NAME` (else `rescind`), `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER`, `OTEL_BSP_…`,
    /// `OTEL_EXPORTER_OTLP_HEADERS`.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind_server::telemetry::trace::{Endpoint, Exporter};
    ///
    /// // Nobody need listen there yet.
    /// let exporter = Exporter::start(&Endpoint::parse("http://127.0.0.1:4318")?)?;
    /// # exporter.stop();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where one of those makes no sense.
    pub fn start(endpoint: &Endpoint) -> Result<Self, TraceError> {
        let headers: HashMap<_, _> = endpoint.headers().collect();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint.traces_url())
            .with_headers(headers)
            .with_timeout(PATIENCE)
            .build()?;
        let provider =
            SdkTracerProvider::builder().with_resource(resource()).with_batch_exporter(exporter).build();
        EXPORTS.store(true, Ordering::Relaxed);
        Ok(Self { provider })
    }

    /// What takes the spans from `tracing`: ours, without the log lines in them.
    ///
    /// ```no_run
    /// # fn example(exporter: &rescind_server::telemetry::trace::Exporter) {
    /// use tracing_subscriber::layer::SubscriberExt as _;
    ///
    /// let subscriber = tracing_subscriber::registry().with(exporter.layer());
    /// # drop(subscriber);
    /// # }
    /// ```
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'s> LookupSpan<'s>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("rescind"))
            .with_location(false)
            .with_threads(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_ours).with_max_level_hint(LevelFilter::DEBUG))
    }

    /// Sends what is waiting, for two seconds at the most.
    ///
    /// ```no_run
    /// # fn example(exporter: rescind_server::telemetry::trace::Exporter) {
    /// // At the end of the process, when nothing has a span open any more.
    /// exporter.stop();
    /// # }
    /// ```
    pub fn stop(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(FAREWELL) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with("rescind")
}

/// What the process says of itself: what the environment says, and where that says nothing, our name and version.
fn resource() -> Resource {
    let told = Resource::builder().build();
    let says = |key: &'static str| {
        let value = told.get(&Key::from_static_str(key));
        value.is_some_and(|value| !value.as_str().starts_with("unknown_service"))
    };
    let ours = [("service.name", "rescind"), ("service.version", env!("CARGO_PKG_VERSION"))];
    let missing = ours.into_iter().filter(|(key, _)| !says(key));
    Resource::builder().with_attributes(missing.map(|(key, value)| KeyValue::new(key, value))).build()
}
