//! An authority on a loopback port: honest, unless a test scripts one of its answers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rescind::clock::{Clock as _, Timestamp};
use rescind::id::TenantId;
use rescind::ledger::snapshot::{Encoder, MEDIA_TYPE};
use rescind::ledger::{Cursor, Mark, PlacedMark};
use rescind::system::SystemEntropy;
use rescind::token::{Algorithm, KeySet, SigningKey};
use rescind_testkit::clock::ManualClock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What answers a request, instead of an honest authority. It is handed the target of the request.
pub(crate) type Script =
    Arc<dyn Fn(TcpStream, String) -> Pin<Box<dyn Future<Output = std::io::Result<()>> + Send>> + Send + Sync>;

/// Makes a script of an async function.
pub(crate) fn script<F>(run: impl Fn(TcpStream, String) -> F + Send + Sync + 'static) -> Script
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    Arc::new(move |stream, target| Box::pin(run(stream, target)))
}

/// A script that says just this, and ends.
pub(crate) fn says(bytes: impl Into<Vec<u8>>) -> Script {
    let bytes: Vec<u8> = bytes.into();
    script(move |mut stream, _| {
        let bytes = bytes.clone();
        async move { stream.write_all(&bytes).await }
    })
}

/// An answer with this status, head lines and body.
pub(crate) fn answer(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let head =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Says that there are every tenant's marks.
pub(crate) const EVERYBODYS: &str = "Rescind-Tenant: *";

/// The head of a stream of events.
pub(crate) const EVENTS: &str =
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\nRescind-Tenant: *\r\n\r\n";

pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) key: SigningKey,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

pub(crate) struct Shared {
    clock: Arc<ManualClock>,
    url: Mutex<String>,
    ledger: Mutex<Ledger>,
    jwks: Mutex<Vec<u8>>,
    /// For how many seconds the keys may be kept.
    max_age: AtomicU32,
    /// The tenant that binds whoever asks.
    bound: Mutex<Option<TenantId>>,
    scripts: Mutex<HashMap<&'static str, Script>>,
    hits: Mutex<HashMap<String, usize>>,
    /// Ticks when there is something to say.
    changes: watch::Sender<()>,
    /// Whether it is up; every change of it ends all connections.
    up: watch::Sender<bool>,
    tls: Option<tokio_rustls::TlsAcceptor>,
}

impl Shared {
    /// The line of a head that says whose marks there are.
    fn whose(&self) -> String {
        let bound = *self.bound.lock().unwrap();
        bound.map_or(EVERYBODYS.to_owned(), |tenant| format!("Rescind-Tenant: {tenant}"))
    }
}

#[derive(Clone)]
struct Ledger {
    tag: u8,
    first: i64,
    marks: Vec<PlacedMark>,
    as_of: Option<Timestamp>,
}

impl Ledger {
    fn end(&self) -> Cursor {
        let seq = self.first - 1 + i64::try_from(self.marks.len()).unwrap();
        Cursor { seq, tag: [self.tag; 16] }
    }
}

impl Fake {
    pub(crate) async fn start(clock: Arc<ManualClock>) -> Self {
        Self::start_with(clock, None).await
    }

    pub(crate) async fn start_with(clock: Arc<ManualClock>, tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy).unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared {
            clock: Arc::clone(&clock),
            url: Mutex::new(format!("{scheme}://{address}")),
            ledger: Mutex::new(Ledger { tag: 1, first: 1, marks: Vec::new(), as_of: None }),
            jwks: Mutex::new(jwks(&[&key])),
            max_age: AtomicU32::new(300),
            bound: Mutex::default(),
            scripts: Mutex::default(),
            hits: Mutex::default(),
            changes: watch::Sender::new(()),
            up: watch::Sender::new(true),
            tls,
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { address, clock, key, shared, task }
    }

    pub(crate) fn url(&self) -> String {
        self.shared.url.lock().unwrap().clone()
    }

    /// What it calls itself from now on.
    pub(crate) fn call_itself(&self, name: &str) {
        name.clone_into(&mut self.shared.url.lock().unwrap());
    }

    /// Revokes, and tells whoever listens.
    pub(crate) fn revoke(&self, mark: Mark) -> Cursor {
        let end = {
            let mut ledger = self.shared.ledger.lock().unwrap();
            let cursor = Cursor { seq: ledger.end().seq + 1, ..ledger.end() };
            ledger.marks.push(PlacedMark { cursor, mark });
            cursor
        };
        self.beat();
        end
    }

