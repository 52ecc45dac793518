//! Traces, as a collector gets them from the running program.

use opentelemetry_proto::tonic::trace::v1::Span;
use reqwest::Method;
use rescind_testkit::process::{Credentials, Reply};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::collector::{Collector, attribute};
use super::support::{House, Pair, new_user};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A server that sends what it has ten times a second.
async fn house(endpoint: &str, more: &[(&str, &str)]) -> House {
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("OTEL_BSP_SCHEDULE_DELAY", "100")];
    House::open(&[&settings[..], more].concat()).await
}

/// A call that is part of somebody's trace.
async fn traced(
    house: &House,
    method: Method,
    path: &str,
    caller: Credentials<'_>,
    body: Option<Value>,
) -> Reply {
    let request = house.desk.api.request(method, path, caller);
    let request =
        request.header("traceparent", format!("00-{TRACE}-{PARENT}-01")).header("tracestate", "theirs=1");
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    house.desk.api.finish(request).await
}

/// What came of that call: the span around the request, which continues the caller's.
async fn request_span(collector: &Collector, name: &str) -> Span {
    let span = collector.span(name, |span| span.name == name && hex(&span.trace_id) == TRACE).await;
    assert_eq!(hex(&span.parent_span_id), PARENT, "it continues the caller's");
    assert_eq!(span.trace_state, "theirs=1");
    assert_eq!(span.kind, 2, "a server's");
    span
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_sign_in_a_refresh_a_check_and_a_revocation_are_spans_of_the_callers_trace() {
    let collector = Collector::start().await;
    let house = house(collector.endpoint(), &[]).await;
    let (email, password) = (house.server.admin_email().to_owned(), house.server.admin_password());

    let login = json!({"email": email, "password": password});
    let reply = traced(&house, Method::POST, "/api/v1/auth/login", Credentials::Nobody, Some(login)).await;
    let pair = Pair::from(&reply.expect(200));
    let request = request_span(&collector, "POST /api/v1/auth/login").await;
    assert_eq!(attribute(&request, "http.response.status_code").as_deref(), Some("200"));
    let sign_in = collector.child(&request, "sign_in").await;
    assert_eq!(attribute(&sign_in, "outcome").as_deref(), Some("ok"));
    for verb in ["credentials_by_email", "open"] {
        let verb = collector.child(&sign_in, verb).await;
        assert_eq!(verb.kind, 3, "a client's");
    }

    let me = traced(&house, Method::GET, "/api/v1/auth/me", Credentials::Bearer(&pair.access), None).await;
    me.expect(200);
    let check = collector.child(&request_span(&collector, "GET /api/v1/auth/me").await, "check").await;
    assert_eq!(attribute(&check, "outcome").as_deref(), Some("ok"));

    let body = json!({"refresh_token": pair.refresh});
    let reply = traced(&house, Method::POST, "/api/v1/auth/refresh", Credentials::Nobody, Some(body)).await;
    let pair = Pair::from(&reply.expect(200));
    let refresh =
        collector.child(&request_span(&collector, "POST /api/v1/auth/refresh").await, "refresh").await;
    collector.child(&refresh, "rotate").await;

    let body = json!({"refresh_token": pair.refresh});
    traced(&house, Method::POST, "/api/v1/auth/logout", Credentials::Nobody, Some(body)).await.expect(204);
    let revoke = collector.child(&request_span(&collector, "POST /api/v1/auth/logout").await, "revoke").await;
    assert_eq!(attribute(&revoke, "kind").as_deref(), Some("session"));
    collector.child(&revoke, "cut").await;

    // A refusal is an answer.
    let path = "/api/v1/auth/forward?fresh=true";
    traced(&house, Method::GET, path, Credentials::Bearer(&pair.access), None).await.expect(401);
    let check = collector.child(&request_span(&collector, "GET /api/v1/auth/forward").await, "check").await;
    assert_eq!(attribute(&check, "outcome").as_deref(), Some("token_revoked"));
    assert_eq!(attribute(&check, "fresh").as_deref(), Some("true"));
    assert!(check.status.is_none_or(|status| status.code == 0));

    assert_eq!(collector.resource("service.name").as_deref(), Some("rescind"));
    assert_eq!(collector.header("content-type").as_deref(), Some("application/x-protobuf"));
    nothing_personal_in(&collector, &[&email, &password, &pair.access, &pair.refresh, &pair.session]);
}

/// Not in an attribute, nor anywhere else in what is sent.
fn nothing_personal_in(collector: &Collector, secrets: &[&str]) {
    let sent = collector.bytes();
    for secret in secrets {
        // Of a token any part will do.
        for part in secret.split('.') {
            let found = sent.windows(part.len()).any(|bytes| bytes == part.as_bytes());
            assert!(!found, "{part} was sent to the collector");
        }
    }
}

#[tokio::test]
async fn what_is_no_trace_context_begins_a_trace_of_its_own() {
    let collector = Collector::start().await;
    let house = house(collector.endpoint(), &[]).await;
    let zeros = format!("00-{}-{PARENT}-01", "0".repeat(32));
    for (number, parent) in
        ["nonsense", &zeros, &format!("ff-{TRACE}-{PARENT}-01"), &format!("00-{TRACE}-{PARENT}")]
            .into_iter()
            .enumerate()
    {
        let id = format!("mine-{number}");
        let request = house.desk.api.request(Method::GET, "/healthz", Credentials::Nobody);
        let request = request.header("traceparent", parent).header("x-request-id", &id);
        house.desk.api.finish(request).await.expect(200);
        let is_it = |span: &Span| attribute(span, "request_id").as_ref() == Some(&id);
        let span = collector.span(parent, is_it).await;
        assert_eq!(span.parent_span_id, Vec::<u8>::new(), "{parent}");
        assert!(hex(&span.trace_id) != TRACE && span.trace_id.iter().any(|byte| *byte > 0), "{parent}");
    }
}

/// The caller has decided that its trace is not kept.
#[tokio::test]
async fn a_trace_that_is_not_sampled_is_not_sent() {
    let collector = Collector::start().await;
    let house = house(collector.endpoint(), &[]).await;
    let call = async |flags: &str, id: &str| {
        let request = house.desk.api.request(Method::GET, "/healthz", Credentials::Nobody);
        let request = request.header("traceparent", format!("00-{TRACE}-{PARENT}-{flags}"));
        house.desk.api.finish(request.header("x-request-id", id)).await.expect(200);
    };
    call("00", "left-out").await;
    call("01", "kept").await;
    let id = |span: &Span| attribute(span, "request_id");
    collector.span("kept", |span| id(span).as_deref() == Some("kept")).await;
    assert!(collector.spans().iter().all(|span| id(span).as_deref() != Some("left-out")));
}

#[tokio::test]
async fn the_environment_names_the_service_and_the_url_its_user() {
    let collector = Collector::start().await;
    let endpoint = collector.endpoint().replace("http://", "http://me:hunter%402@");
    let named = [
        ("OTEL_SERVICE_NAME", "login-eu"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=trial"),
    ];
    let house = house(&endpoint, &named).await;
    collector.span("any", |_| true).await;
    assert_eq!(collector.resource("service.name").as_deref(), Some("login-eu"));
    assert_eq!(collector.resource("deployment.environment.name").as_deref(), Some("trial"));
    assert_eq!(collector.header("authorization").as_deref(), Some("Basic bWU6aHVudGVyQDI="));
    assert!(!house.server.output().text().contains("hunter"));
}

/// What waits at the end of the process is sent.
#[tokio::test]
async fn the_last_spans_are_sent_before_the_process_ends() {
    let collector = Collector::start().await;
    let settings =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()), ("OTEL_BSP_SCHEDULE_DELAY", "3600000")];
    let mut house = House::open(&settings).await;
    assert!(house.server.terminate().await.success());
    let opened = |span: &Span| span.name == "POST /api/v1/admin/clients";
    assert!(collector.spans().iter().any(opened), "{:#?}", collector.spans());
}

