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
