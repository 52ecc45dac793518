//! A node within another program, which forgets to stop it.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use rescind::authority::{Authority, AuthoritySettings, Caller, ClientRequest, Operator};
use rescind::directory::Scope;
use rescind::keys::MasterKey;
use rescind::system::SystemEntropy;
use rescind_server::{Node, Web, system_ports};
use rescind_sqlite::{Options, SqliteStore};
use secrecy::ExposeSecret as _;
use tower::ServiceExt as _;
use tracing_subscriber::fmt::MakeWriter;

/// Longer than anything takes on a loaded machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Else the program would go on with an authority that hears of no news, and readers of the feed that take silence for peace.
#[tokio::test]
async fn one_that_is_dropped_says_so_and_ends_the_feed_and_one_that_is_stopped_is_silent() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).finish();
    let _here = tracing::subscriber::set_default(subscriber);
    let directory = tempfile::tempdir().unwrap();
    node(directory.path(), "stopped.db").await.stop().await;
    assert!(!log.text().contains("was dropped"), "{}", log.text());

    let node = node(directory.path(), "dropped.db").await;
    let mut events = events(&node).await;
    assert!(frame(&mut events).await.is_some(), "a first heartbeat comes at once");
    drop(node);
    while frame(&mut events).await.is_some() {}
    assert!(log.text().contains("was dropped and not stopped"), "{}", log.text());
}

async fn node(directory: &Path, file: &str) -> Node {
    let store = SqliteStore::open(&directory.join(file), &Options::new(Arc::new(SystemEntropy))).unwrap();
    let ports = system_ports(store, Arc::new(MasterKey::generate(&SystemEntropy)));
    let operator = || Operator { email: "admin@example.com".into(), password: "a heap of leaves".into() };
    let settings = AuthoritySettings::new("https://auth.example");
    let started = Authority::start(ports, settings, operator).await.unwrap();
    Node::start(started.authority, Duration::ZERO)
}

/// The feed's events, as a reader gets them that may.
async fn events(node: &Node) -> Body {
    let request = ClientRequest {
        name: "reader".into(),
        scopes: [Scope::Feed].into_iter().collect(),
        tenant: None,
        refresh_requires_secret: false,
    };
    let made = node.authority().create_client(&Caller::command_line(), request).await.unwrap();
    let (id, secret) = (made.client.id, made.secret.expose_secret().to_owned());
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{id}:{secret}"));
    let request = http::Request::get("/api/v1/feed/events")
        .header("host", "localhost")
        .header("authorization", format!("Basic {basic}"))
        .body(Body::empty())
        .unwrap();
    let answer = node.router(&Web::default()).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.into_body()
}

async fn frame(events: &mut Body) -> Option<()> {
    let frame = tokio::time::timeout(LIMIT, events.frame()).await.unwrap();
    frame.map(|frame| drop(frame.unwrap()))
}

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
