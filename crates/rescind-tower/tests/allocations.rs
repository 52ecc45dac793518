//! What the layer allocates for a token: what `http::Extensions` needs to hold one value, and nothing else.

#[path = "protect/support.rs"]
mod support;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::sync::Arc;

use allocation_counter::measure;
use bytes::Bytes;
use http::{Extensions, HeaderValue, Request, Response, header};
use rescind::system::SystemEntropy;
use rescind::token::{Expected, Issuer, Validator};
use rescind::verifier::{FreshnessPolicy, TokenCache, Verifier};
use rescind_tower::{Authenticated, Protect};
use serde_json::json;
use tower::{Layer, Service, ServiceBuilder, service_fn};

use support::*;

/// As hyper has it: the header is a part of what was read from the connection.
fn request(token: &str) -> Request<()> {
    let read = Bytes::from(format!("Authorization: Bearer {token}\r\n"));
    let value = read.slice("Authorization: ".len()..read.len() - 2);
    let value = HeaderValue::from_maybe_shared(value).unwrap();
    let mut request = Request::new(());
    request.headers_mut().insert(header::AUTHORIZATION, value);
    drop(read);
    request
}

#[allow(clippy::needless_pass_by_value, reason = "a service is given its request")]
fn answer(request: Request<()>) -> Ready<Result<Response<Bytes>, Infallible>> {
    assert!(Authenticated::of(request.extensions()).is_some());
    ready(Ok(Response::new(Bytes::new())))
}

/// What a request costs that comes through.
fn cost<S>(mut service: S, request: Request<()>) -> u64
where
    S: Service<Request<()>, Response = Response<Bytes>, Error = Infallible>,
{
    let mut answered = None;
    let info = measure(|| answered = poll(pin!(service.call(request))));
    assert_eq!(answered.unwrap().unwrap().status(), 200);
    info.count_total
}

/// With a cache, as every verifier of ours has one.
#[test]
fn a_token_that_was_seen_is_checked_without_allocating() {
    let world = world();
    let cache = TokenCache::new(&SystemEntropy, TokenCache::USUAL_BYTES);
    let issuer = Issuer::ours(ISS, world.keys.clone()).with_audiences([AUD]);
    let validator = Validator::new(vec![issuer]).unwrap();
    let replica = Arc::clone(world.verifier.replica());
    let policy = FreshnessPolicy::default();
    let verifier = Verifier::new(validator, replica, policy, world.clock.clone()).with_cache(cache);
    let token = world.sign(1, &claims(1));
    let check = || verifier.verify(&token, Expected::Exactly(AUD)).unwrap();
    // The first check keeps it, and the second is the first to find it.
    drop((check(), check()));
    let before = verifier.cache().map(|cache| cache.counts().hits);
    let cost = measure(|| drop(check())).count_total;
    assert_eq!(cost, 0);
    assert_eq!(verifier.cache().map(|cache| cache.counts().hits), before.map(|hits| hits + 1));
}

#[test]
fn beyond_the_verifier_a_token_costs_one_extension() {
    let world = world();
    let claims = with_extra(claims(1), &json!({ "scope": "read write" }));
    let token = world.sign(1, &claims);
    let verified = world.verifier.verify(&token, Expected::Exactly(AUD)).unwrap();
    let verifying = measure(|| drop(world.verifier.verify(&token, Expected::Exactly(AUD)))).count_total;
    let first_extension = measure(|| drop(Extensions::new().insert(verified.clone()))).count_total;
    let mut extensions = Extensions::new();
    extensions.insert(0_u8);
    extensions.insert(verified.clone());
    let next_extension = measure(|| drop(extensions.insert(verified.clone()))).count_total;
    let again = measure(|| drop(world.verifier.verify_again(&verified, Expected::Exactly(AUD)))).count_total;

    let protect =
        Protect::new(world.verifier.clone()).audience(AUD).any_role(["admin", "member"]).scope("write");
    let service = service_fn(answer);
    assert_eq!(cost(protect.layer(service), request(&token)), verifying + first_extension);

    let twice = ServiceBuilder::new().layer(protect.clone()).layer(protect).service(service);
    let seen_before = again + next_extension;
    assert_eq!(cost(twice, request(&token)), verifying + first_extension + seen_before);
    assert_eq!((again, next_extension), (0, 1), "what has been proved costs the one box of an extension");
}
