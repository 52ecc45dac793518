//! What surrounds every route, in one place and one order.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::Entry;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version, header};
use ipnet::IpNet;
use rescind::clock::Clock;
use rescind::entropy::Entropy;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::timeout::DeadlineBody;
use tracing::{Instrument, Span};

use super::body::BODY_LIMIT;
use super::client_ip::{ClientIp, PeerAddr};
use super::codes::Code;
use super::exchange::{self, Exchange, Presented, Surface};
use super::problem::Problem;
use super::request_id::{self, RequestId};
use super::scheme::Scheme;
use crate::telemetry::metrics::HttpMetrics;
use crate::telemetry::trace;

/// What the layers need to know.
#[derive(Clone)]
pub(crate) struct Edge {
    /// The time of fresh request ids.
    pub(crate) clock: Arc<dyn Clock>,
    /// The randomness of fresh request ids.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The networks whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// The web origins whose pages may call the API.
    pub(crate) cors_origins: Vec<HeaderValue>,
    /// How long things may take.
    pub(crate) limits: Limits,
    /// Where answers are counted.
    pub(crate) metrics: HttpMetrics,
}

impl Edge {
    /// Without proxies and foreign origins, with the usual limits.
    pub(crate) fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, metrics: HttpMetrics) -> Self {
        Self {
            clock,
            entropy,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            limits: Limits::default(),
            metrics,
        }
    }
}

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Until its body is there: past it 408.
    pub(crate) body: Duration,
    /// Until its answer begins: past it 503.
    pub(crate) handler: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body: Duration::from_secs(15), handler: Duration::from_secs(30) }
    }
}

/// Surrounds `router`, complete with all its routes, with what every request gets, from the outside in: request
/// id, caller's address, span, early refusals, the handler's time limit, counting and headers; CORS; panics; 404
/// and 405 as problems.
pub(crate) fn dress(router: Router, edge: Edge) -> Router {
    let router = router
        .fallback(nowhere)
        .method_not_allowed_fallback(async || Problem::new(Code::MethodNotAllowed))
        .layer(CatchPanicLayer::custom(after_panic));
    let router = if edge.cors_origins.is_empty() { router } else { router.layer(cors(&edge.cors_origins)) };
    router.layer(from_fn_with_state(Arc::new(edge), attend))
}

/// Who opens the server's address in a browser is led to the pages; whoever embeds it may have a page of its own there. A program is
/// told that nothing is there.
async fn nowhere(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let not_found = || Problem::new(Code::NotFound).into_response();
    if uri.path() != "/" || !matches!(method, Method::GET | Method::HEAD) {
        return not_found();
    }
    let answer = if reads_pages(&headers) { Redirect::to("/account").into_response() } else { not_found() };
    // Of either: a cache may keep both (RFC 9110 §15.1).
    ([(header::VARY, "accept")], answer).into_response()
}

/// Whether somebody says that it takes HTML, and does not merely take everything (RFC 9110 §12.5.1).
fn reads_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges = accepted.flat_map(|value| value.split(',')).map(|range| range.split(';').map(str::trim));
    ranges.any(|mut range| {
        let is_html = range.next().is_some_and(|name| name.eq_ignore_ascii_case("text/html"));
        is_html && !range.any(is_refused)
    })
}

/// `q=0`, however it is written (RFC 9110 §12.4.2).
fn is_refused(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0)
}

async fn attend(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let exchange = Exchange::new(
        RequestId::of(request.headers(), &*edge.clock, &*edge.entropy),
        Surface::of(request.uri().path()),
        Presented::of(request.headers()),
    );
    hide_secrets(request.headers_mut());
    locate(&mut request, &edge.trusted_proxies);
    let id = exchange.request_id.to_header();
    let mut response = exchange::within(exchange.clone(), watched(&edge, &exchange, request, next)).await;
    add_headers(response.headers_mut(), id);
    response
}

async fn watched(edge: &Edge, exchange: &Exchange, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    let name = route.unwrap_or("other");
    // Of the highest level, so that a line has it whatever is left out of the log.
    let span = tracing::error_span!(
        "request",
        %method,
        route = name,
        request_id = exchange.request_id.as_str(),
        trace_id = tracing::field::Empty,
        otel.kind = trace::kind(),
    );
    exchange.is_part_of(trace::begin(request.headers(), &span, || format!("{method} {name}")));
    let response = limited(edge.limits, request, next).instrument(span.clone()).await;
    let elapsed = started.elapsed();
    edge.metrics.observe(route, &method, response.status(), elapsed);
    trace::end(&span, response.status());
    log(&span, &response, elapsed);
    response
}

