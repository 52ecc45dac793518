//! The one thread that writes. It commits all that is waiting in one transaction, and answers after the commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rescind::entropy::{Entropy, random_bytes};
use rescind::store::StoreError;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::{Fault, Outcome};

/// The most jobs that share one transaction.
const BATCH: usize = 256;

/// A job's view of the transaction that it is part of.
pub(crate) struct Tx<'c> {
    conn: &'c Connection,
    entropy: &'c dyn Entropy,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(conn: &'c Connection, entropy: &'c dyn Entropy) -> Self {
        Self { conn, entropy }
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        self.entropy
    }
}

impl std::ops::Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.conn
    }
}

/// The handle on the writing thread.
pub(crate) struct Writer {
    sender: Sender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread on a connection of its own.
    pub(crate) fn start(
        conn: Connection,
        entropy: Arc<dyn Entropy>,
        queue: usize,
    ) -> Result<Self, StoreError> {
        let (sender, receiver) = bounded(queue);
        let thread = std::thread::Builder::new()
            .name("rescind-writer".to_owned())
            .spawn(move || serve(&conn, &*entropy, &receiver))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { sender, thread: Mutex::new(Some(thread)) })
    }

    /// Runs `job` in a transaction, and returns what it did after the commit. A caller that stops waiting undoes nothing.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, done) = oneshot::channel();
        let job: Job = Box::new(move |tx| {
            let outcome = tx.and_then(|tx| job(tx).map_err(|Fault(error)| error));
            let keep = outcome.is_ok();
            let reply: Reply = Box::new(move |committed: Result<(), StoreError>| {
                // Nobody may be waiting any more.
                let _ = answer.send(committed.and(outcome));
            });
            (keep, reply)
        });
        self.sender.try_send(Message::Job(job)).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => closed(),
        })?;
        done.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Finishes what is queued, then ends the thread.
    pub(crate) fn close(&self) {
        let thread = self.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = self.sender.send(Message::Stop);
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// What is said where an answer never comes: the store was closed, or the job panicked.
pub(crate) fn closed() -> StoreError {
    StoreError::Unavailable("the store was closed, or failed at this".to_owned())
}

enum Message {
    Job(Job),
    Stop,
}

/// Returns whether what it did is to be kept, and how to answer after the commit. It is handed the reason instead where
/// there is no transaction to run in.
type Job = Box<dyn FnOnce(Result<&Tx<'_>, StoreError>) -> (bool, Reply) + Send>;
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

fn serve(conn: &Connection, entropy: &dyn Entropy, queue: &Receiver<Message>) {
    while let Ok(Message::Job(first)) = queue.recv() {
        let mut jobs = vec![first];
        let mut stop = false;
        while jobs.len() < BATCH && !stop {
            match queue.try_recv() {
                Ok(Message::Job(job)) => jobs.push(job),
                Ok(Message::Stop) => stop = true,
                Err(_) => break,
            }
        }
        run_batch(&Tx::new(conn, entropy), jobs);
        if stop {
            break;
        }
    }
}

fn run_batch(tx: &Tx<'_>, jobs: Vec<Job>) {
    let mut replies = Vec::with_capacity(jobs.len());
    let committed = commit(tx, jobs, &mut replies).map_err(|Fault(error)| {
        tracing::warn!(%error, jobs = replies.len(), "a batch was not committed");
        match error {
            StoreError::Corrupt(_) => error,
            other => StoreError::Unavailable(other.to_string()),
        }
    });
    if committed.is_err() && !tx.is_autocommit() {
        // Where SQLite has rolled back by itself, this is refused, which is as well.
        let _ = tx.execute_batch("ROLLBACK");
    }
    for reply in replies {
        reply(committed.clone());
    }
}

/// Everything of a batch but the answers. On failure nothing of it stays.
fn commit(tx: &Tx<'_>, jobs: Vec<Job>, replies: &mut Vec<Reply>) -> Outcome<()> {
    let mut begun = execute(tx, "BEGIN IMMEDIATE").and_then(|()| last_seq(tx));
    for job in jobs {
        match &begun {
            Ok(_) => {
                if let Err(fault) = run_job(tx, job, replies) {
                    begun = Err(fault);
                }
            }
            Err(Fault(error)) => replies.push(job(Err(error.clone())).1),
        }
    }
    seal_batch(tx, begun?)?;
    execute(tx, "COMMIT")
}

/// Runs one job under a savepoint of its own, so that one that fails cannot fail the others.
fn run_job(tx: &Tx<'_>, job: Job, replies: &mut Vec<Reply>) -> Outcome<()> {
    execute(tx, "SAVEPOINT job")?;
    match catch_unwind(AssertUnwindSafe(|| job(Ok(tx)))) {
        Ok((true, reply)) => {
            replies.push(reply);
            execute(tx, "RELEASE job")
        }
        Ok((false, reply)) => {
            replies.push(reply);
            undo_job(tx)
        }
        // Its sender went down with it: whoever waits is told that no answer came.
        Err(_) => {
            tracing::error!("a write panicked; it was undone");
            undo_job(tx)
        }
    }
}

fn undo_job(tx: &Tx<'_>) -> Outcome<()> {
    if tx.is_autocommit() {
        // A full disk or an I/O error makes SQLite roll back the whole transaction by itself.
        return Err(Fault(StoreError::Unavailable("the transaction was rolled back".to_owned())));
    }
    execute(tx, "ROLLBACK TO job")?;
    execute(tx, "RELEASE job")
}

/// Leaves the batch's tag, if the batch wrote entries.
pub(crate) fn seal_batch(tx: &Tx<'_>, before: i64) -> Outcome<()> {
    let seq = last_seq(tx)?;
    if seq == before {
        return Ok(());
    }
    let tag: [u8; 16] = random_bytes(tx.entropy());
    tx.prepare_cached(
        "INSERT INTO batches (last_seq, tag, at) SELECT seq, ?2, revoked_at FROM ledger WHERE seq = ?1",
    )?
    .execute((seq, tag))?;
    tx.prepare_cached("UPDATE head SET tag = ?1 WHERE id = 1")?.execute((tag,))?;
    Ok(())
}

pub(crate) fn last_seq(tx: &Tx<'_>) -> Outcome<i64> {
    Ok(tx.prepare_cached("SELECT seq FROM head WHERE id = 1")?.query_row((), |row| row.get(0))?)
}

fn execute(tx: &Tx<'_>, sql: &str) -> Outcome<()> {
    tx.prepare_cached(sql)?.execute(())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use rescind::system::SystemEntropy;

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

    fn insert(n: i64) -> impl FnOnce(&Tx<'_>) -> Outcome<i64> + Send + 'static {
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
        let jobs = async {
            tokio::join!(fixture.writer.run(insert(1)), refused, twice, fixture.writer.run(insert(4)))
        };
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
    async fn a_full_disk_is_unavailable_and_changes_nothing() {
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
        assert_eq!(outcome, Err(StoreError::Unavailable("database or disk is full".to_owned())));
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
}
