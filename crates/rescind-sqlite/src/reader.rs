//! A few threads that read, each on a connection of its own, each job in one read transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rescind::store::StoreError;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::{Fault, Outcome};
use crate::writer::closed;

/// The handle on the reading threads.
pub(crate) struct Readers {
    sender: Sender<Message>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    count: usize,
    busy: Arc<AtomicUsize>,
}

impl Readers {
    /// Starts one thread on each connection.
    pub(crate) fn start(connections: Vec<Connection>, queue: usize) -> Result<Self, StoreError> {
        let (sender, receiver) = bounded(queue);
        let busy = Arc::new(AtomicUsize::new(0));
        let readers = Self { sender, threads: Mutex::new(Vec::new()), count: connections.len(), busy };
        for conn in connections {
            let (receiver, busy) = (receiver.clone(), Arc::clone(&readers.busy));
            let thread = std::thread::Builder::new()
                .name("rescind-reader".to_owned())
                .spawn(move || serve(&conn, &receiver, &busy))
                .map_err(|error| StoreError::Unavailable(error.to_string()))?;
            readers.lock().push(thread);
        }
        Ok(readers)
    }

    /// Runs `job` on a consistent state of the store that is not older than this call.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, done) = oneshot::channel();
        let job: Job = Box::new(move |conn| {
            let outcome = conn
                .unchecked_transaction()
                .map_err(Fault::from)
                .and_then(|snapshot| job(&snapshot))
                .map_err(|Fault(error)| error);
            let _ = answer.send(outcome);
        });
        self.sender.try_send(Message::Job(job)).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => closed(),
        })?;
        done.await.unwrap_or_else(|_| Err(closed()))
    }

    /// How many threads there are, how many of them read, and how many jobs wait for one.
    pub(crate) fn load(&self) -> (usize, usize, usize) {
        (self.count, self.busy.load(Ordering::Relaxed), self.sender.len())
    }

    /// Finishes what is queued, then ends the threads.
    pub(crate) fn close(&self) {
        let threads = std::mem::take(&mut *self.lock());
        for _ in &threads {
            let _ = self.sender.send(Message::Stop);
        }
        for thread in threads {
            let _ = thread.join();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.close();
    }
}

enum Message {
    Job(Job),
    Stop,
}

type Job = Box<dyn FnOnce(&Connection) + Send>;

fn serve(conn: &Connection, queue: &Receiver<Message>, busy: &AtomicUsize) {
    while let Ok(Message::Job(job)) = queue.recv() {
        busy.fetch_add(1, Ordering::Relaxed);
        if catch_unwind(AssertUnwindSafe(|| job(conn))).is_err() {
            tracing::error!("a read panicked");
        }
        busy.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    type Read = dyn FnOnce(&Connection) -> Outcome<i64> + Send;

    fn readers(queue: usize) -> Readers {
        Readers::start(vec![Connection::open_in_memory().unwrap()], queue).unwrap()
    }

    fn one(conn: &Connection) -> Outcome<i64> {
        Ok(conn.query_row("SELECT 1", (), |row| row.get(0))?)
    }

    #[tokio::test]
    async fn a_panic_costs_the_one_who_asked_only() {
        let readers = readers(4);
        let panicked: Result<(), _> = readers.run(|_| panic!("a read that panics")).await;
        assert!(matches!(panicked, Err(StoreError::Unavailable(_))), "{panicked:?}");
        assert_eq!(readers.run(one).await, Ok(1));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn beyond_the_queue_is_overloaded_and_closing_finishes_the_queue() {
        let readers = std::sync::Arc::new(readers(1));
        let (release, held) = mpsc::channel::<()>();
        let (begun, began) = mpsc::channel();
        let ask = |job: Box<Read>| {
            let readers = std::sync::Arc::clone(&readers);
            tokio::spawn(async move { readers.run(job).await })
        };
        let holding = ask(Box::new(move |conn| {
            let _ = begun.send(());
            let _ = held.recv();
            one(conn)
        }));
        began.recv().unwrap();
        let waiting = ask(Box::new(one));
        let overloaded = loop {
            // Whether the one that waits has come to the queue is not ours to say.
            if readers.sender.is_full() {
                break readers.run(one).await;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(overloaded, Err(StoreError::Overloaded));
        drop(release);
        readers.close();
        assert_eq!((holding.await.unwrap(), waiting.await.unwrap()), (Ok(1), Ok(1)));
        assert!(matches!(readers.run(one).await, Err(StoreError::Unavailable(_))));
    }
}