async fn limited(limits: Limits, request: Request, next: Next) -> Response {
    if let Err(problem) = refuse_early(&request) {
        return problem.into_response();
    }
    let request = request.map(|body| with_deadline(body, limits.body));
    within_time(limits.handler, next.run(request)).await
}

async fn within_time(limit: Duration, answer: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(limit, answer).await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!(?limit, "a handler took too long and was dropped");
            Problem::new(Code::Timeout).into_response()
        }
    }
}

fn with_deadline(body: Body, limit: Duration) -> Body {
    if body.is_end_stream() { body } else { Body::new(DeadlineBody::new(limit, body)) }
}

/// What no route has to look at: no host or several (RFC 9112 §3.2), a body announced as too large, a secret in the query.
fn refuse_early(request: &Request) -> Result<(), Problem> {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if request.version() == Version::HTTP_11 && hosts != 1 {
        return Err(Problem::new(Code::InvalidRequest).detail("a request has one Host header"));
    }
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced
        .and_then(|length| length.parse::<u64>().ok())
        .is_some_and(|length| length > BODY_LIMIT as u64)
    {
        return Err(Problem::new(Code::PayloadTooLarge));
    }
    match request.uri().query().and_then(secret_in) {
        Some(name) => Err(Problem::new(Code::InvalidRequest)
            .detail(format!("`{name}` must not stand in the query, where logs and proxies keep it"))),
        None => Ok(()),
    }
}

/// A query ends up in the logs of proxies and in browser histories (RFC 6750 §5.3), so nothing secret is taken
/// from there, and a client that puts it there is told.
const SECRET_PARAMETERS: [&str; 6] =
    ["access_token", "refresh_token", "token", "client_secret", "password", "client_assertion"];

fn secret_in(query: &str) -> Option<&'static str> {
    form_urlencoded::parse(query.as_bytes())
        .find_map(|(name, _)| SECRET_PARAMETERS.into_iter().find(|secret| *secret == name))
}

/// Whoever prints the headers, sees no secret.
fn hide_secrets(headers: &mut HeaderMap) {
    for name in [header::AUTHORIZATION, header::COOKIE] {
        if let Entry::Occupied(mut entry) = headers.entry(name) {
            entry.iter_mut().for_each(|value| value.set_sensitive(true));
        }
    }
}

fn locate(request: &mut Request, trusted: &[IpNet]) {
    if let Some(PeerAddr(peer)) = request.extensions().get().copied() {
        let ip = ClientIp::of(peer.ip(), request.headers(), trusted);
        let scheme = Scheme::of(peer.ip(), request.headers(), trusted);
        request.extensions_mut().insert(ip);
        scheme.map(|scheme| request.extensions_mut().insert(scheme));
    }
}

const REFERRER_POLICY: HeaderName = header::REFERRER_POLICY;

fn add_headers(headers: &mut HeaderMap, request_id: HeaderValue) {
    headers.insert(request_id::HEADER, request_id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

fn log(span: &Span, response: &Response, elapsed: Duration) {
    let status = response.status().as_u16();
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    span.in_scope(|| {
        if response.status().is_server_error() {
            tracing::warn!(target: "rescind::access", status, micros, "answered");
        } else {
            tracing::debug!(target: "rescind::access", status, micros, "answered");
        }
    });
}

#[allow(clippy::needless_pass_by_value, reason = "the signature that the layer calls")]
fn after_panic(payload: Box<dyn Any + Send>) -> Response {
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    tracing::error!(panic = message, "a handler panicked");
    Problem::new(Code::InternalError).into_response()
}

/// For the calls with credentials in a header, and never for the pages, which have cookies.
fn cors(origins: &[HeaderValue]) -> CorsLayer {
    let origins = origins.to_vec();
    let is_allowed = move |origin: &HeaderValue, request: &http::request::Parts| {
        is_called_by_scripts(request.uri.path()) && origins.contains(origin)
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_allowed))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT, request_id::HEADER])
        .expose_headers([request_id::HEADER, header::RETRY_AFTER, header::WWW_AUTHENTICATE])
        .max_age(Duration::from_secs(600))
}

fn is_called_by_scripts(path: &str) -> bool {
    ["/api/", "/oauth2/", "/.well-known/", "/openapi.json"].iter().any(|prefix| path.starts_with(prefix))
}
