//! Services without a framework, and bodies of other types.

use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use rescind_tower::{Authenticated, Bodies, Denial, Protect};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::support::*;

async fn who(request: Request<Body>) -> Result<Response<Full<Bytes>>, Infallible> {
    let caller = Authenticated::required(request.extensions()).unwrap();
    Ok(Response::new(Full::from(caller.user_id().unwrap().to_string())))
}

#[tokio::test]
async fn a_plain_service_gets_a_problem_for_a_body() {
    let world = world();
    let service = ServiceBuilder::new().layer(Protect::new(world.verifier.clone())).service_fn(who);
    let good = Answer::of(service.clone().oneshot(bearing("/", &world.token(1))).await.unwrap()).await;
    assert_eq!((good.status, good.body), (200, id(1, 2).to_string()));
    let bad = Answer::of(service.oneshot(bearing("/", "a.b.c")).await.unwrap()).await;
    assert_eq!(bad.outcome(), "401 invalid_token");
}

#[tokio::test]
async fn a_body_that_is_not_made_from_bytes_stays_empty() {
    let world = world();
    let protect = Protect::new(world.verifier.clone()).without_bodies();
    let boxed = service_fn(async |_: Request<Body>| {
        Ok::<_, Infallible>(Response::new(BoxBody::new(Full::new(Bytes::from("in")))))
    });
    let service = ServiceBuilder::new().layer(protect.clone()).service(boxed);
    let good = Answer::of(service.clone().oneshot(bearing("/", &world.token(1))).await.unwrap()).await;
    assert_eq!((good.status, good.body.as_str()), (200, "in"));
    let bad = Answer::of(service.oneshot(bearing("/", "a.b.c")).await.unwrap()).await;
    assert_eq!((bad.status, bad.body.as_str(), bad.header("content-type")), (401, "", None));
    assert!(bad.challenge().unwrap().contains("invalid_token"));

    let unsync = service_fn(async |_: Request<Body>| {
        Ok::<_, Infallible>(Response::new(UnsyncBoxBody::<Bytes, Infallible>::default()))
    });
    let service = ServiceBuilder::new().layer(protect).service(unsync);
    assert_eq!(service.oneshot(with_headers("/", [])).await.unwrap().status(), 401);
}

#[derive(Clone)]
struct Own;

impl Bodies<String> for Own {
    fn body(&self, denial: &Denial) -> (Option<HeaderValue>, String) {
        (Some(HeaderValue::from_static("text/x-own")), format!("no: {}", denial.code()))
    }

    fn empty(&self) -> String {
        String::new()
    }
}

#[tokio::test]
async fn a_service_may_have_its_own_form_of_errors_but_not_its_own_status() {
    let world = world();
    let inner = service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(String::from("in"))));
    let service =
        ServiceBuilder::new().layer(Protect::new(world.verifier.clone()).bodies(Own)).service(inner);
    let bad = Answer::of(service.oneshot(with_headers("/", [])).await.unwrap()).await;
    assert_eq!((bad.status, bad.body.as_str()), (401, "no: authentication_required"));
    assert_eq!(bad.header("content-type"), Some("text/x-own"));
}
