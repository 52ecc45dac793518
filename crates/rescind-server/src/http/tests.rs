//! The layers and the server loop around an example of every kind of route, over real sockets.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use garde::Validate;
use http::HeaderValue;
use rescind::system::{SystemClock, SystemEntropy};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tracing_subscriber::fmt::MakeWriter;

use super::layers::{Edge, dress};
use super::serve::{Options, serve};
use super::*;
use crate::telemetry::metrics::HttpMetrics;

#[derive(Debug, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
struct Greeting {
    #[garde(length(min = 1, max = 10))]
    name: String,
}

#[derive(Debug, Default, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Reason {
    #[garde(length(max = 5))]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Grant {
    grant_type: String,
}

fn routes(gate: Arc<Gate>) -> Router {
    Router::new()
        .route("/api/greet", post(async |Json(greeting): Json<Greeting>| Json(greeting)))
        .route(
            "/api/reason",
            post(async |OptionalJson(body): OptionalJson<Reason>| body.reason.unwrap_or("none".into())),
        )
        .route("/api/things/{id}", get(async |Path(id): Path<uuid::Uuid>| id.to_string()))
        .route("/api/list", get(async |Query(page): Query<Page>| page.limit.get().to_string()))
        .route("/api/ip", get(async |ClientIp(ip): ClientIp| ip.to_string()))
        .route("/api/who", get(who))
        .route("/api/panic", get(async || -> String { panic!("the ball") }))
        .route(
            "/api/gate",
            get(async move || {
                gate.entered.notify_one();
                gate.open.notified().await;
                "through"
            }),
        )
        .route("/api/never", get(async || std::future::pending::<String>().await))
        .route("/oauth2/token", post(async |Form(grant): Form<Grant>| grant.grant_type))
        .route("/oauth2/panic", post(async || -> String { panic!("the ball") }))
}

async fn who(credentials: Credentials) -> Result<&'static str, Problem> {
    match credentials {
        Credentials::Nothing => Err(Problem::new(Code::AuthenticationRequired)),
        Credentials::Basic(_) => Err(Problem::new(Code::InvalidClient)),
        Credentials::Bearer(_) => Err(Problem::new(Code::InvalidToken)),
    }
}

#[derive(Default)]
struct Gate {
    entered: Notify,
    open: Notify,
}

struct Server {
    address: SocketAddr,
    gate: Arc<Gate>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
    metrics: HttpMetrics,
}

impl Server {
    async fn start() -> Self {
        Self::with(|_| {}, Options::default()).await
    }

