//! A program that nginx talks to: it notes what it is asked, and answers as it was told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    /// The one value of a header; empty where it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        let values: Vec<_> = self.headers.get_all(name).iter().collect();
        assert!(values.len() < 2, "{name} came twice: {self:?}");
        values.first().map_or("", |value| value.to_str().expect("a text"))
    }

    /// The names of the headers, in alphabetical order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.headers.keys().map(header::HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }
}

/// A server on a port of the loopback address. It opens web sockets and says there what it hears.
#[derive(Debug)]
pub(crate) struct Peer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

/// What it answers with.
type Answer = (u16, Vec<(&'static str, &'static str)>);

impl Peer {
    /// One that answers 200.
    pub(crate) async fn start() -> Self {
        Self::answering(200, &[]).await
    }

    /// One that answers with this status and these headers.
    pub(crate) async fn answering(status: u16, headers: &[(&'static str, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let (notes, answer): (_, Answer) = (Arc::clone(&seen), (status, headers.to_vec()));
        let router = Router::new().fallback(move |request: Request| hear(request, notes, answer));
        let serving = axum::serve(listener, router);
        let task = tokio::spawn(async move { serving.await.expect("it goes on") });
        Self { address, seen, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it was asked since the last call.
    pub(crate) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn hear(mut request: Request, notes: Arc<Mutex<Vec<Seen>>>, answer: Answer) -> Response {
    let upgraded = hyper::upgrade::on(&mut request);
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a whole body");
    let opens = head.headers.get(header::UPGRADE).is_some_and(|to| to == "websocket");
    notes.lock().unwrap_or_else(PoisonError::into_inner).push(Seen {
        method: head.method,
        uri: head.uri.to_string(),
        headers: head.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    if opens {
        tokio::spawn(async move {
            let (mut from, mut to) = tokio::io::split(TokioIo::new(upgraded.await.expect("an open socket")));
            // It ends when the other side does.
            drop(tokio::io::copy(&mut from, &mut to).await);
        });
        return switching();
    }
    let (status, headers) = answer;
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from("from a peer")).expect("an answer")
}

fn switching() -> Response {
    let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    let response = response.header(header::UPGRADE, "websocket").header(header::CONNECTION, "upgrade");
    response.body(Body::empty()).expect("an answer")
}
