//! Services that ask a ledger at each check.

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::get as on_get;
use rescind::clock::Timestamp;
use rescind::id::TenantId;
use rescind::ledger::*;
use rescind::lookup::Lookup;
use rescind::store::{Answer as Answered, Page, PageRequest, StoreError};
use rescind::verifier::OnStale;
use rescind_tower::Protect;

use super::support::*;

/// A store that knows these marks and nothing else, or cannot be reached.
struct Store(Mutex<Option<Vec<Mark>>>);

fn away<'a, T: Send + 'a>() -> Answered<'a, T> {
    Box::pin(ready(Err(StoreError::Unavailable("away".into()))))
}

impl LedgerStore for Store {
    fn standing_marks<'a>(&'a self, identities: &'a [MarkIdentity]) -> Answered<'a, Vec<Mark>> {
        match &*self.0.lock().unwrap() {
            None => away(),
            Some(marks) => {
                let asked = marks.iter().filter(|mark| identities.contains(&mark.identity()));
                Box::pin(ready(Ok(asked.cloned().collect())))
            }
        }
    }

    fn cut(&self, _: Cut) -> Answered<'_, CutOutcome> {
        away()
    }

    fn reinstate(&self, _: Reinstate) -> Answered<'_, Vec<Entry>> {
        away()
    }

    fn count_reach<'a>(&'a self, _: &'a CutTarget, _: Timestamp) -> Answered<'a, u64> {
        away()
    }

    fn head(&self) -> Answered<'_, Head> {
        away()
    }

    fn entries_after(&self, _: Cursor, _: u32) -> Answered<'_, Follow> {
        away()
    }

    fn marks_after(&self, _: Cursor, _: u32) -> Answered<'_, Follow<PlacedMark>> {
        away()
    }

    fn token_entry<'a>(&'a self, _: &'a TokenKey, _: Option<TenantId>) -> Answered<'a, Entry> {
        away()
    }

    fn entries<'a>(&'a self, _: &'a EntryFilter, _: &'a PageRequest) -> Answered<'a, Page<Entry>> {
        away()
    }

    fn first_expiry(&self) -> Answered<'_, Option<Timestamp>> {
        away()
    }

    fn purge(&self, _: PurgeRequest) -> Answered<'_, PurgeOutcome> {
        away()
    }
}

#[tokio::test(start_paused = true)]
async fn what_only_the_ledger_knows_is_refused_and_a_ledger_that_is_away_decides_by_the_policy() {
    for (on_stale, away) in [(OnStale::Deny, "503 stale"), (OnStale::Allow, "200")] {
        let world = world_that(on_stale);
        world.verifier.replica().load(0).finish(place(1), START);
        let cut = Mark {
            tenant: None,
            key: world.reach(1, CutKind::Session),
            min_version: None,
            expires_at: claims(1).exp,
        };
        let store = Arc::new(Store(Mutex::new(Some(vec![cut]))));
        let lookup = Arc::new(Lookup::new(None, store.clone(), Duration::ZERO));
        let looked_up = Protect::new(world.verifier.clone()).by_lookup(lookup);
        let fresh = looked_up.clone().fresh(Ledger::unknown(), Duration::from_secs(2));
        let route = |protect| Router::new().route("/", on_get(async || "reached")).layer(protect);
        let (looked_up, fresh) = (route(looked_up), route(fresh));
        for app in [&looked_up, &fresh] {
            assert_eq!(get(app, "/", &world.token(1)).await.outcome(), "401 token_revoked");
            assert_eq!(get(app, "/", &world.token(2)).await.outcome(), "200");
            assert_eq!(get(app, "/", "a.b.c").await.outcome(), "401 invalid_token");
            assert_eq!(send(app, with_headers("/", [])).await.outcome(), "401 authentication_required");
        }
        *store.0.lock().unwrap() = None;
        assert_eq!(get(&looked_up, "/", &world.token(2)).await.outcome(), away);
        assert_eq!(
            get(&fresh, "/", &world.token(2)).await.outcome(),
            "503 stale",
            "whatever the policy says"
        );
        world.cut(world.reach(2, CutKind::Token));
        assert_eq!(get(&looked_up, "/", &world.token(2)).await.outcome(), "401 token_revoked");
    }
}
