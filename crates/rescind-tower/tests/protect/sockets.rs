//! Over real sockets: axum's own server, and hyper without a framework.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rescind::ledger::CutKind;
use rescind_tower::{Authenticated, Protect};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tower::ServiceBuilder;

use super::support::*;

async fn ask(address: std::net::SocketAddr, request: Request<Body>) -> Answer {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let answer = Answer::of(sender.send_request(request).await.unwrap()).await;
    connection.abort();
    answer
}

#[tokio::test]
async fn axum_over_a_socket() {
    let world = world();
    let me = async |caller: Authenticated| caller.email().unwrap().to_owned();
    let app = Router::new().route("/", on_get(me)).layer(Protect::new(world.verifier.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    let good = ask(address, bearing("/", &world.token(1))).await;
    assert_eq!((good.status, good.body.as_str()), (200, "ada@example.com"));
    assert_eq!(ask(address, bearing("/", "a.b.c")).await.outcome(), "401 invalid_token");
    assert_eq!(ask(address, with_headers("/", [])).await.outcome(), "401 authentication_required");
    server.abort();
}

#[tokio::test]
async fn an_answer_that_goes_on_ends_when_its_token_is_revoked() {
    let world = world();
    let begun = Arc::new(Notify::new());
    let tell = begun.clone();
    let wait = async move |caller: Authenticated| {
        tell.notify_one();
        caller.cut().await.to_string()
    };
    let app = Router::new().route("/", on_get(wait)).layer(Protect::new(world.verifier.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    let waiting = tokio::spawn(ask(address, bearing("/", &world.token(1))));
    begun.notified().await;
    world.cut(world.reach(2, CutKind::Session));
    assert!(!waiting.is_finished());
    world.cut(world.reach(1, CutKind::Session));
    assert_eq!(waiting.await.unwrap().body, "session");
    server.abort();
}

#[tokio::test]
async fn hyper_without_a_framework() {
    let world = world();
    let service = ServiceBuilder::new().layer(Protect::new(world.verifier.clone())).service_fn(
        async |request: Request<Incoming>| {
            let caller = Authenticated::of(request.extensions()).unwrap();
            let body = Full::new(Bytes::from(caller.email().unwrap().to_owned()));
            Ok::<_, Infallible>(Response::new(body))
        },
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(service.clone());
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(async move { connection.serve_connection(TokioIo::new(stream), service).await });
        }
    });

    let good = ask(address, bearing("/", &world.token(1))).await;
    assert_eq!((good.status, good.body.as_str()), (200, "ada@example.com"));
    assert_eq!(ask(address, bearing("/", "a.b.c")).await.outcome(), "401 invalid_token");
    server.abort();
}
