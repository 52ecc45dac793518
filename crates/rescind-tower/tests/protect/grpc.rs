//! A service of tonic's, called by tonic over a socket.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::routing::post;
use bytes::{Buf, BufMut, Bytes};
use http::Request;
use http::header::CONTENT_TYPE;
use http::uri::PathAndQuery;
use rescind::ledger::CutKind;
use rescind_tower::{Authenticated, Protect};
use tokio::net::TcpListener;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{NamedService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Status};
use tower::Service;

use super::support::*;

/// Messages that are nothing but their bytes.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// Tells who calls; to a caller who is to be an administrator, only if it is one.
#[derive(Clone)]
struct Who;

impl NamedService for Who {
    const NAME: &'static str = "test.Who";
}

impl Service<Request<tonic::body::Body>> for Who {
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        Box::pin(async { Ok(tonic::server::Grpc::new(Raw).unary(Self, request).await) })
    }
}

impl UnaryService<Bytes> for Who {
    type Response = Bytes;
    type Future = Ready<Result<tonic::Response<Bytes>, Status>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        ready(answer(&request))
    }
}

fn answer(request: &tonic::Request<Bytes>) -> Result<tonic::Response<Bytes>, Status> {
    let caller = Authenticated::of(request.extensions()).ok_or_else(|| Status::internal("unprotected"))?;
    if request.get_ref() == "admin" {
        caller
            .require_role("admin")
            .map_err(|denial| Status::new(denial.grpc_code().into(), denial.code()))?;
    }
    Ok(tonic::Response::new(caller.user_id().unwrap().to_string().into()))
}

async fn call(
    channel: &Channel,
    token: Option<&str>,
    message: &'static str,
) -> Result<Bytes, (Code, String)> {
    let mut request = tonic::Request::new(Bytes::from(message));
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
    }
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/test.Who/Who");
    match client.unary(request, path, Raw).await {
        Ok(response) => Ok(response.into_inner()),
        Err(status) => Err((status.code(), status.message().to_owned())),
    }
}

#[tokio::test]
async fn tonic_calls_tonic() {
    let world = world();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder()
        .layer(Protect::new(world.verifier.clone()).without_bodies())
        .add_service(Who)
        .serve_with_incoming(TcpIncoming::from(listener));
    let server = tokio::spawn(server);
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();

    let token = world.token(1);
    assert_eq!(call(&channel, Some(&token), "").await, Ok(id(1, 2).to_string().into()));
    let refused = |code, message: &str| Err((code, message.to_owned()));
    let unauthenticated = |message| refused(Code::Unauthenticated, message);
    assert_eq!(call(&channel, None, "").await, unauthenticated("authentication_required"));
    assert_eq!(call(&channel, Some("a.b.c"), "").await, unauthenticated("invalid_token"));
    let denied = refused(Code::PermissionDenied, "forbidden");
    assert_eq!(call(&channel, Some(&token), "admin").await, denied);
    world.cut(world.reach(1, CutKind::Key));
    assert_eq!(call(&channel, Some(&token), "").await, unauthenticated("token_revoked"));
    assert_eq!(call(&channel, Some(&world.token(2)), "").await, Ok(id(2, 2).to_string().into()));
    world.clock.forward(std::time::Duration::from_secs(301));
    assert_eq!(call(&channel, Some(&world.token(2)), "").await, refused(Code::Unavailable, "stale"));
    server.abort();
}

/// What a client of gRPC goes by is in the headers, and the stream ends there.
#[tokio::test]
async fn a_denial_over_grpc_is_headers_only() {
    let world = world();
    let app = Router::new()
        .route("/", post(async || "in"))
        .layer(Protect::new(world.verifier.clone()).role("admin"));
    let cases = [("a.b.c".to_owned(), "16", "invalid_token"), (world.token(1), "7", "forbidden")];
    for (token, status, message) in cases {
        for (asked, answered) in [
            ("application/grpc", "application/grpc"),
            ("application/grpc+proto", "application/grpc"),
            ("application/grpc-web+proto", "application/grpc-web"),
        ] {
            let mut request = bearing("/", &token);
            *request.method_mut() = http::Method::POST;
            request.headers_mut().insert(CONTENT_TYPE, asked.parse().unwrap());
            let answer = send(&app, request).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, ""));
            assert_eq!(answer.header("content-type"), Some(answered));
            assert_eq!(
                (answer.header("grpc-status"), answer.header("grpc-message")),
                (Some(status), Some(message))
            );
            assert_eq!(answer.challenge(), None);
        }
    }
}