/// Connections are taken, and nothing ever is answered.
#[tokio::test]
async fn a_collector_that_hangs_costs_spans_and_nothing_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let hanging = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            held.push(connection);
        }
    });
    let small = [("OTEL_BSP_MAX_QUEUE_SIZE", "16"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8")];
    let mut house = house(&endpoint, &small).await;
    let pair = house.desk.open(&new_user()).await;
    for _ in 0..100 {
        house.desk.api.me(&pair.access).await.expect(200);
    }
    let text = house.server.output();
    text.after(0, |line| line.contains("queue full").then_some(())).await;
    assert!(house.server.terminate().await.success());
    // The collector has yet to answer: it was given up.
    text_of_the_end(&house).await;
    hanging.abort();
}

async fn text_of_the_end(house: &House) {
    let said = |line: &str| line.contains("the last traces were not sent").then_some(());
    house.server.output().after(0, said).await;
}

/// Nobody listens there.
#[tokio::test]
async fn a_collector_that_is_not_there_costs_spans_and_nothing_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let mut house = house(&endpoint, &[]).await;
    let pair = house.desk.open(&new_user()).await;
    house.desk.api.refresh(&pair.refresh).await.expect(200);
    house.server.output().after(0, |line| line.contains("ExportError").then_some(())).await;
    house.desk.api.me(&pair.access).await;
    assert!(house.server.terminate().await.success());
}
