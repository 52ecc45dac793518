//! Writing: a bounded queue, and one task that empties it in batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::{Cmd, Pipeline, RedisError};
use rescind::lookup::CacheEntry;
use tokio::sync::{mpsc, watch};

use crate::is_the_connections;
use crate::layout::{key, value};
use crate::link::{Link, Live};

/// How many entries may wait. Beyond that they are dropped: an acknowledgement never waits for a cache.
const ROOM: usize = 4096;

/// How many entries are written in one round trip.
const BATCH: usize = 128;

/// Raises a version, prolongs a life, and does neither the other way round. Versions are compared as what they are
/// written as: a script's numbers are exact to 53 bits only. Whatever is no version gives way.
const RAISE: &str = "\
local new, life = ARGV[1], tonumber(ARGV[2])
local old = redis.call('GET', KEYS[1])
if not old then return redis.call('SET', KEYS[1], new, 'PX', life) end
if string.match(old, '^%d+$') and #old <= 19 and (#old > #new or (#old == #new and old > new)) then new = old end
local left = redis.call('PTTL', KEYS[1])
if left == -1 then return redis.call('SET', KEYS[1], new) end
if left > life then life = left end
return redis.call('SET', KEYS[1], new, 'PX', life)";

/// Where entries are handed over.
pub(crate) struct Queue {
    sender: mpsc::Sender<CacheEntry>,
    counts: Arc<Counts>,
}

/// The other end.
pub(crate) struct Waiting {
    receiver: mpsc::Receiver<CacheEntry>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    handed: AtomicU64,
    dropped: AtomicU64,
    settled: watch::Sender<u64>,
}

impl Queue {
    pub(crate) fn new() -> (Self, Waiting) {
        let (sender, receiver) = mpsc::channel(ROOM);
        let counts = Arc::new(Counts::default());
        (Self { sender, counts: Arc::clone(&counts) }, Waiting { receiver, counts })
    }

    pub(crate) fn add(&self, entries: Vec<CacheEntry>) {
        for entry in entries {
            self.counts.handed.fetch_add(1, Ordering::Relaxed);
            if self.sender.try_send(entry).is_err() {
                self.counts.note_dropped(1);
                self.counts.settle(1);
            }
        }
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.counts.dropped.load(Ordering::Relaxed)
    }

    pub(crate) async fn settled(&self) {
        let handed = self.counts.handed.load(Ordering::Relaxed);
        // An error means that the writer has ended, and nothing will come any more.
        let _ = self.counts.settled.subscribe().wait_for(|settled| *settled >= handed).await;
    }
}

impl Counts {
    fn note_dropped(&self, count: usize) {
        self.dropped.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn settle(&self, count: usize) {
        self.settled.send_modify(|settled| *settled += count as u64);
    }
}

/// Writes what is handed over, for ever. What cannot be written is dropped: the ledger has it.
pub(crate) async fn write(link: Arc<Link>, mut waiting: Waiting, limit: Duration) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.receiver.recv_many(&mut batch, BATCH).await > 0 {
        let written = match link.live() {
            Some(live) => write_batch(&link, &live, &batch, limit).await,
            None => 0,
        };
        waiting.counts.note_dropped(batch.len() - written);
        waiting.counts.settle(batch.len());
        batch.clear();
    }
}

/// How many of the batch were written.
async fn write_batch(link: &Link, live: &Arc<Live>, batch: &[CacheEntry], limit: Duration) -> usize {
    let mut pipeline = Pipeline::with_capacity(batch.len());
    for entry in batch {
        pipeline.add_command(command(entry));
    }
    let mut connection = live.connection();
    let answers = pipeline.ignore_errors().query_async::<Vec<Result<(), RedisError>>>(&mut connection);
    match tokio::time::timeout(limit, answers).await {
        Ok(Ok(answers)) => {
            if let Some(error) = answers.iter().filter_map(|answer| answer.as_ref().err()).next() {
                tracing::debug!(%error, "Redis did not take a mark");
                if is_the_connections(error) {
                    link.give_up(live, error);
                }
            }
            answers.iter().filter(|answer| answer.is_ok()).count()
        }
        Ok(Err(error)) => {
            if is_the_connections(&error) {
                link.give_up(live, &error);
            }
            0
        }
        Err(late) => {
            link.give_up(live, &late);
            0
        }
    }
}

fn command(entry: &CacheEntry) -> Cmd {
    let life = u64::try_from(entry.lifetime.as_millis()).unwrap_or(u64::MAX);
    // A lifetime of nothing at all would be refused.
    raise(&key(&entry.mark.identity), &value(&entry.mark), life.max(1))
}

/// Writes a value for so many milliseconds, or leaves what is more than that.
pub(crate) fn raise(key: &str, value: &str, life: u64) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(RAISE).arg(1).arg(key).arg(value).arg(life);
    command
}
