//! Routes that are checked fresh, and by look-up.

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use http::{Request, Response};
use rescind::ledger::CutKind;
use rescind::verifier::OnStale;
use rescind_tower::Protect;
use tower::{Layer, Service, ServiceExt};

use super::support::*;

const PATIENCE: Duration = Duration::from_secs(2);

fn app(world: &World, ledger: Arc<Ledger>) -> (Router, Arc<AtomicUsize>) {
    let reached = Arc::new(AtomicUsize::new(0));
    let count = reached.clone();
    let pay = async move || {
        count.fetch_add(1, Ordering::SeqCst);
        "paid"
    };
    let protect = Protect::new(world.verifier.clone());
    let fresh = protect.clone().fresh(ledger, PATIENCE);
    let app = Router::new()
        .route("/pay", on_get(pay).layer(fresh))
        .route("/look", on_get(async || "seen"))
        .layer(protect);
    (app, reached)
}

/// Once, with the timers of the test's runtime.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_fresh_route_waits_until_the_replica_holds_what_the_ledger_holds() {
    let world = world();
    let ledger = Ledger::at(2);
    let (app, reached) = app(&world, ledger.clone());
    assert_eq!(get(&app, "/look", &world.token(1)).await.outcome(), "200");
    assert_eq!(ledger.asked(), 0, "other routes ask nobody");

    let token = world.token(1);
    let mut paying = pin!(get(&app, "/pay", &token));
    assert!(poll_once(paying.as_mut()).await.is_none());
    assert_eq!(
        (ledger.asked(), reached.load(Ordering::SeqCst)),
        (1, 0),
        "nothing is forwarded before the verdict"
    );
    world.read_to(2);
    assert_eq!(paying.await.outcome(), "200");
    assert_eq!(reached.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cut_that_is_read_meanwhile_refuses() {
    let world = world();
    let (app, reached) = app(&world, Ledger::at(2));
    let token = world.token(1);
    let mut paying = pin!(get(&app, "/pay", &token));
    assert!(poll_once(paying.as_mut()).await.is_none());
    world.cut(world.reach(1, CutKind::User));
    world.read_to(2);
    assert_eq!(paying.await.outcome(), "401 token_revoked");
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_known_in_time_is_a_503() {
    for ledger in [Ledger::at(2), Ledger::unknown()] {
        for on_stale in [OnStale::Deny, OnStale::Allow] {
            let world = world_that(on_stale);
            world.verifier.replica().load(0).finish(place(1), START);
            let (app, reached) = app(&world, ledger.clone());
            let answer = get(&app, "/pay", &world.token(1)).await;
            assert_eq!((answer.outcome().as_str(), answer.header("retry-after")), ("503 stale", Some("1")));
            assert_eq!(reached.load(Ordering::SeqCst), 0);
            assert_eq!(get(&app, "/look", &world.token(1)).await.outcome(), "200");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_good_token_makes_nobody_ask_the_ledger() {
    let world = world();
    let ledger = Ledger::unknown();
    let protect = Protect::new(world.verifier.clone()).optional().fresh(ledger.clone(), PATIENCE);
    let app = Router::new().route("/", on_get(async || "reached")).layer(protect);
    world.cut(world.reach(1, CutKind::Token));
    assert_eq!(get(&app, "/", &world.token(1)).await.outcome(), "401 token_revoked");
    assert_eq!(get(&app, "/", "a.b.c").await.outcome(), "401 invalid_token");
    assert_eq!(send(&app, with_headers("/", [])).await.outcome(), "200");
    assert_eq!(ledger.asked(), 0);
}

/// Is ready when it was asked, and not as a clone of one that was.
struct Choosy {
    is_ready: bool,
}

impl Clone for Choosy {
    fn clone(&self) -> Self {
        Self { is_ready: false }
    }
}

impl Service<Request<Body>> for Choosy {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "called without having been ready");
        ready(Ok(Response::new(Body::empty())))
    }
}

#[tokio::test(start_paused = true)]
async fn the_service_that_said_that_it_is_ready_is_the_one_that_is_called() {
    let world = world();
    let protect = Protect::new(world.verifier.clone());
    for protect in [protect.clone(), protect.fresh(Ledger::at(1), PATIENCE)] {
        let mut service = protect.layer(Choosy { is_ready: false });
        for _ in 0..2 {
            let response = service.ready().await.unwrap().call(bearing("/", &world.token(1))).await;
            assert_eq!(response.unwrap().status(), 200);
        }
    }
}
