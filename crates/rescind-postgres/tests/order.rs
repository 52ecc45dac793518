//! A reader that has reached `seq` n has seen everything up to n, whoever is writing at the time.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod common;

use std::sync::Arc;

use common::open;
use rescind::audit::Actor;
use rescind::clock::Timestamp;
use rescind::ledger::{Cursor, Cut, CutTarget, Entry, Follow, LedgerStore as _, TokenKey};
use rescind::store::Provenance;
use rescind_postgres::PostgresStore;
use rescind_testkit::conformance::{Backend, World};
use rescind_testkit::postgres::own_database;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How many write at once, each with a store, and so with connections, of its own.
const WRITERS: u128 = 8;
/// How much each of them writes.
const CUTS: u128 = 150;

fn cut(jti: u128) -> Cut {
    let at = Timestamp::from_secs(1_800_000_000);
    Cut {
        target: CutTarget::Token { key: TokenKey::from(Uuid::from_u128(jti)), tenant: None, user: None },
        expires_at: at.plus(std::time::Duration::from_secs(900)),
        extends: false,
        reason: None,
        action: "token_revoked",
        by: Provenance { actor: Actor::System, ip: None, request_id: None, at },
    }
}

/// Reads on from a cursor, and never back.
struct Reader {
    store: Arc<PostgresStore>,
    cursor: Cursor,
    seen: Vec<Entry>,
}

impl Reader {
    fn new(store: &Arc<PostgresStore>) -> Self {
        Self { store: Arc::clone(store), cursor: Cursor::default(), seen: Vec::new() }
    }

    async fn read_on(&mut self) {
        match self.store.entries_after(self.cursor, 7).await.unwrap() {
            Follow::Entries(entries, cursor) => {
                self.seen.extend(entries);
                self.cursor = cursor;
            }
            Follow::OtherHistory => panic!("there is one history"),
        }
    }

    async fn read_to(&mut self, count: usize) {
        while self.seen.len() < count {
            self.read_on().await;
        }
    }
}

async fn whole(store: &PostgresStore) -> Vec<Entry> {
    match store.entries_after(Cursor::default(), 1_000_000).await.unwrap() {
        Follow::Entries(entries, _) => entries,
        Follow::OtherHistory => panic!("the beginning is of every history"),
    }
}

/// Tokens and users are cut by many at once, while somebody reads on: what was read, in the order in which it was read, is the
/// ledger.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_on_while_many_write_misses_nothing() {
    let database = own_database().await;
    let store = open(database.url()).await;
    let world = World::new(Backend::of(store.clone(), ())).await;
    let user = world.user("jane@example.com").await;
    let stop = CancellationToken::new();
    let reading = tokio::spawn({
        let (mut reader, stop) = (Reader::new(&store), stop.clone());
        async move {
            while !stop.is_cancelled() {
                reader.read_on().await;
            }
            reader
        }
    });
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = open(database.url()).await;
        let (tenant, id) = (user.tenant, user.id);
        writers.spawn(async move {
            for number in 0..CUTS {
                let target = CutTarget::User { tenant, user: id, spare: None };
                let cut = match number % 5 {
                    0 => Cut { target, ..cut(0) },
                    _ => cut((writer << 64) | (number + 1)),
                };
                assert!(store.cut(cut).await.unwrap().created);
            }
        });
    }
    writers.join_all().await;
    stop.cancel();
    let mut reader = reading.await.unwrap();
    let whole = whole(&store).await;
    assert_eq!(whole.len() as u128, WRITERS * CUTS);
    reader.read_to(whole.len()).await;
    assert_eq!(reader.seen, whole);
}

/// A transaction that has its number and is not committed keeps everybody else from being numbered after it, not only from
/// being seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_overtakes_one_who_has_a_number_and_is_not_committed() {
    let database = own_database().await;
    let store = open(database.url()).await;
    let mut reader = Reader::new(&store);
    store.cut(cut(1)).await.unwrap();
    let mut slow = database.connect().await;
    let held = slow.transaction().await.unwrap();
    let turn =
        "SELECT pg_advisory_xact_lock(1919251301, ('head'::regclass::oid::bigint & 2147483647)::integer)";
    held.query(turn, &[]).await.unwrap();
    held.batch_execute(
        "UPDATE head SET seq = 2, tag = decode(repeat('07', 16), 'hex');
         INSERT INTO ledger (seq, kind, key, spelled, expires_at, revoked_at, revoked_by)
         SELECT 2, kind, decode(repeat('09', 16), 'hex'), spelled, expires_at, revoked_at, revoked_by FROM ledger;
         INSERT INTO batches VALUES (2, decode(repeat('07', 16), 'hex'), 0)",
    )
    .await
    .unwrap();
    let mut others = JoinSet::new();
    for number in 2..6 {
        let store = Arc::clone(&store);
        others.spawn(async move { store.cut(cut(number)).await.unwrap().entry.seq });
    }
    // All of them wait for the turn, and whoever reads meanwhile sees what was there before.
    let waiting = database.connect().await;
    let count = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database =
                 (SELECT oid FROM pg_database WHERE datname = current_database())";
    while waiting.query_one(count, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::task::yield_now().await;
    }
    reader.read_on().await;
    assert_eq!(reader.seen.len(), 1);
    assert_eq!(others.try_join_next().map(|_| ()), None, "nobody is acknowledged");
    held.commit().await.unwrap();
    let mut numbers = others.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, [3, 4, 5, 6]);
    reader.read_to(6).await;
    assert_eq!(reader.seen, whole(&store).await);
}

/// One that waits for something else has no number yet, and keeps nobody waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_waits_for_a_user_keeps_nobody_waiting() {
    let database = own_database().await;
    let store = open(database.url()).await;
    let world = World::new(Backend::of(store.clone(), ())).await;
    let user = world.user("jane@example.com").await;
    let mut slow = database.connect().await;
    let held = slow.transaction().await.unwrap();
    held.query("SELECT 1 FROM users WHERE id = $1 FOR UPDATE", &[&user.id.0]).await.unwrap();
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        let target = CutTarget::User { tenant: user.tenant, user: user.id, spare: None };
        async move { store.cut(Cut { target, ..cut(0) }).await.unwrap().entry.seq }
    });
    let mut reader = Reader::new(&store);
    for number in 1..=5 {
        store.cut(cut(number)).await.unwrap();
    }
    reader.read_to(5).await;
    held.commit().await.unwrap();
    assert_eq!(waiting.await.unwrap(), 6);
    reader.read_to(6).await;
    assert_eq!(reader.seen, whole(&store).await);
}
