//! Following the ledger.

use std::sync::Arc;

use rescind::ledger::{Cursor, CutTarget, Entry, Follow, Head, PlacedMark, PurgeRequest, TokenKey};

use super::{Backend, World};

fn token(world: &World) -> CutTarget {
    CutTarget::Token { key: TokenKey::from(world.id()), tenant: None, user: None }
}

async fn follow(world: &World, cursor: Cursor, limit: u32) -> (Vec<Entry>, Cursor) {
    match world.store.entries_after(cursor, limit).await.unwrap() {
        Follow::Entries(entries, cursor) => (entries, cursor),
        Follow::OtherHistory => panic!("{cursor} is of this history"),
    }
}

async fn marks(world: &World, cursor: Cursor, limit: u32) -> (Vec<PlacedMark>, Cursor) {
    match world.store.marks_after(cursor, limit).await.unwrap() {
        Follow::Entries(marks, cursor) => (marks, cursor),
        Follow::OtherHistory => panic!("{cursor} is of this history"),
    }
}

async fn is_other(world: &World, cursor: Cursor) -> bool {
    let of_entries = world.store.entries_after(cursor, 10).await.unwrap() == Follow::OtherHistory;
    let of_marks = world.store.marks_after(cursor, 10).await.unwrap() == Follow::OtherHistory;
    assert_eq!(of_entries, of_marks, "{cursor}");
    of_entries
}

/// And whoever stands there hears of the first entry.
pub async fn the_head_of_nothing_is_the_beginning(backend: Backend) {
    let world = World::empty(backend);
    assert_eq!(timeless_head(&world).await, Head::default());
    assert_eq!(follow(&world, Cursor::default(), 10).await, (Vec::new(), Cursor::default()));
    let entry = world.cut(token(&world)).await.entry;
    let (entries, cursor) = follow(&world, Cursor::default(), 10).await;
    assert_eq!(entries, [entry]);
    assert_eq!(world.store.head().await.unwrap().cursor, cursor);
    assert_eq!(follow(&world, cursor, 10).await, (Vec::new(), cursor));
}

/// Without a gap, whoever writes them at once.
pub async fn entries_come_in_order_and_in_pages(backend: Backend) {
    let world = Arc::new(World::new(backend).await);
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let world = Arc::clone(&world);
        writers.spawn(async move { world.cut(token(&world)).await.entry });
    }
    let mut written = writers.join_all().await;
    written.sort_by_key(|entry| entry.seq);
    assert_eq!(written.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (1..=50).collect::<Vec<_>>());
    for limit in [1, 7, 50, 51] {
        let (mut read, mut cursor) = (Vec::new(), Cursor::default());
        loop {
            let (entries, reached) = follow(&world, cursor, limit).await;
            let more = entries.len() == limit as usize;
            read.extend(entries);
            cursor = reached;
            if !more {
                break;
            }
        }
        assert_eq!(read, written);
        assert_eq!(cursor, world.store.head().await.unwrap().cursor);
    }
}

/// A page ends where it ends, in the midst of what was committed at once.
pub async fn a_cursor_within_a_batch_goes_on(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    for _ in 0..3 {
        world.open(&user).await;
    }
    let mut opening = world.opening(&user);
    opening.max_sessions = 1;
    let displaced = world.store.open(opening).await.unwrap().entries;
    assert_eq!(displaced.len(), 3);
    let (first, cursor) = follow(&world, Cursor::default(), 1).await;
    assert_eq!((first.as_slice(), cursor.seq), (&displaced[..1], 1));
    world.cut(token(&world)).await;
    let (rest, _) = follow(&world, cursor, 2).await;
    assert_eq!(rest, displaced[1..]);
}