    pub(crate) fn end(&self) -> Cursor {
        self.shared.ledger.lock().unwrap().end()
    }

    /// A heartbeat, for whoever listens.
    pub(crate) fn beat(&self) {
        self.shared.changes.send_replace(());
    }

    /// Cut off from its store: it goes on, and gets no fresher than now.
    pub(crate) fn stand_still(&self) {
        self.shared.ledger.lock().unwrap().as_of = Some(self.clock.now());
    }

    /// A backup was restored that is empty, and has grown again to `first - 1`. What is revoked from now on is of another history.
    pub(crate) fn restore(&self, first: i64) {
        let mut ledger = self.shared.ledger.lock().unwrap();
        *ledger = Ledger { tag: ledger.tag + 1, first, marks: Vec::new(), as_of: None };
        drop(ledger);
        self.break_connections();
    }

    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        *self.shared.jwks.lock().unwrap() = jwks(keys);
    }

    /// Says of its keys that they may be kept for so many seconds.
    pub(crate) fn let_keys_be_kept_for(&self, seconds: u32) {
        self.shared.max_age.store(seconds, Ordering::Relaxed);
    }

    /// Whoever asks is a client of that tenant, and always was.
    pub(crate) fn bind_clients_to(&self, tenant: TenantId) {
        *self.shared.bound.lock().unwrap() = Some(tenant);
        self.break_connections();
    }

    /// Has `route` answered by a script: `events`, `snapshot`, `head`, `jwks` or `metadata`.
    pub(crate) fn script(&self, route: &'static str, script: Script) {
        self.shared.scripts.lock().unwrap().insert(route, script);
    }

    /// Takes the scripts back. Who is connected stays.
    pub(crate) fn stop_scripts(&self) {
        self.shared.scripts.lock().unwrap().clear();
    }

    /// Takes the scripts back, and ends their connections.
    pub(crate) fn honest(&self) {
        self.stop_scripts();
        self.break_connections();
    }

    /// Ends all connections there are.
    pub(crate) fn break_connections(&self) {
        self.shared.up.send_replace(true);
    }

    /// Ends all connections, and answers no new ones.
    pub(crate) fn down(&self) {
        self.shared.up.send_replace(false);
    }

    pub(crate) fn up(&self) {
        self.shared.up.send_replace(true);
    }

    /// How often a route was asked.
    pub(crate) fn hits(&self, route: &str) -> usize {
        self.shared.hits.lock().unwrap().get(route).copied().unwrap_or(0)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn jwks(keys: &[&SigningKey]) -> Vec<u8> {
    let keys = KeySet::new(keys.iter().map(|key| key.verifying_key())).unwrap();
    serde_json::to_vec(&keys.to_jwks()).unwrap()
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        let mut up = shared.up.subscribe();
        if !*up.borrow_and_update() {
            continue;
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = up.changed() => {}
                _ = converse(stream, &shared) => {}
            }
        });
    }
}

async fn converse(stream: TcpStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    match &shared.tls {
        // Only what is honest is spoken over TLS.
        Some(tls) => {
            let mut stream = tls.accept(stream).await?;
            let target = request(&mut stream).await?;
            honest(&mut stream, route(&target), &target, shared).await
        }
        None => {
            let mut stream = stream;
            let target = request(&mut stream).await?;
            let route = route(&target);
            *shared.hits.lock().unwrap().entry(route.to_owned()).or_default() += 1;
            let script = shared.scripts.lock().unwrap().get(route).cloned();
            match script {
                Some(script) => script(stream, target).await,
                None => honest(&mut stream, route, &target, shared).await,
            }
        }
    }
}

/// The target of a request, when its head has come.
async fn request(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap().to_owned();
    let is_public = target.starts_with("/.well-known");
    assert_eq!(head.to_lowercase().contains("\r\nauthorization: basic "), !is_public, "{head}");
    Ok(target)
}

fn route(target: &str) -> &'static str {
    match target.split('?').next().unwrap() {
        "/.well-known/jwks.json" => "jwks",
        "/.well-known/oauth-authorization-server" => "metadata",
        "/api/v1/feed/head" => "head",
        "/api/v1/feed/snapshot" => "snapshot",
        "/api/v1/feed/events" => "events",
        _ => "elsewhere",
    }
}

