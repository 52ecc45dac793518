//! What is revoked is refused, and what the verifier cannot tell.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::routing::get as on_get;
use rescind::ledger::CutKind;
use rescind::verifier::OnStale;
use rescind_tower::{Authenticated, Protect};

use super::support::*;

fn app(world: &World) -> Router {
    Router::new().route("/", on_get(async || "reached")).layer(Protect::new(world.verifier.clone()))
}

#[tokio::test]
async fn every_kind_of_cut_refuses_its_token_and_no_other() {
    for kind in CutKind::ALL {
        let world = world();
        let app = app(&world);
        let (token, untouched) = (world.token(1), world.token(2));
        assert_eq!(get(&app, "/", &token).await.outcome(), "200", "{kind}");
        world.cut(world.reach(1, kind));
        let refused = get(&app, "/", &token).await;
        assert_eq!(refused.outcome(), "401 token_revoked", "{kind}");
        assert_eq!(
            refused.challenge(),
            Some(r#"Bearer realm="rescind", error="invalid_token", error_description="token_revoked""#)
        );
        assert_eq!(get(&app, "/", &untouched).await.outcome(), "200", "{kind}");
    }
}

#[tokio::test]
async fn a_token_dies_when_its_time_is_over() {
    let world = world();
    let app = app(&world);
    world.clock.forward(Duration::from_secs(899));
    world.read_to(2);
    assert_eq!(get(&app, "/", &world.token(1)).await.outcome(), "200");
    world.clock.forward(Duration::from_secs(1));
    world.read_to(3);
    assert_eq!(get(&app, "/", &world.token(1)).await.outcome(), "401 token_expired");
}

#[tokio::test]
async fn a_stale_replica_denies_or_allows_and_refuses_what_it_knows() {
    for (on_stale, outcome) in [(OnStale::Deny, "503 stale"), (OnStale::Allow, "200")] {
        let world = world_that(on_stale);
        world.verifier.replica().load(0).finish(place(1), START);
        let app = app(&world);
        world.cut(world.reach(2, CutKind::User));
        world.clock.forward(Duration::from_secs(300));
        assert_eq!(get(&app, "/", &world.token(1)).await.outcome(), "200", "at the very edge it is fresh");
        world.clock.forward(Duration::from_secs(1));
        let answer = get(&app, "/", &world.token(1)).await;
        assert_eq!(answer.outcome(), outcome);
        if answer.status == 503 {
            assert_eq!((answer.header("retry-after"), answer.challenge()), (Some("1"), None));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
        assert_eq!(get(&app, "/", &world.token(2)).await.outcome(), "401 token_revoked");
        assert_eq!(get(&app, "/", "a.b.c").await.outcome(), "401 invalid_token");
        world.read_to(2);
        assert_eq!(get(&app, "/", &world.token(1)).await.outcome(), "200", "it has caught up");
    }
}

#[tokio::test]
async fn a_replica_that_was_never_loaded_lets_nobody_in() {
    for on_stale in [OnStale::Deny, OnStale::Allow] {
        let world = world_that(on_stale);
        let answer = get(&app(&world), "/", &world.token(1)).await;
        assert_eq!((answer.outcome().as_str(), answer.header("retry-after")), ("503 not_ready", Some("1")));
    }
}

#[tokio::test]
async fn who_goes_on_after_the_check_hears_of_the_cut_and_of_no_other() {
    for kind in CutKind::ALL {
        let world = world();
        let caller = caller(&world, 1).await;
        let mut cut = pin!(caller.cut());
        drop(caller);
        assert_eq!(poll(cut.as_mut()), None, "{kind}");
        world.cut(world.reach(2, kind));
        assert_eq!(poll(cut.as_mut()), None, "{kind}: it was another's");
        world.cut(world.reach(1, kind));
        assert_eq!(poll(cut), Some(kind));
    }
}

#[tokio::test]
async fn who_asks_after_the_cut_hears_at_once() {
    let world = world();
    let caller = caller(&world, 1).await;
    world.cut(world.reach(1, CutKind::Tenant));
    assert_eq!(poll(pin!(caller.cut())), Some(CutKind::Tenant));
}

/// That of number `n`, as a handler gets it.
async fn caller(world: &World, n: u128) -> Authenticated {
    let (tell, told) = std::sync::mpsc::channel();
    let handler = async move |caller: Authenticated| tell.send(caller).unwrap();
    let app = Router::new().route("/", on_get(handler)).layer(Protect::new(world.verifier.clone()));
    assert_eq!(get(&app, "/", &world.token(n)).await.status, 200);
    told.recv().unwrap()
}
