//! How a verifier is doing: for metrics, and for whoever looks after it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rescind::clock::Timestamp;
use rescind::ledger::Cursor;

use crate::trouble::Trouble;

/// How a verifier is doing, as of the asking. Counts are since the start.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # // Nobody listens there: the authority is down.
/// # let remote = rescind_remote::Remote::builder("http://127.0.0.1:9")
/// #     .client("gateway", "rcs_secret")
/// #     .issuer("https://auth.example")
/// #     .start()
/// #     .await?;
/// let status = remote.status();
/// // What a dashboard shows: how old the knowledge is, and why.
/// assert!(!status.connected);
/// println!("{:?} {:?}", status.as_of, status.feed_trouble.map(|trouble| trouble.code()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// How far in the ledger it has come.
    pub cursor: Cursor,
    /// How fresh it is: all that was revoked before this moment, it knows. None before it has synced.
    pub as_of: Option<Timestamp>,
    /// Whether the events come in.
    pub connected: bool,
    /// How many marks it holds.
    pub marks: usize,
    /// How many public keys it holds.
    pub keys: usize,
    /// How often the events were connected, the first time included.
    pub connections: u64,
    /// How many snapshots were loaded.
    pub snapshots: u64,
    /// How many marks came as events.
    pub events: u64,
    /// How often the authority said something that no honest one says.
    pub refused: u64,
    /// How many marks came of a kind that this version does not know. Since the first of them it does not get fresher: update it.
    pub unknown_kinds: u64,
    /// How often the published keys were read.
    pub key_reads: u64,
    /// How often the state on disk was written.
    pub saves: u64,
    /// The last thing that went wrong with the feed. None once a heartbeat has come since.
    pub feed_trouble: Option<Trouble>,
    /// The last thing that went wrong with the keys. None once they were read since.
    pub keys_trouble: Option<Trouble>,
    /// The same of another issuer's published keys: of the first that has any.
    pub other_keys_trouble: Option<Trouble>,
}

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    connected: AtomicBool,
    pub(crate) connections: AtomicU64,
    pub(crate) snapshots: AtomicU64,
    pub(crate) events: AtomicU64,
    /// Marks that were taken up, from wherever; raised after the mark was.
    pub(crate) taken: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) unknown_kinds: AtomicU64,
    pub(crate) key_reads: AtomicU64,
    pub(crate) saves: AtomicU64,
    feed_trouble: Mutex<Option<Trouble>>,
    keys_trouble: Mutex<Option<Trouble>>,
    /// Of each other issuer that publishes keys.
    others_trouble: Box<[Mutex<Option<Trouble>>]>,
}

/// What something went wrong with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum With {
    Feed,
    Keys,
    /// The keys of another issuer, by its number.
    KeysOfAnother(usize),
}

/// While it lives, the events come in.
pub(crate) struct Connected<'a>(&'a Counts);

impl Counts {
    /// With so many other issuers that publish keys.
    pub(crate) fn new(others: usize) -> Self {
        Self { others_trouble: (0..others).map(|_| Mutex::default()).collect(), ..Self::default() }
    }

    /// The last thing that went wrong with the keys of any other issuer.
    pub(crate) fn last_with_others(&self) -> Option<Trouble> {
        (0..self.others_trouble.len()).find_map(|which| self.last(With::KeysOfAnother(which)))
    }

    pub(crate) fn add(&self, count: &AtomicU64) {
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn connect(&self) -> Connected<'_> {
        self.add(&self.connections);
        self.connected.store(true, Ordering::Relaxed);
        Connected(self)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    /// Logs what is new, and counts what no honest authority says.
    pub(crate) fn trouble(&self, with: With, trouble: Trouble) {
        if trouble.is_refusal() {
            self.add(&self.refused);
        }
        let before = self.slot(with).replace(trouble);
        if before.map(|before| before.code()) != Some(trouble.code()) {
            tracing::warn!(
                code = trouble.code(),
                ?with,
                "{trouble}; what is known to be revoked stays refused"
            );
        }
    }

    pub(crate) fn fine(&self, with: With) {
        if let Some(over) = self.slot(with).take() {
            tracing::info!(code = over.code(), ?with, "it is over");
        }
    }

    pub(crate) fn last(&self, with: With) -> Option<Trouble> {
        *self.slot(with)
    }

    fn slot(&self, with: With) -> std::sync::MutexGuard<'_, Option<Trouble>> {
        let slot = match with {
            With::Feed => &self.feed_trouble,
            With::Keys => &self.keys_trouble,
            With::KeysOfAnother(which) => &self.others_trouble[which],
        };
        slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connected<'_> {
    fn drop(&mut self) {
        self.0.connected.store(false, Ordering::Relaxed);
    }
}
