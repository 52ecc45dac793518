//! Fresh checks, step by step: what the ledger says, what the replica has read, and when patience ends.

use std::collections::VecDeque;
use std::future::{pending, ready};
use std::sync::Mutex;

use super::*;
use crate::verifier::{HeadAnswer, HeadUnknown, LedgerHead};

/// Says where it ends: this, then that, and the last for ever.
struct Ledger {
    heads: Mutex<VecDeque<Result<Cursor, HeadUnknown>>>,
    asked: AtomicUsize,
}

impl Ledger {
    fn at(heads: impl IntoIterator<Item = Cursor>) -> Self {
        Self { heads: Mutex::new(heads.into_iter().map(Ok).collect()), asked: AtomicUsize::new(0) }
    }

    fn unknown() -> Self {
        Self { heads: Mutex::new(VecDeque::from([Err(HeadUnknown)])), asked: AtomicUsize::new(0) }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl LedgerHead for Ledger {
    fn head(&self) -> HeadAnswer<'_> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut heads = self.heads.lock().unwrap();
        let head = if heads.len() > 1 { heads.pop_front().unwrap() } else { heads[0] };
        Box::pin(ready(head))
    }
}

fn place(seq: i64) -> Cursor {
    of_history(1, seq)
}

fn of_history(history: u8, seq: i64) -> Cursor {
    Cursor { seq, tag: [history; 16] }
}

/// That has read to `place(1)`.
fn at_one(on_stale: OnStale) -> World {
    let world = world(on_stale);
    world.verifier.replica().load(0).finish(place(1), at(0));
    world
}

fn poll<F: Future>(check: Pin<&mut F>) -> Option<F::Output> {
    match check.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

/// The code of a check that needs no waiting; `ok` where the token passes.
fn at_once(world: &World, ledger: &Ledger, give_up: impl Future<Output = ()>) -> &'static str {
    let token = world.token();
    let check = pin!(world.verifier.verify_fresh(&token, AUD, ledger, give_up));
    poll(check).expect("it waits").map_or_else(|refusal| refusal.code(), |_| "ok")
}

#[test]
fn what_was_revoked_before_the_check_is_refused_though_it_is_read_during_it() {
    let world = at_one(OnStale::Deny);
    let (token, ledger) = (world.token(), Ledger::at([place(2)]));
    let mut check = pin!(world.verifier.verify_fresh(&token, AUD, &ledger, pending()));
    assert!(world.verifier.verify(&token, AUD).is_ok(), "it is not known yet");
    assert!(poll(check.as_mut()).is_none());
    world.cut(MarkKey::Token(Uuid::from_u128(1).into()));
    world.verifier.replica().advance(place(2), at(0));
    assert_eq!(poll(check).unwrap().unwrap_err(), Refusal::Revoked(CutKind::Token));
    assert_eq!(ledger.asked(), 1);
}

#[test]
fn a_good_token_passes_once_the_end_is_reached_and_not_before() {
    let world = at_one(OnStale::Deny);
    let (token, ledger) = (world.token(), Ledger::at([place(3)]));
    let mut check = pin!(world.verifier.verify_fresh(&token, AUD, &ledger, pending()));
    for read in [1, 2] {
        world.verifier.replica().advance(place(read), at(0));
        world.cut(MarkKey::Token(Uuid::from_u128(90 + u128::from(read.unsigned_abs())).into()));
        assert!(poll(check.as_mut()).is_none(), "{read}");
    }
    world.verifier.replica().advance(place(3), at(0));
    assert!(poll(check).unwrap().is_ok());
    assert_eq!(at_once(&world, &ledger, pending()), "ok", "and from now on at once");
}

/// Its own cut holds at a node before it has read what others wrote before it.
#[test]
fn marks_that_were_not_read_in_order_do_not_make_it_fresh() {
    let world = at_one(OnStale::Deny);
    world.cut(MarkKey::Token(Uuid::from_u128(99).into()));
    assert_eq!(at_once(&world, &Ledger::at([place(3)]), ready(())), "stale");
}

#[test]
fn what_cannot_be_reached_in_time_is_stale_whatever_the_policy_says() {
    for on_stale in [OnStale::Deny, OnStale::Allow] {
        let world = at_one(on_stale);
        assert_eq!(at_once(&world, &Ledger::at([place(2)]), ready(())), "stale");
        assert_eq!(at_once(&world, &Ledger::unknown(), pending()), "stale");
        assert_eq!(at_once(&world, &Ledger::at([of_history(2, 1)]), ready(())), "stale");
        world.clock.set(301);
        assert_eq!(at_once(&world, &Ledger::at([place(1)]), pending()), "stale", "nobody reads any more");
        assert_eq!(world.verifier.stale_allowed(), 0);
        assert_eq!(world.verifier.verify(&world.token(), AUD).is_ok(), on_stale == OnStale::Allow);
    }
}

#[test]
fn patience_that_ends_in_the_middle_ends_the_check() {
    let world = at_one(OnStale::Allow);
    let (token, ledger) = (world.token(), Ledger::at([place(2)]));
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let give_up = async { drop(ended.await) };
    let mut check = pin!(world.verifier.verify_fresh(&token, AUD, &ledger, give_up));
    assert!(poll(check.as_mut()).is_none());
    end.send(()).unwrap();
    assert_eq!(poll(check).unwrap().unwrap_err(), Refusal::Stale);
}

#[test]
fn what_is_known_to_be_revoked_or_no_good_token_asks_nobody() {
    let world = at_one(OnStale::Deny);
    let ledger = Ledger::unknown();
    let bad = pin!(world.verifier.verify_fresh("a.b.c", AUD, &ledger, pending()));
    assert_eq!(poll(bad).unwrap().unwrap_err().code(), "invalid_token");
    world.cut(MarkKey::Session(SessionId(Uuid::from_u128(4))));
    assert_eq!(at_once(&world, &ledger, pending()), "token_revoked");
    assert_eq!(ledger.asked(), 0);
}

#[test]
fn a_cut_that_comes_while_it_waits_in_vain_is_told_as_such() {
    let world = at_one(OnStale::Deny);
    let (token, ledger) = (world.token(), Ledger::at([place(9)]));
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let give_up = async { drop(ended.await) };
    let mut check = pin!(world.verifier.verify_fresh(&token, AUD, &ledger, give_up));
    assert!(poll(check.as_mut()).is_none());
    world.cut(MarkKey::Token(Uuid::from_u128(1).into()));
    end.send(()).unwrap();
    assert_eq!(poll(check).unwrap().unwrap_err(), Refusal::Revoked(CutKind::Token));
}

#[test]
fn a_token_that_expires_while_it_waits_has_expired() {
    let world = at_one(OnStale::Deny);
    let (token, ledger) = (world.token(), Ledger::at([place(2)]));
    let mut check = pin!(world.verifier.verify_fresh(&token, AUD, &ledger, pending()));
    assert!(poll(check.as_mut()).is_none());
    world.clock.set(900);
    world.verifier.replica().advance(place(2), at(900));
    assert_eq!(poll(check).unwrap().unwrap_err().code(), "token_expired");
}

#[test]
fn a_replica_that_never_synced_or_is_in_doubt_is_not_ready() {
    let world = world(OnStale::Allow);
    assert_eq!(at_once(&world, &Ledger::at([Cursor::default()]), pending()), "not_ready");
    let world = at_one(OnStale::Allow);
    world.verifier.replica().doubt();
    assert_eq!(at_once(&world, &Ledger::at([place(1)]), pending()), "not_ready");
}

/// A ledger that was restored has grown again by other entries, to less than what the replica has read, or to more.
#[test]
fn a_place_in_another_history_is_not_reached_by_its_number() {
    for grown_to in [3, 5, 7] {
        let world = at_one(OnStale::Deny);
        let replica = world.verifier.replica();
        (2..=5).for_each(|seq| replica.advance(place(seq), at(0)));
        let (token, ledger) = (world.token(), Ledger::at([of_history(2, grown_to)]));
        let mut check = pin!(world.verifier.verify_fresh(&token, AUD, &ledger, pending()));
        assert!(poll(check.as_mut()).is_none(), "{grown_to}");
        replica.advance(place(8), at(0));
        assert!(poll(check.as_mut()).is_none(), "{grown_to}: the node has not noticed yet");
        let loader = replica.load(0);
        loader.finish(of_history(2, grown_to), at(0));
        assert!(poll(check).unwrap().is_ok(), "{grown_to}");
    }
}

/// It is not asked again and again meanwhile.
#[test]
fn while_the_replica_is_of_another_history_the_ledger_is_asked_only_when_something_changes() {
    let world = at_one(OnStale::Deny);
    world.verifier.replica().advance(place(5), at(0));
    let (token, ledger) = (world.token(), Ledger::at([of_history(2, 3)]));
    let mut check = pin!(world.verifier.verify_fresh(&token, AUD, &ledger, pending()));
    for _ in 0..10 {
        assert!(poll(check.as_mut()).is_none());
    }
    assert_eq!(ledger.asked(), 2);
}

/// Under load the ledger grows between any two looks at it.
#[test]
fn a_place_that_was_come_past_was_reached() {
    let world = at_one(OnStale::Deny);
    let (token, ledger) = (world.token(), Ledger::at([place(4)]));
    let mut check = pin!(world.verifier.verify_fresh(&token, AUD, &ledger, pending()));
    assert!(poll(check.as_mut()).is_none());
    world.verifier.replica().advance_past([2, 4, 6].map(place), place(9), at(0));
    assert!(poll(check).unwrap().is_ok());
    assert_eq!(ledger.asked(), 1);
}

/// By a snapshot, or by a reader that is not told of every entry.
#[test]
fn who_does_not_know_whether_it_came_past_asks_again() {
    let world = at_one(OnStale::Deny);
    let (token, ledger) = (world.token(), Ledger::at([place(4), place(9)]));
    let mut check = pin!(world.verifier.verify_fresh(&token, AUD, &ledger, pending()));
    assert!(poll(check.as_mut()).is_none());
    world.verifier.replica().advance(place(9), at(0));
    assert!(poll(check).unwrap().is_ok());
    assert_eq!(ledger.asked(), 2);
}

#[test]
fn whoever_feeds_the_replica_is_prompted_when_somebody_waits_and_only_then() {
    let world = at_one(OnStale::Deny);
    let mut wanted = pin!(world.verifier.replica().wanted());
    assert_eq!(at_once(&world, &Ledger::at([place(1)]), pending()), "ok");
    assert!(poll(wanted.as_mut()).is_none(), "nobody waits");
    assert_eq!(at_once(&world, &Ledger::at([place(2)]), ready(())), "stale");
    assert!(poll(wanted).is_some());
}

#[test]
fn a_token_that_was_proved_before_waits_likewise() {
    let world = at_one(OnStale::Deny);
    let proved = world.verifier.verify(&world.token(), AUD).unwrap();
    let ledger = Ledger::at([place(2)]);
    let mut check = pin!(world.verifier.verify_fresh_again(&proved, AUD, &ledger, pending()));
    assert!(poll(check.as_mut()).is_none());
    world.cut(MarkKey::Token(Uuid::from_u128(1).into()));
    world.verifier.replica().advance(place(2), at(0));
    assert_eq!(poll(check).unwrap().unwrap_err(), Refusal::Revoked(CutKind::Token));

    let elsewhere = Expected::Exactly("https://other.example");
    let check = pin!(world.verifier.verify_fresh_again(&proved, elsewhere, &ledger, pending()));
    assert_eq!(poll(check).unwrap().unwrap_err(), Refusal::Invalid(Rejection::WrongAudience));
}
