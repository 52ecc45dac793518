//! The one thread that writes. It commits all that is waiting in one transaction, and answers after the commit.

mod batch;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rescind::entropy::Entropy;
use rescind::store::{CommitTally, StoreError};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::{Fault, Outcome};

pub(crate) use batch::{last_seq, seal_batch};

/// The most jobs that share one transaction.
const BATCH: usize = 256;

/// A job's view of the transaction that it is part of.
pub(crate) struct Tx<'c> {
    conn: &'c Connection,
    entropy: &'c dyn Entropy,
    /// The furthest `exp` that is known to be in the head, so that it is not written with every token.
    pub(crate) horizon: Cell<i64>,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(conn: &'c Connection, entropy: &'c dyn Entropy) -> Self {
        Self { conn, entropy, horizon: Cell::new(0) }
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
    work: Arc<Work>,
}

/// What the thread does, for whoever watches.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) commits: CommitTally,
    busy: AtomicBool,
}

impl Writer {
    /// Starts the thread on a connection of its own.
    pub(crate) fn start(
        conn: Connection,
        entropy: Arc<dyn Entropy>,
        queue: usize,
    ) -> Result<Self, StoreError> {
        let (sender, receiver) = bounded(queue);
        let work = Arc::new(Work::default());
        let own = Arc::clone(&work);
        let thread = std::thread::Builder::new()
            .name("rescind-writer".to_owned())
            .spawn(move || serve(&conn, &*entropy, &receiver, &own))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { sender, thread: Mutex::new(Some(thread)), work })
    }

    /// What the thread does.
    pub(crate) fn work(&self) -> &Work {
        &self.work
    }

    /// How many jobs wait.
    pub(crate) fn waiting(&self) -> usize {
        self.sender.len()
    }

    /// Runs `work` in a transaction, and returns what it did after the commit. It may be run again, after what it did was
    /// undone because of another. A caller that stops waiting undoes nothing.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Fn(&Tx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, done) = oneshot::channel();
        let job = Box::new(Call { work, outcome: None, answer });
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

impl Work {
    /// Whether a batch is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }
}

enum Message {
    Job(Box<dyn Job>),
    Stop,
}

/// Something to be done in a transaction, and somebody who waits for it.
trait Job: Send {
    /// Does it. Whether what was done is to be kept.
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    /// Why it did not succeed.
    fn failure(&self) -> Option<&StoreError>;
    /// Tells whoever waits, after the commit.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Call<W, T> {
    work: W,
    outcome: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<W: Fn(&Tx<'_>) -> Outcome<T> + Send, T: Send> Job for Call<W, T> {
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        // It stays so if the work panics: whoever waits is told that no answer came.
        self.outcome = None;
        let outcome = (self.work)(tx).map_err(|Fault(error)| error);
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn failure(&self) -> Option<&StoreError> {
        self.outcome.as_ref()?.as_ref().err()
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        // Nobody may be waiting any more.
        let _ = match (committed, self.outcome) {
            (Err(error), _) => self.answer.send(Err(error)),
            (Ok(()), Some(outcome)) => self.answer.send(outcome),
            (Ok(()), None) => Ok(()),
        };
    }
}

fn serve(conn: &Connection, entropy: &dyn Entropy, queue: &Receiver<Message>, work: &Work) {
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
        work.busy.store(true, Ordering::Relaxed);
        batch::run(&Tx::new(conn, entropy), jobs, &work.commits);
        work.busy.store(false, Ordering::Relaxed);
        if stop {
            break;
        }
    }
}
