//! The replica: whatever else goes on, once `apply` has returned no reader misses the mark.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rescind_interleaved::clock::Timestamp;
use rescind_interleaved::id::{TenantId, UserId};
use rescind_interleaved::ledger::{Cursor, Mark, MarkKey, TokenKey};
use rescind_interleaved::replica::{Expired, Replica, TokenFacts, bare};
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread::{self, JoinHandle};
use uuid::Uuid;

use crate::world::{Fixed, NOW, after, in_many_orders};

/// So many times a reader looks, unless the writers are done before.
const LONG_ENOUGH: usize = 64;

/// When the short-lived marks are long gone.
const LATER: Timestamp = after(7200);

fn replica() -> Arc<Replica> {
    Arc::new(Replica::new(&Fixed, Duration::ZERO))
}

fn token(id: u128) -> TokenKey {
    TokenKey::Uuid(Uuid::from_u128(id))
}

fn mark(id: u128, expires_at: Timestamp) -> Mark {
    Mark { tenant: None, key: MarkKey::Token(token(id)), min_version: None, expires_at }
}

fn is_revoked(replica: &Replica, id: u128) -> bool {
    let jti = token(id);
    replica.evaluate(&TokenFacts { jti: Some(&jti), ..TokenFacts::default() }).is_some()
}

/// The ids of tokens whose marks are all in one shard, so that it grows as they come.
fn crowded() -> &'static [u128] {
    static IDS: OnceLock<Vec<u128>> = OnceLock::new();
    IDS.get_or_init(|| {
        let replica = Replica::new(&Fixed, Duration::ZERO);
        (1..).filter(|id| bare::shard_of(&replica, *id) == 0).take(40).collect()
    })
}

/// Marks that one thread applies, and how many of them it has.
#[derive(Clone)]
struct Coming {
    ids: &'static [u128],
    applied: Arc<AtomicUsize>,
}

impl Coming {
    fn new(ids: &'static [u128]) -> Self {
        Self { ids, applied: Arc::new(AtomicUsize::new(0)) }
    }

    /// Applies them, one after the other.
    fn begin(&self, replica: &Arc<Replica>) -> JoinHandle<()> {
        let (coming, replica) = (self.clone(), Arc::clone(replica));
        thread::spawn(move || {
            for id in coming.ids {
                assert!(replica.apply(&mark(*id, after(86_400)), NOW));
                coming.applied.fetch_add(1, Ordering::SeqCst);
            }
        })
    }

    fn is_over(&self) -> bool {
        self.applied.load(Ordering::SeqCst) == self.ids.len()
    }

    /// Those that have been applied are seen.
    fn check(&self, replica: &Replica) {
        let applied = self.applied.load(Ordering::SeqCst);
        for id in &self.ids[..applied] {
            assert!(is_revoked(replica, *id), "mark {id} is missed after {applied} were applied");
        }
    }
}

/// Reads again and again while others write; what nobody revoked lives.
fn read(replica: &Arc<Replica>, coming: &[Coming], strangers: &'static [u128]) -> JoinHandle<()> {
    let (replica, coming) = (Arc::clone(replica), coming.to_vec());
    thread::spawn(move || {
        for _ in 0..LONG_ENOUGH {
            assert!(strangers.iter().all(|id| !is_revoked(&replica, *id)), "a mark that was never made");
            coming.iter().for_each(|coming| coming.check(&replica));
            if coming.iter().all(Coming::is_over) {
                break;
            }
            thread::yield_now();
        }
    })
}

/// Waits for all, and looks once more.
fn finish(replica: &Replica, threads: impl IntoIterator<Item = JoinHandle<()>>, coming: &[Coming]) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    for coming in coming {
        assert!(coming.is_over());
        coming.check(replica);
    }
}

#[test]
fn no_mark_is_missed_while_tables_and_filter_grow() {
    crowded();
    in_many_orders(300, || {
        let replica = replica();
        let (ids, strangers) = crowded().split_at(16);
        let coming = [Coming::new(&ids[..8]), Coming::new(&ids[8..])];
        let reading = read(&replica, &coming, &strangers[..2]);
        let writing = [coming[0].begin(&replica), coming[1].begin(&replica)];
        finish(&replica, writing.into_iter().chain([reading]), &coming);
    });
}