/// Within a batch or at its end, whoever has seen a mark goes on after it.
pub async fn every_mark_has_the_cursor_of_its_own_place(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    for _ in 0..3 {
        world.open(&user).await;
    }
    world.cut(token(&world)).await;
    let mut opening = world.opening(&user);
    opening.max_sessions = 1;
    assert_eq!(world.store.open(opening).await.unwrap().entries.len(), 3);
    world.cut(token(&world)).await;
    world.cut(token(&world)).await;

    let written = world.ledger().await;
    for limit in [1, 2, 3, 6, 7] {
        let (mut read, mut cursor) = (Vec::new(), Cursor::default());
        while read.len() < written.len() {
            let (page, reached) = marks(&world, cursor, limit).await;
            assert!(page.len() <= limit as usize);
            assert_eq!(reached, page.last().unwrap().cursor);
            read.extend(page);
            cursor = reached;
        }
        assert_eq!(marks(&world, cursor, limit).await, (Vec::new(), cursor));
        for (at, (placed, entry)) in read.iter().zip(&written).enumerate() {
            assert_eq!((placed.cursor.seq, &placed.mark), (entry.seq, &entry.mark));
            assert_eq!(follow(&world, placed.cursor, 10).await.0, written[at + 1..]);
            assert_eq!(marks(&world, placed.cursor, 10).await.0.len(), written.len() - at - 1);
        }
    }
}

/// Anything else at a place that was reached.
pub async fn a_cursor_of_another_history_is_told(backend: Backend) {
    let world = World::new(backend).await;
    world.cut(token(&world)).await;
    world.cut(token(&world)).await;
    let head = world.store.head().await.unwrap().cursor;
    for seq in [0, 1, 2] {
        assert!(is_other(&world, Cursor { seq, tag: [7; 16] }).await, "{seq}");
    }
    assert!(is_other(&world, Cursor { seq: 1, ..head }).await, "the tag of another batch");
    assert!(is_other(&world, Cursor { seq: -1, ..head }).await);
    assert!(!is_other(&world, head).await);
}

/// The store lost commits, or is another.
pub async fn a_cursor_ahead_of_the_head_is_told(backend: Backend) {
    let world = World::new(backend).await;
    assert!(is_other(&world, Cursor { seq: 1, tag: [7; 16] }).await);
    world.cut(token(&world)).await;
    let head = world.store.head().await.unwrap().cursor;
    assert!(is_other(&world, Cursor { seq: head.seq + 1, ..head }).await);
    assert!(is_other(&world, Cursor { seq: i64::MAX, ..head }).await);
}

/// But whoever has seen everything that was purged goes on, and a walk from the beginning always ends.
pub async fn a_cursor_that_was_purged_past_is_told(backend: Backend) {
    let world = World::new(backend).await;
    world.cut(token(&world)).await;
    let first = world.store.head().await.unwrap().cursor;
    world.cut(token(&world)).await;
    let mut lasting = world.cutting(token(&world));
    lasting.expires_at = rescind::clock::Timestamp::MAX;
    let lasting = world.store.cut(lasting).await.unwrap().entry;
    let third = world.store.head().await.unwrap().cursor;
    world.cut(token(&world)).await;
    let last = world.store.head().await.unwrap().cursor;
    world.pass_secs(3600);
    let request = PurgeRequest { before: world.now(), limit: 100, dry_run: false, by: world.by() };
    assert_eq!(world.store.purge(request).await.unwrap().purged, 3);
    assert!(is_other(&world, first).await);
    assert_eq!(follow(&world, last, 10).await, (Vec::new(), last));
    let (left, cursor) = follow(&world, Cursor::default(), 1).await;
    assert_eq!((left, cursor), (vec![lasting], third));
    assert_eq!(follow(&world, cursor, 1).await, (Vec::new(), last));
    let next = world.cut(token(&world)).await.entry;
    assert_eq!(follow(&world, last, 10).await.0, [next]);
}

/// And with it every cursor.
pub async fn a_restart_keeps_the_history(backend: Backend) {
    let mut world = World::new(backend).await;
    world.cut(token(&world)).await;
    let first = world.store.head().await.unwrap();
    let second = world.cut(token(&world)).await.entry;
    let head = timeless_head(&world).await;
    world.restart().await;
    assert_eq!(timeless_head(&world).await, head);
    assert_eq!(follow(&world, first.cursor, 10).await, (vec![second], head.cursor));
}

/// Without the store's own clock, which goes on.
async fn timeless_head(world: &World) -> Head {
    Head { store_time: None, ..world.store.head().await.unwrap() }
}
