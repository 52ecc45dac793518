//! Many calls, one transaction, one commit: what is asked for most often waits for company while another batch is under way.

mod cuts;
mod rotations;

use std::sync::Arc;
use std::time::Duration;

use rescind::store::StoreError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::Inner;
use crate::error::{Fault, Outcome};
use crate::tx::{TRIES, told};

pub(crate) use cuts::Cuts;
pub(crate) use rotations::Rotations;

/// Something that many may ask for in one transaction.
pub(crate) trait Grouped: 'static {
    /// What one caller asks for.
    type Item: Send + Sync + 'static;
    /// What it is answered.
    type Answer: Send + 'static;
    /// The most that share a transaction.
    const BATCH: usize;
    /// How many batches may be under way at once.
    const LANES: usize;

    /// Does what is asked, in one transaction that is committed when this returns, and answers each in its place. One without
    /// an answer was not done, and is to be done by itself.
    fn run<'a>(
        inner: &'a Inner,
        items: &'a [Self::Item],
    ) -> impl Future<Output = Outcome<Vec<Option<Self::Answer>>>> + Send + 'a;
}

/// The handle on those who do it.
pub(crate) struct Group<G: Grouped> {
    calls: mpsc::Sender<Call<G>>,
    patience: Duration,
}

struct Call<G: Grouped> {
    item: G::Item,
    done: oneshot::Sender<Done<G>>,
}

/// What was asked, given back, and the answer.
type Done<G> = Result<(<G as Grouped>::Item, Option<<G as Grouped>::Answer>), StoreError>;

impl<G: Grouped> Group<G> {
    /// Starts on the runtime; ends when the handle and all who ask are gone.
    pub(crate) fn start(inner: &Arc<Inner>, queue: usize) -> Self {
        let (calls, waiting) = mpsc::channel(queue.max(1));
        tokio::spawn(serve::<G>(Arc::clone(inner), waiting));
        Self { calls, patience: inner.patience }
    }

    /// Asks, and waits until it is committed, but no longer than anybody should. Whoever stops waiting undoes nothing.
    pub(crate) async fn ask(&self, item: G::Item) -> Done<G> {
        let (done, answer) = oneshot::channel();
        self.calls.try_send(Call { item, done }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        // A server that hangs keeps those at the end of the queue waiting for all the batches before them.
        match tokio::time::timeout(self.patience, answer).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(closed())),
            Err(_) => Err(StoreError::Unavailable(format!("no answer within {:?}", self.patience))),
        }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store was closed, or failed at this".to_owned())
}

async fn serve<G: Grouped>(inner: Arc<Inner>, mut waiting: mpsc::Receiver<Call<G>>) {
    let mut lanes = JoinSet::new();
    loop {
        // Whoever comes while every lane is busy shares the next batch.
        while lanes.len() >= G::LANES {
            lanes.join_next().await;
        }
        let Some(first) = waiting.recv().await else { break };
        // Those who are about to ask do so first: alone it would cost a whole transaction that they wait for.
        tokio::task::yield_now().await;
        let mut calls = vec![first];
        while calls.len() < G::BATCH
            && let Ok(next) = waiting.try_recv()
        {
            calls.push(next);
        }
        lanes.spawn(batch(Arc::clone(&inner), calls));
        while lanes.try_join_next().is_some() {}
    }
    while lanes.join_next().await.is_some() {}
}

async fn batch<G: Grouped>(inner: Arc<Inner>, calls: Vec<Call<G>>) {
    let (items, waiting): (Vec<_>, Vec<_>) = calls.into_iter().map(|call| (call.item, call.done)).unzip();
    let answers = match crate::in_time(inner.patience, attempts::<G>(&inner, &items)).await {
        Ok(answers) => {
            inner.commits.committed(items.len());
            answers
        }
        // What is wrong with one of them, by itself, is found by itself.
        Err(StoreError::Conflict | StoreError::Corrupt(_)) => items.iter().map(|_| None).collect(),
        Err(error) => {
            tracing::debug!(%error, items = items.len(), "a batch was not committed");
            inner.note(&error, items.len());
            for done in waiting {
                let _ = done.send(Err(error.clone()));
            }
            return;
        }
    };
    for ((item, answer), done) in items.into_iter().zip(answers).zip(waiting) {
        // Nobody may be waiting any more.
        let _ = done.send(Ok((item, answer)));
    }
}

async fn attempts<G: Grouped>(inner: &Inner, items: &[G::Item]) -> Outcome<Vec<Option<G::Answer>>> {
    let mut tries = TRIES;
    loop {
        tries -= 1;
        match G::run(inner, items).await {
            Err(Fault::Again) if tries > 0 => {}
            Err(Fault::Again) => return Err(Fault::Store(told(Fault::Again))),
            done => return done,
        }
    }
}