#[test]
fn no_mark_is_missed_while_others_expire() {
    crowded();
    in_many_orders(200, || {
        let replica = replica();
        let (ids, short) = crowded().split_at(12);
        for id in &short[..5] {
            replica.apply(&mark(*id, after(60)), NOW);
        }
        let coming = [Coming::new(ids)];
        let reading = read(&replica, &coming, &short[10..12]);
        let expiring = {
            let replica = Arc::clone(&replica);
            thread::spawn(move || assert_eq!(replica.expire(LATER), Expired::Dropped(5)))
        };
        let writing = coming[0].begin(&replica);
        finish(&replica, [reading, expiring, writing], &coming);
        assert!(short[..5].iter().all(|id| !is_revoked(&replica, *id)), "what has expired is gone");
    });
}

#[test]
fn no_mark_is_missed_while_a_snapshot_is_loaded() {
    crowded();
    in_many_orders(40, || {
        let replica = replica();
        let (ids, read_ids) = crowded().split_at(10);
        let (of_snapshot, strangers) = read_ids.split_at(6);
        let coming = [Coming::new(ids)];
        let loading = {
            let replica = Arc::clone(&replica);
            thread::spawn(move || {
                let marks: Vec<Mark> = of_snapshot[..3].iter().map(|id| mark(*id, after(900))).collect();
                replica.replace_with(marks, Cursor { seq: 9, tag: [1; 16] }, NOW, NOW);
                assert!(of_snapshot[..3].iter().all(|id| is_revoked(&replica, *id)));
                let loader = replica.load_more(3);
                for id in &of_snapshot[3..] {
                    loader.apply(&mark(*id, after(900)), NOW);
                    assert!(is_revoked(&replica, *id), "marks of a snapshot count at once");
                }
                loader.finish(Cursor { seq: 12, tag: [2; 16] }, NOW);
                assert!(of_snapshot.iter().all(|id| is_revoked(&replica, *id)));
            })
        };
        let reading = read(&replica, &coming, &strangers[..2]);
        let writing = coming[0].begin(&replica);
        finish(&replica, [loading, reading, writing], &coming);
        assert_eq!(replica.as_of(), Some(NOW));
    });
}

/// The least version of the user that lives, as a reader finds it.
fn floor(replica: &Replica) -> i64 {
    let facts = |version| TokenFacts {
        tenant: Some(TenantId(Uuid::from_u128(3))),
        user: Some(UserId(Uuid::from_u128(2))),
        token_version: Some(version),
        ..TokenFacts::default()
    };
    (1..10).find(|version| replica.evaluate(&facts(*version)).is_none()).unwrap_or(10)
}

fn below(version: i64) -> Mark {
    Mark {
        tenant: Some(TenantId(Uuid::from_u128(3))),
        key: MarkKey::User(UserId(Uuid::from_u128(2))),
        min_version: Some(version),
        expires_at: after(86_400),
    }
}

#[test]
fn a_users_version_never_goes_down() {
    in_many_orders(300, || {
        let replica = replica();
        let floors = Arc::new(AtomicUsize::new(0));
        // Something that expires beside it, in the same map.
        let key = MarkKey::Key("kid".into());
        replica.apply(&Mark { tenant: None, key, min_version: None, expires_at: after(60) }, NOW);
        let raise = |versions: &'static [i64]| {
            let (replica, floors) = (Arc::clone(&replica), Arc::clone(&floors));
            thread::spawn(move || {
                for version in versions {
                    replica.apply(&below(*version), NOW);
                    floors.fetch_max(usize::try_from(*version).unwrap(), Ordering::SeqCst);
                }
            })
        };
        let raising = [raise(&[3, 7, 4]), raise(&[5, 2])];
        let expiring = {
            let replica = Arc::clone(&replica);
            thread::spawn(move || assert_eq!(replica.expire(LATER), Expired::Dropped(1)))
        };
        let mut last = 0;
        for _ in 0..LONG_ENOUGH {
            let least = i64::try_from(floors.load(Ordering::SeqCst)).unwrap();
            let found = floor(&replica);
            assert!(found >= least.max(last), "{found} after {last}, and {least} was applied");
            last = found;
            if found == 7 {
                break;
            }
            thread::yield_now();
        }
        raising.into_iter().chain([expiring]).for_each(|thread| thread.join().unwrap());
        assert_eq!(floor(&replica), 7);
    });
}
