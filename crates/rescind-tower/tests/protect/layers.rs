//! Layers inside one another, and what one may take over from another.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::routing::get as on_get;
use http::HeaderValue;
use http::header::{AUTHORIZATION, COOKIE};
use rescind::ledger::CutKind;
use rescind::system::SystemEntropy;
use rescind::token::{Algorithm, Issuer, KeySet, SigningKey, Validator};
use rescind::verifier::{FreshnessPolicy, Verifier};
use rescind_tower::{Authenticated, Protect};

use super::support::*;

async fn who(caller: Option<Authenticated>) -> String {
    caller.map_or_else(|| "nobody".to_owned(), |caller| caller.user_id().unwrap().to_string())
}

/// Between two layers, does something to the request.
fn sandwich(
    inner: Protect,
    between: impl Fn(&mut Request) + Clone + Send + Sync + 'static,
    outer: Protect,
) -> Router {
    let between = from_fn(move |mut request: Request, next: Next| {
        between(&mut request);
        next.run(request)
    });
    Router::new().route("/", on_get(who)).layer(inner).layer(between).layer(outer)
}

/// With the keys gone, a signature that was checked again would be refused.
#[tokio::test]
async fn a_signature_is_not_checked_twice() {
    let ledger = Ledger::at(1);
    for fresh in [false, true] {
        let world = world();
        let protect = Protect::new(world.verifier.clone());
        let patience = std::time::Duration::from_secs(2);
        let inner = if fresh { protect.clone().fresh(ledger.clone(), patience) } else { protect.clone() };
        let keys = world.keys.clone();
        let app = sandwich(inner, move |_| keys.replace([]).unwrap(), protect);
        assert_eq!(get(&app, "/", &world.token(1)).await.body, id(1, 2).to_string(), "fresh: {fresh}");
        assert_eq!(get(&app, "/", &world.token(1)).await.outcome(), "401 invalid_token", "the test can fail");
    }
}

#[tokio::test]
async fn what_was_cut_between_two_layers_is_refused_by_the_inner_one() {
    let world = Arc::new(world());
    let protect = Protect::new(world.verifier.clone());
    let cutting = world.clone();
    let app = sandwich(protect.clone(), move |_| cutting.cut(cutting.reach(1, CutKind::Session)), protect);
    assert_eq!(get(&app, "/", &world.token(1)).await.outcome(), "401 token_revoked");
    assert_eq!(get(&app, "/", &world.token(2)).await.body, id(2, 2).to_string());
}

#[tokio::test]
async fn an_inner_layer_asks_for_its_own_audience() {
    let world = world();
    let protect = Protect::new(world.verifier.clone());
    let app = sandwich(protect.clone().audience("https://admin.example"), |_| (), protect);
    let mut both = claims(1);
    both.aud.push("https://admin.example".into());
    assert_eq!(get(&app, "/", &world.sign(1, &both)).await.status, 200);
    assert_eq!(get(&app, "/", &world.token(1)).await.outcome(), "401 invalid_token");
}

#[tokio::test]
async fn a_token_that_was_exchanged_between_two_layers_is_checked() {
    let world = world();
    let protect = Protect::new(world.verifier.clone());
    let exchange = |token: String| {
        let value = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
        sandwich(
            protect.clone(),
            move |request| drop(request.headers_mut().insert(AUTHORIZATION, value.clone())),
            protect.clone(),
        )
    };
    assert_eq!(get(&exchange(world.token(2)), "/", &world.token(1)).await.body, id(2, 2).to_string());
    let bent = world.token(1) + "A";
    assert_eq!(get(&exchange(bent), "/", &world.token(1)).await.outcome(), "401 invalid_token");
    let taken_away = sandwich(
        protect.clone(),
        |request| drop(request.headers_mut().remove(AUTHORIZATION)),
        protect.clone(),
    );
    assert_eq!(get(&taken_away, "/", &world.token(1)).await.outcome(), "401 authentication_required");
}

/// A layer that reads no cookie is not talked into one by a layer that does.
#[tokio::test]
async fn each_layer_takes_credentials_only_from_where_it_was_told() {
    let world = world();
    let protect = Protect::new(world.verifier.clone());
    let cookie = || with_headers("/", [(COOKIE, format!("access={}", world.token(1)).into_bytes())]);
    let with_cookie = protect.clone().cookie("access");
    let app = sandwich(protect.clone(), |_| (), with_cookie.clone());
    assert_eq!(send(&app, cookie()).await.outcome(), "401 authentication_required");
    let app = sandwich(protect.clone().optional(), |_| (), with_cookie.clone());
    assert_eq!(send(&app, cookie()).await.body, "nobody");
    let app = sandwich(with_cookie.clone(), |_| (), with_cookie);
    assert_eq!(send(&app, cookie()).await.body, id(1, 2).to_string());
}

/// One header, and in it another token for each of two layers.
#[tokio::test]
async fn each_layer_reads_the_cookie_that_it_was_told() {
    let world = world();
    let named = |name: &str| Protect::new(world.verifier.clone()).cookie(name);
    let app = sandwich(named("inner"), |_| (), named("outer"));
    let cookies = |inner: &str| {
        let line = format!("outer={}; inner={inner}", world.token(1));
        with_headers("/", [(COOKIE, line.into_bytes())])
    };
    assert_eq!(send(&app, cookies(&world.token(2))).await.body, id(2, 2).to_string());
    assert_eq!(send(&app, cookies("a.b.c")).await.outcome(), "401 invalid_token");
}

#[tokio::test]
async fn what_another_verifier_has_proved_is_not_taken_over() {
    let world = world();
    let other_key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy).unwrap();
    let keys = KeySet::new([other_key.verifying_key().clone()]).unwrap();
    let issuer = Issuer::ours(ISS, keys).with_audiences([AUD]);
    let validator = Validator::new(vec![issuer]).unwrap();
    let replica = world.verifier.replica().clone();
    let stranger = Verifier::new(validator, replica, FreshnessPolicy::default(), world.clock.clone());
    let (ours, theirs) = (Protect::new(world.verifier.clone()), Protect::new(Arc::new(stranger)));
    let app = sandwich(theirs, |_| (), ours.clone());
    assert_eq!(get(&app, "/", &world.token(1)).await.outcome(), "401 invalid_token");
    let app = sandwich(ours.clone(), |_| (), ours);
    assert_eq!(get(&app, "/", &world.token(1)).await.status, 200);
}