    async fn with(change: impl FnOnce(&mut Edge), options: Options) -> Self {
        LazyLock::force(&LOG);
        let gate = Arc::new(Gate::default());
        let metrics = HttpMetrics::default();
        let mut edge = Edge::new(Arc::new(SystemClock), Arc::new(SystemEntropy), metrics.clone());
        change(&mut edge);
        let router = dress(routes(Arc::clone(&gate)), edge);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(serve(listener, router, options, async move {
            let _ = stopped.await;
        }));
        Self { address, gate, stop: Some(stop), running, metrics }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `request`, asking to close afterwards, and reads the answer to its end.
    async fn send(&self, request: &str) -> Answer {
        let mut stream = self.connect().await;
        stream.write_all(request.replace('\n', "\r\n").as_bytes()).await.unwrap();
        Answer::read(&mut stream).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\nHost: x\nConnection: close\n\n")).await
    }

    async fn post(&self, path: &str, content_type: &str, body: &str) -> Answer {
        let length = body.len();
        self.send(&format!(
            "POST {path} HTTP/1.1\nHost: x\nConnection: close\nContent-Type: {content_type}\nContent-Length: {length}\n\n{body}"
        ))
        .await
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    async fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_the_safe_headers() {
    let server = Server::start().await;
    for path in ["/api/ip", "/nowhere", "/api/panic", "/oauth2/token", "/api/things/x", "/api/ip?token=x"] {
        let answer = server.get(path).await;
        assert!(answer.header("x-request-id").is_some(), "{path}: {answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    let request = "GET /nowhere HTTP/1.1\nHost: x\nConnection: close\nX-Request-Id: mine-1\n\n";
    let answer = server.send(request).await;
    assert_eq!(answer.header("x-request-id"), Some("mine-1"));
    assert_eq!(answer.json()["request_id"], "mine-1");
}

#[tokio::test]
async fn a_browser_at_the_root_is_led_to_the_pages_and_a_program_is_told_that_nothing_is_there() {
    let server = Server::start().await;
    let ask = async |line: &str, accept: &str| {
        server.send(&format!("{line} HTTP/1.1\nHost: x\nConnection: close\nAccept: {accept}\n\n")).await
    };
    for (line, accept) in [
        ("GET /", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("GET /?x=1", "*/*, text/html"),
        ("HEAD /", "text/html"),
    ] {
        let answer = ask(line, accept).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/account")), "{line}");
        assert_eq!(answer.header("vary"), Some("accept"), "{line}");
    }
    for (line, accept) in [
        ("GET /", "*/*"),
        ("GET /", "application/json"),
        ("GET /", "application/json, text/html;q=0.0"),
        ("GET /nowhere", "text/html"),
        ("POST /", "text/html"),
    ] {
        let answer = ask(line, accept).await;
        assert_eq!(answer.code(), "not_found", "{line} {accept}");
        assert_eq!(answer.header("vary").is_some(), line == "GET /", "a cache keeps both");
    }
}

#[tokio::test]
async fn an_error_is_a_problem_document_and_under_oauth2_the_body_of_rfc_6749() {
    let server = Server::start().await;
    let answer = server.get("/nowhere").await;
    assert_eq!((answer.status, answer.header("content-type")), (404, Some("application/problem+json")));
    let problem = answer.json();
    assert_eq!(problem["type"], "/docs#error-not_found");
    assert_eq!(problem["status"], 404);
    assert_eq!(problem["code"], "not_found");
    assert!(problem["title"].is_string() && problem["detail"].is_string());

    for (path, status, error) in [
        ("/oauth2/nowhere", 404, "invalid_request"),
        ("/oauth2/token", 405, "invalid_request"),
        ("/oauth2/token?client_secret=x", 400, "invalid_request"),
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(answer.json()["error_description"].is_string());
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let server = Server::start().await;
    for path in ["/api/greet", "/oauth2/token"] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{path}");
    }
    assert_eq!(server.get("/api/greet").await.code(), "method_not_allowed");
}

#[tokio::test]
async fn a_body_is_read_strictly() {
    let server = Server::start().await;
    let json = "application/json";
    let answer = server.post("/api/greet", json, r#"{"name":"Ann"}"#).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"name":"Ann"}"#));
    assert_eq!(answer.header("content-type"), Some("application/json"));

    let huge = format!("{{\"name\":\"{}\"}}", "a".repeat(70_000));
    let cases = [
        ("text/plain", r#"{"name":"Ann"}"#, 415, "unsupported_media_type"),
        (json, "", 400, "invalid_json"),
        (json, "{", 400, "invalid_json"),
        (json, r#"{"name":"Ann","name":"Bob"}"#, 400, "invalid_json"),
        (json, r#"{"name":"Ann","x":1}"#, 422, "invalid_member"),
        (json, r#"{"name":""}"#, 422, "invalid_member"),
        (json, &huge, 413, "payload_too_large"),
    ];
    for (content_type, body, status, code) in cases {
        let answer = server.post("/api/greet", content_type, body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{}",
            &body[..body.len().min(40)]
        );
    }
}

#[tokio::test]
async fn a_body_that_grows_past_the_limit_unannounced_is_refused() {
    let server = Server::start().await;
    let chunk = format!("12000\r\n{}\r\n0\r\n\r\n", " ".repeat(0x12000));
    let request = format!(
        "POST /api/greet HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}"
    );
    let mut stream = server.connect().await;
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(Answer::read(&mut stream).await.status, 413);
}

#[tokio::test]
async fn an_optional_body_may_be_left_out_but_not_be_wrong() {
    let server = Server::start().await;
    let answer = server.send("POST /api/reason HTTP/1.1\nHost: x\nConnection: close\n\n").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "none"));
    assert_eq!(server.post("/api/reason", "application/json", "{}").await.body, "none");
    assert_eq!(server.post("/api/reason", "application/json", r#"{"reason":"lost"}"#).await.body, "lost");
    assert_eq!(server.post("/api/reason", "text/plain", "lost").await.status, 415);
    assert_eq!(server.post("/api/reason", "application/json", r#"{"reason":"longer"}"#).await.status, 422);
}

#[tokio::test]
async fn paths_and_queries_are_read_strictly() {
    let server = Server::start().await;
    let id = "0198f2a4-7b1c-7def-8123-456789abcdef";
    assert_eq!(server.get(&format!("/api/things/{id}")).await.body, id);
    for (path, status, code) in [
        ("/api/things/3", 404, "not_found"),
        ("/api/things/%ff", 404, "not_found"),
        ("/api/list?limit=0", 422, "invalid_parameter"),
        ("/api/list?limit=1&limit=1", 422, "invalid_parameter"),
        ("/api/list?color=red", 422, "invalid_parameter"),
        ("/api/list?access_token=x", 400, "invalid_request"),
        ("/api/list?acces%73_token=x", 400, "invalid_request"),
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{path}");
    }
    assert_eq!(server.get("/api/list?limit=7").await.body, "7");
}

#[tokio::test]
async fn forms_are_read_as_oauth_has_it() {
    let server = Server::start().await;
    let form = "application/x-www-form-urlencoded";
    assert_eq!(server.post("/oauth2/token", form, "grant_type=a&x=1").await.body, "a");
    for (content_type, body) in [
        (form, ""),
        (form, "grant_type=a&grant_type=a"),
        (form, "x=1&x=1&grant_type=a"),
        ("application/json", "{}"),
    ] {
        let answer = server.post("/oauth2/token", content_type, body).await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (400, Some("invalid_request")),
            "{body}"
        );
        assert_eq!(answer.header("pragma"), Some("no-cache"));
    }
}

#[tokio::test]
async fn a_401_challenges_with_what_was_tried() {
    let server = Server::start().await;
    let who = async |authorization: &str| {
        server.send(&format!("GET /api/who HTTP/1.1\nHost: x\nConnection: close\n{authorization}\n")).await
    };
    let bare = r#"Bearer realm="rescind""#;
    let with_error = r#"Bearer realm="rescind", error="invalid_token""#;
    let basic = r#"Basic realm="rescind", charset="UTF-8""#;
    for (authorization, challenge) in [
        ("", bare),
        ("Authorization: Digest x\n", bare),
        ("Authorization: Bearer\n", with_error),
        ("Authorization: Bearer x\n", with_error),
        ("Authorization: Basic YTpi\n", basic),
        ("Authorization: Basic ?\n", basic),
    ] {
        let answer = who(authorization).await;
        assert_eq!(
            (answer.status, answer.header("www-authenticate")),
            (401, Some(challenge)),
            "{authorization}"
        );
    }
    assert_eq!(who("Authorization: Bearer x\nAuthorization: Bearer x\n").await.status, 400);
}

#[tokio::test]
async fn a_forged_address_is_not_believed() {
    let forged = "GET /api/ip HTTP/1.1\nHost: x\nConnection: close\nX-Forwarded-For: 192.0.2.7\n\n";
    let server = Server::start().await;
    assert_eq!(server.send(forged).await.body, "127.0.0.1");
    let trusting = |edge: &mut Edge| edge.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let server = Server::with(trusting, Options::default()).await;
    assert_eq!(server.send(forged).await.body, "192.0.2.7");
}

#[tokio::test]
async fn foreign_origins_are_allowed_by_name_only() {
    let preflight = |path: &str, origin: &str| {
        format!(
            "OPTIONS {path} HTTP/1.1\nHost: x\nConnection: close\nOrigin: {origin}\nAccess-Control-Request-Method: POST\n\n"
        )
    };
    let allowed = "access-control-allow-origin";
    let open = |edge: &mut Edge| edge.cors_origins = vec![HeaderValue::from_static("https://app.example")];
    let server = Server::with(open, Options::default()).await;
    let answer = server.send(&preflight("/api/greet", "https://app.example")).await;
    assert_eq!((answer.status, answer.header(allowed)), (200, Some("https://app.example")));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert!(answer.header("x-request-id").is_some());
    for (path, origin) in [
        ("/api/greet", "https://evil.example"),
        ("/api/greet", "https://app.example.evil.example"),
        ("/api/greet", "null"),
        ("/admin", "https://app.example"),
    ] {
        assert_eq!(server.send(&preflight(path, origin)).await.header(allowed), None, "{path} {origin}");
    }
    let closed = Server::start().await;
    assert_eq!(closed.send(&preflight("/api/greet", "https://app.example")).await.status, 405);
}

#[tokio::test]
async fn slow_callers_and_slow_handlers_are_cut_off() {
    let options = Options { head_time: Duration::from_millis(50), ..Options::default() };
    let quick = |edge: &mut Edge| {
        edge.limits.body = Duration::from_millis(50);
        edge.limits.handler = Duration::from_millis(500);
    };
    let server = Server::with(quick, options).await;
    let mut nothing = Vec::new();
    for beginning in ["", "GET /api/ip HTTP/1.1\r\nHos", "P", "PRI * HT"] {
        let mut stream = server.connect().await;
        stream.write_all(beginning.as_bytes()).await.unwrap();
        // The read ends because the server closes; nothing else would end it.
        let _ = stream.read_to_end(&mut nothing).await;
        assert!(nothing.is_empty(), "{beginning}");
    }
    let request = "POST /api/greet HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Length: 9\n\n{";
    let answer = server.send(request).await;
    assert_eq!((answer.status, answer.code().as_str()), (408, "request_timeout"));
    let answer = server.get("/api/never").await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "timeout"));
}

#[tokio::test]
async fn a_connection_that_rests_too_long_is_closed() {
    let options = Options { idle_time: Duration::from_millis(50), ..Options::default() };
    let server = Server::with(|_| {}, options).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /api/ip HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    // Without `Connection: close`, only the server's limit ends this read.
    assert_eq!(Answer::read(&mut stream).await.body, "127.0.0.1");
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_until_one_is_free() {
    let options = Options { connections: 1, ..Options::default() };
    let server = Server::with(|_| {}, options).await;
    let first = server.connect().await;
    let waiting = server.get("/api/ip");
    let mut waiting = std::pin::pin!(waiting);
    tokio::select! {
        biased;
        _ = &mut waiting => panic!("served although the only place is taken"),
        () = async { drop(first) } => {}
    }
    assert_eq!(waiting.await.body, "127.0.0.1");
}

#[tokio::test]
async fn resting_connections_make_room_for_those_who_wait() {
    let options = Options { connections: 3, crowded_time: Duration::ZERO, ..Options::default() };
    let server = Server::with(|_| {}, options).await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /api/gate HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    server.gate.entered.notified().await;
    let _idle = [server.connect().await, server.connect().await, server.connect().await];
    assert_eq!(server.get("/api/ip").await.body, "127.0.0.1");
    server.gate.open.notify_one();
    assert_eq!(Answer::read(&mut busy).await.body, "through", "who is being served stays");
}

#[tokio::test]
async fn http2_is_spoken_with_prior_knowledge() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    let empty_settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    stream.write_all(&empty_settings).await.unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "the server's first frame is its settings (RFC 9113 §3.4)");
}

#[tokio::test]
async fn a_drain_finishes_what_is_in_flight_and_accepts_nothing_new() {
    let mut server = Server::start().await;
    let _resting = server.connect().await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /api/gate HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    server.gate.entered.notified().await;
    let _ = server.stop.take().unwrap().send(());
    // The listener goes when the shutdown is noticed; from then on connections are refused or reset.
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    server.gate.open.notify_one();
    assert_eq!(Answer::read(&mut stream).await.body, "through");
    server.running.await.unwrap();
}

#[tokio::test]
async fn a_drain_has_a_deadline() {
    let options = Options { drain_time: Duration::from_millis(50), ..Options::default() };
    let mut server = Server::with(|_| {}, options).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /api/gate HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    server.gate.entered.notified().await;
    let _ = server.stop.take().unwrap().send(());
    server.running.await.unwrap();
}

#[tokio::test]
async fn a_panic_is_a_500_and_a_line_in_the_log_with_the_request_id() {
    let server = Server::start().await;
    let answer =
        server.send("GET /api/panic HTTP/1.1\nHost: x\nConnection: close\nX-Request-Id: mine-2\n\n").await;
    assert_eq!((answer.status, answer.code().as_str()), (500, "internal"));
    assert!(!answer.body.contains("ball"));
    let log = LOG.text();
    assert!(log.lines().any(|line| line.contains("the ball") && line.contains("mine-2")), "{log}");

    let answer = server.post("/oauth2/panic", "text/plain", "").await;
    assert_eq!((answer.status, answer.json()["error"].as_str()), (500, Some("server_error")));
}

#[tokio::test]
async fn neither_queries_nor_credentials_are_logged() {
    let server = Server::start().await;
    server
        .send("GET /api/list?cursor=hunter2 HTTP/1.1\nHost: x\nConnection: close\nAuthorization: Bearer hunter2\n\n")
        .await;
    server.get("/api/list?token=hunter2").await;
    let log = LOG.text();
    assert!(log.contains("/api/list"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}

#[tokio::test]
async fn answers_are_counted_by_route() {
    let server = Server::start().await;
    server.get("/api/things/0198f2a4-7b1c-7def-8123-456789abcdef").await;
    server.get("/nowhere/0198f2a4").await;
    let text = server.metrics.encode();
    assert!(text.contains(r#"{route="/api/things/{id}",method="GET",status="2xx"} 1"#), "{text}");
    assert!(text.contains(r#"{route="other",method="GET",status="4xx"} 1"#), "{text}");
}

#[test]
fn a_problem_outside_of_a_request_is_still_a_whole_answer() {
    let response = Problem::new(Code::AuthenticationRequired).into_response();
    assert_eq!(response.status(), 401);
    assert!(response.headers().contains_key("www-authenticate"));
}

/// What all tests log: tracing keeps what it knows of a line's listeners for the whole process.
static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .init();
    log
});

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
