//! nginx, as it is documented, before a backend.

use std::net::SocketAddr;

use reqwest::{Method, RequestBuilder};
use rescind_testkit::nginx::{Nginx, Site};
use rescind_testkit::process::{Api, Credentials, Reply};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::peer::{Peer, Seen};

/// The files that are tested.
pub(crate) const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/nginx");

/// Where of the example's locations a token is needed, and by which check.
pub(crate) const PROTECTED: [&str; 5] = ["/orders/7", "/transfers/7", "/admin/7", "/pages/7", "/socket/7"];

/// nginx and its backend.
pub(crate) struct Front {
    /// Calls what is behind nginx.
    pub(crate) api: Api,
    pub(crate) backend: Peer,
    pub(crate) nginx: Nginx,
}

impl Front {
    /// With an authority at this address.
    pub(crate) async fn before(authority: SocketAddr) -> Self {
        Self::with(authority, |site| site).await
    }

    /// The same with more edits of the files than addresses.
    pub(crate) async fn with(authority: SocketAddr, edits: impl FnOnce(Site) -> Site) -> Self {
        let backend = Peer::start().await;
        let site = Site::of(FILES)
            .listening("127.0.0.1:8000")
            .edit("127.0.0.1:8080", authority.to_string())
            .edit("127.0.0.1:3000", backend.address().to_string())
            .edit("/run/nginx-rescind", "answers");
        let nginx = edits(site).start().await;
        Self { api: Api::new(nginx.base()), backend, nginx }
    }

    /// `GET`, with a token.
    pub(crate) fn get(&self, path: &str, access: &str) -> RequestBuilder {
        self.api.request(Method::GET, path, Credentials::Bearer(access))
    }

    /// Sends what must pass, and returns what the backend saw of it.
    #[track_caller]
    pub(crate) fn passes(&self, request: RequestBuilder) -> impl Future<Output = Seen> {
        let caller = std::panic::Location::caller();
        async move {
            let reply = self.api.finish(request).await;
            let mut seen = self.backend.take();
            assert_eq!((reply.status, seen.len()), (200, 1), "{caller}: {reply:?}\n{}", self.nginx.log());
            seen.remove(0)
        }
    }

    /// Sends what must be answered with this status, and not reach the backend.
    #[track_caller]
    pub(crate) fn refuses(&self, request: RequestBuilder, status: u16) -> impl Future<Output = Reply> {
        let caller = std::panic::Location::caller();
        async move {
            let reply = self.api.finish(request).await;
            let seen = self.backend.take();
            assert!(seen.is_empty(), "{caller}: it reached the backend: {seen:?}");
            assert_eq!(reply.status, status, "{caller}: {reply:?}\n{}", self.nginx.log());
            reply
        }
    }

    /// Sends a head as it is, but for its last lines, and returns all that comes back.
    pub(crate) async fn raw(&self, head: &str) -> String {
        self.raw_with(head, "").await
    }

    /// The same with a body as it is.
    pub(crate) async fn raw_with(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.nginx.address()).await.expect("nginx listens");
        let request = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.expect("nginx reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("nginx answers");
        String::from_utf8_lossy(&answer).into_owned()
    }
}