async fn honest(
    stream: &mut (impl tokio::io::AsyncWrite + Unpin),
    route: &str,
    target: &str,
    shared: &Shared,
) -> std::io::Result<()> {
    let json = |text: String| answer("200 OK", &["Content-Type: application/json"], text.as_bytes());
    let whole = match route {
        "jwks" => {
            let max_age = shared.max_age.load(Ordering::Relaxed);
            let kept = format!("Cache-Control: public, max-age={max_age}");
            answer("200 OK", &[&kept], &shared.jwks.lock().unwrap().clone())
        }
        "metadata" => json(format!(r#"{{"issuer":"{}","new":[]}}"#, shared.url.lock().unwrap())),
        "head" => {
            let end = shared.ledger.lock().unwrap().end();
            json(format!(r#"{{"cursor":"{end}","seq":{}}}"#, end.seq))
        }
        "snapshot" => {
            let ledger = shared.ledger.lock().unwrap().clone();
            let body = snapshot(ledger.end(), &ledger.marks);
            answer("200 OK", &[&format!("Content-Type: {MEDIA_TYPE}"), &shared.whose()], &body)
        }
        "events" => return events(stream, target, shared).await,
        _ => answer("404 Not Found", &[], b""),
    };
    stream.write_all(&whole).await?;
    stream.flush().await
}

/// A snapshot in the compact form.
pub(crate) fn snapshot(end: Cursor, marks: &[PlacedMark]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::begin(end, &mut bytes);
    marks.iter().for_each(|placed| encoder.mark(placed.cursor.seq, &placed.mark, &mut bytes).unwrap());
    encoder.finish(&mut bytes);
    bytes
}

async fn events(
    stream: &mut (impl tokio::io::AsyncWrite + Unpin),
    target: &str,
    shared: &Shared,
) -> std::io::Result<()> {
    let after: Cursor = target.split_once("?after=").unwrap().1.parse().unwrap();
    let mut changes = shared.changes.subscribe();
    let known = {
        let ledger = shared.ledger.lock().unwrap();
        after.tag == ledger.end().tag && after.seq >= ledger.first - 1 && after.seq <= ledger.end().seq
    };
    if !known {
        return stream.write_all(&answer("410 Gone", &[], b"{}")).await;
    }
    let head = EVENTS.replace(EVERYBODYS, &shared.whose());
    stream.write_all(head.as_bytes()).await?;
    let mut at = after;
    loop {
        changes.mark_unchanged();
        let ledger = shared.ledger.lock().unwrap().clone();
        let new = ledger.marks.iter().filter(|placed| placed.cursor.seq > at.seq);
        let mut text: String = new.map(|placed| revocation(placed.cursor, &placed.mark)).collect();
        at = ledger.end();
        text += &heartbeat(at, ledger.as_of.unwrap_or_else(|| shared.clock.now()));
        stream.write_all(text.as_bytes()).await?;
        stream.flush().await?;
        changes.changed().await.unwrap();
    }
}

pub(crate) fn revocation(cursor: Cursor, mark: &Mark) -> String {
    let or_null = |text: Option<String>| text.unwrap_or_else(|| "null".to_owned());
    let expires_at = (mark.expires_at != Timestamp::MAX).then(|| format!("\"{}\"", mark.expires_at));
    format!(
        "event: revocation\nid: {cursor}\ndata: {{\"seq\":{},\"kind\":\"{}\",\"key\":\"{}\",\"tenant_id\":{},\
         \"min_version\":{},\"expires_at\":{}}}\n\n",
        cursor.seq,
        mark.kind(),
        mark.key,
        or_null(mark.tenant.map(|tenant| format!("\"{tenant}\""))),
        or_null(mark.min_version.map(|version| version.to_string())),
        or_null(expires_at),
    )
}

pub(crate) fn heartbeat(cursor: Cursor, as_of: Timestamp) -> String {
    format!("event: heartbeat\nid: {cursor}\ndata: {{\"seq\":{},\"as_of\":\"{as_of}\"}}\n\n", cursor.seq)
}

/// Longer than anything takes on a loaded machine: a hang becomes a failure with a name.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
