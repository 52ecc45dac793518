use std::sync::mpsc;
use std::time::Duration;

use rescind::system::SystemEntropy;

use rescind::store::StoreError;
use rusqlite::Connection;

use super::*;
use crate::open::{connect, make_private};

struct Fixture {
    dir: tempfile::TempDir,
    writer: Writer,
}

/// A writer on a file with one table of numbers, and a parent table that nothing is in.
fn fixture(queue: usize, prepare: impl FnOnce(&Connection)) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    make_private(&path).unwrap();
    let conn = connect(&path, Duration::from_millis(50)).unwrap();
    crate::migrate::run_migrations(&conn).unwrap();
    conn.execute_batch(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY);
         CREATE TABLE numbers (n INTEGER UNIQUE, parent REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
    )
    .unwrap();
    prepare(&conn);
    Fixture { dir, writer: Writer::start(conn, Arc::new(SystemEntropy), queue).unwrap() }
}

impl Fixture {
    fn numbers(&self) -> Vec<i64> {
        let conn = Connection::open(self.dir.path().join("db")).unwrap();
        let mut statement = conn.prepare("SELECT n FROM numbers ORDER BY n").unwrap();
        statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Keeps the writer busy until the sender is dropped, so that what follows is one batch.
    fn hold(&self) -> (mpsc::Sender<()>, impl Future<Output = Result<(), StoreError>>) {
        let (release, held) = mpsc::channel::<()>();
        let (begun, began) = mpsc::channel();
        let mut holding = Box::pin(self.writer.run(move |_| {
            let _ = begun.send(());
            let _ = held.recv();
            Ok(())
        }));
        poll_once(&mut holding);
        began.recv().unwrap();
        (release, holding)
    }
}

fn insert(n: i64) -> impl Fn(&Tx<'_>) -> Outcome<i64> + Send + 'static {
    move |tx| {
        tx.execute("INSERT INTO numbers (n) VALUES (?1)", (n,))?;
        Ok(n)
    }
}

fn poll_once<F: Future + Unpin>(future: &mut F) {
    let waker = std::task::Waker::noop();
    let _ = std::pin::Pin::new(future).poll(&mut std::task::Context::from_waker(waker));
}

fn is_unavailable<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Unavailable(_)))
}

#[tokio::test]
async fn a_job_that_fails_does_not_fail_its_batch() {
    let fixture = fixture(16, |_| {});
    let (release, held) = fixture.hold();
    let refused = fixture.writer.run(|tx| {
        insert(2)(tx)?;
        Err::<(), _>(StoreError::Forbidden.into())
    });
    let twice = fixture.writer.run(|tx| {
        insert(3)(tx)?;
        insert(1)(tx)
    });
    let jobs =
        async { tokio::join!(fixture.writer.run(insert(1)), refused, twice, fixture.writer.run(insert(4))) };
    let mut jobs = Box::pin(jobs);
    poll_once(&mut jobs);
    drop(release);
    let (first, refused, twice, last) = jobs.await;
    assert_eq!((first, last), (Ok(1), Ok(4)));
    assert_eq!(refused, Err(StoreError::Forbidden));
    assert_eq!(twice, Err(StoreError::Conflict));
    assert_eq!(held.await, Ok(()));
    assert_eq!(fixture.numbers(), [1, 4]);
}

#[tokio::test]
async fn a_panic_undoes_its_own_job_only() {
    let fixture = fixture(16, |_| {});
    let (release, held) = fixture.hold();
    let panics = fixture.writer.run(|tx| {
        insert(1)(tx)?;
        panic!("a job that panics")
    });
    let mut jobs = Box::pin(async { tokio::join!(panics, fixture.writer.run(insert(2))) });
    poll_once(&mut jobs);
    drop(release);
    let (panicked, second): (Result<(), _>, _) = jobs.await;
    assert!(is_unavailable(&panicked), "{panicked:?}");
    assert_eq!((second, held.await), (Ok(2), Ok(())));
    assert_eq!(fixture.writer.run(insert(3)).await, Ok(3));
    assert_eq!(fixture.numbers(), [2, 3]);
}

#[tokio::test]
async fn a_commit_that_fails_is_acknowledged_to_nobody() {
    let fixture = fixture(16, |_| {});
    let (release, held) = fixture.hold();
    let orphan = fixture.writer.run(|tx| {
        tx.execute("INSERT INTO numbers VALUES (1, 99)", ())?;
        Ok(())
    });
    let mut jobs = Box::pin(async { tokio::join!(orphan, fixture.writer.run(insert(2))) });
    poll_once(&mut jobs);
    drop(release);
    let (orphan, innocent) = jobs.await;
    assert!(is_unavailable(&orphan) && is_unavailable(&innocent), "{orphan:?} {innocent:?}");
    assert_eq!(held.await, Ok(()), "it was of the batch before");
    assert_eq!(fixture.numbers(), [] as [i64; 0]);
    assert_eq!(fixture.writer.run(insert(2)).await, Ok(2), "and the next batch begins afresh");
}

#[tokio::test]
async fn a_full_disk_is_told_and_changes_nothing() {
    let fixture = fixture(16, |conn| {
        let pages: i64 = conn.query_row("PRAGMA page_count", (), |row| row.get(0)).unwrap();
        conn.query_row(&format!("PRAGMA max_page_count = {}", pages + 2), (), |_| Ok(())).unwrap();
    });
    let large = fixture.writer.run(|tx| {
        insert(1)(tx)?;
        tx.execute("CREATE TABLE large AS SELECT zeroblob(1000000)", ())?;
        Ok(())
    });
    let outcome = large.await;
    assert_eq!(outcome, Err(StoreError::TakesNoWrites("database or disk is full".to_owned())));
    assert_eq!(fixture.writer.run(insert(2)).await, Ok(2));
    assert_eq!(fixture.numbers(), [2]);
}

#[tokio::test]
async fn beyond_the_queue_is_overloaded() {
    let fixture = fixture(2, |_| {});
    let (release, held) = fixture.hold();
    let mut waiting =
        Box::pin(async { tokio::join!(fixture.writer.run(insert(1)), fixture.writer.run(insert(2))) });
    poll_once(&mut waiting);
    assert_eq!(fixture.writer.run(insert(3)).await, Err(StoreError::Overloaded));
    drop(release);
    assert_eq!(waiting.await, (Ok(1), Ok(2)));
    assert_eq!(held.await, Ok(()));
    assert_eq!(fixture.numbers(), [1, 2]);
}

#[tokio::test]
async fn a_caller_that_leaves_undoes_nothing_and_closing_finishes_the_queue() {
    let fixture = fixture(16, |_| {});
    let (release, held) = fixture.hold();
    let mut leaving = Box::pin(fixture.writer.run(insert(1)));
    poll_once(&mut leaving);
    drop(leaving);
    drop(held);
    drop(release);
    fixture.writer.close();
    assert_eq!(fixture.numbers(), [1]);
    assert!(is_unavailable(&fixture.writer.run(insert(2)).await));
}

#[tokio::test]
async fn another_process_that_keeps_writing_is_unavailable_until_it_is_done() {
    let fixture = fixture(16, |_| {});
    let other = Connection::open(fixture.dir.path().join("db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(is_unavailable(&fixture.writer.run(insert(1)).await));
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(fixture.writer.run(insert(1)).await, Ok(1));
}
