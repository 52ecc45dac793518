//! The doors that are not the server's own: a verifier in another process, and the layer around a service that asks it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use rescind::token::Expected;
use rescind::verifier::LedgerHead;
use rescind_remote::Remote;
use rescind_tower::Protect;
use tower::ServiceExt as _;

use super::support::Desk;

/// Longer than anything takes on a loaded machine.
const LIMIT: Duration = Duration::from_secs(120);

pub(crate) struct Doors {
    remote: Arc<Remote>,
    service: Router,
}

impl Doors {
    /// With a verifier that follows the server's feed.
    pub(crate) async fn of(desk: &Desk) -> Self {
        let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
        let builder = Remote::builder(desk.api.base()).client(client.id, client.secret);
        let remote = Arc::new(builder.start().await.expect("a verifier"));
        tokio::time::timeout(LIMIT, remote.ready()).await.expect("it becomes ready");
        let protect = Protect::new(Arc::clone(remote.verifier()));
        let head: Arc<dyn LedgerHead> = Arc::clone(&remote) as _;
        let service = Router::new()
            .route("/fresh", get(async || ()).layer(protect.clone().fresh(head, LIMIT)))
            .route("/", get(async || ()))
            .layer(protect);
        Self { remote, service }
    }

    /// Whether the token passes: at all of these doors, or at none.
    pub(crate) async fn pass(&self, token: &str) -> bool {
        // First of all, since it waits until this verifier has heard of what the server has done.
        let fresh = self.remote.verify_fresh(token, Expected::Configured, LIMIT).await;
        let plain = self.remote.verify(token, Expected::Configured).await;
        assert_eq!(fresh.is_ok(), plain.is_ok(), "{fresh:?}, {plain:?}");
        for path in ["/", "/fresh", "/"] {
            let status = self.ask(path, token).await;
            let expected = if plain.is_ok() { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
            assert_eq!(status, expected, "{path}: {plain:?}");
        }
        plain.is_ok()
    }

    async fn ask(&self, path: &str, token: &str) -> StatusCode {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.body(Body::empty()).expect("a request");
        self.service.clone().oneshot(request).await.expect("it answers").status()
    }
}
