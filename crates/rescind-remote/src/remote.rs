//! The handle.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rescind::ledger::Cursor;
use rescind::token::{Expected, Rejection};
use rescind::verifier::{HeadAnswer, LedgerHead, Refusal, Verified, Verifier};
use tokio::task::JoinSet;

use crate::builder::Builder;
use crate::disk::Disk;
use crate::head::Head;
use crate::http::Http;
use crate::keys::{self, Prompts};
use crate::shared::Shared;
use crate::status::Status;
use crate::{feed, tasks};

/// A verifier of an authority's tokens, in another process. It follows the authority for as long as it lives; dropping it ends
/// its tasks, and [`Remote::stop`] writes the state down first.
pub struct Remote {
    shared: Arc<Shared>,
    verifier: Arc<Verifier>,
    head: Head,
    prompts: Arc<Prompts>,
    disk: Option<Arc<Disk>>,
    tasks: JoinSet<()>,
}

/// What a verifier is made of.
pub(crate) struct Parts {
    pub(crate) shared: Arc<Shared>,
    pub(crate) verifier: Verifier,
    pub(crate) http: Http,
    pub(crate) disk: Option<Arc<Disk>>,
    /// Where the state on disk ends, if it counts.
    pub(crate) from: Option<Cursor>,
    /// Whether the issuer's name is known to be right.
    pub(crate) is_checked: bool,
}

impl Remote {
    /// Sets up a verifier for the authority at `url`, such as `https://auth.example`.
    pub fn builder(url: impl Into<String>) -> Builder {
        Builder::new(url.into())
    }

    pub(crate) fn run(parts: Parts) -> Self {
        let Parts { shared, verifier, http, disk, from, is_checked } = parts;
        let http = Arc::new(http);
        let prompts = Arc::new(Prompts::new(shared.timing.keys_least));
        let mut tasks = JoinSet::new();
        tasks.spawn(feed::follow(Arc::clone(&shared), Arc::clone(&http), from));
        tasks.spawn(keys::keep(Arc::clone(&shared), Arc::clone(&http), Arc::clone(&prompts), is_checked));
        tasks.spawn(tasks::expire(Arc::clone(&shared)));
        if let Some(disk) = &disk {
            tasks.spawn(tasks::save(Arc::clone(&shared), Arc::clone(disk)));
        }
        let head = Head::new(Arc::clone(&shared), http);
        Self { shared, verifier: Arc::new(verifier), head, prompts, disk, tasks }
    }

    /// Checks a token, as [`Verifier::verify`] does. One that names a key that is not known has the keys looked at again, at a
    /// bounded rate, and waits for that for at most [`Timing::keys_wait`](crate::Timing::keys_wait). No other check waits for anything.
    ///
    /// # Errors
    /// A [`Refusal`]: [`Refusal::NotReady`] too where no keys have come yet, since no token can be judged.
    pub async fn verify(&self, token: &str, expected: Expected<'_>) -> Result<Verified, Refusal> {
        let refusal = match self.verifier.verify(token, expected) {
            Err(refusal) if is_unknown_key(&refusal) => refusal,
            outcome => return outcome,
        };
        if !self.prompts.look(self.shared.timing.keys_wait).await {
            return Err(refusal);
        }
        self.verifier.verify(token, expected)
    }

    /// Checks a token against all that stood in the ledger before the call, as [`Verifier::verify_fresh`] does: one request to the
    /// authority, and at most `within` to hear of what it names.
    ///
    /// # Errors
    /// A [`Refusal`]; [`Refusal::Stale`] where that was not possible in time.
    pub async fn verify_fresh(
        &self,
        token: &str,
        expected: Expected<'_>,
        within: Duration,
    ) -> Result<Verified, Refusal> {
        let give_up = tokio::time::sleep(within);
        let until = give_up.deadline();
        let refusal = match self.verifier.verify_fresh(token, expected, &self.head, give_up).await {
            Err(refusal) if is_unknown_key(&refusal) => refusal,
            outcome => return outcome,
        };
        if !self.prompts.look(self.shared.timing.keys_wait.min(within)).await {
            return Err(refusal);
        }
        let give_up = tokio::time::sleep_until(until);
        self.verifier.verify_fresh(token, expected, &self.head, give_up).await
    }

    /// The verifier itself: the same as inside the authority. Its checks never wait, and merely refuse a token with an unknown
    /// key, having the keys looked at for those that come after it.
    pub const fn verifier(&self) -> &Arc<Verifier> {
        &self.verifier
    }

    /// Has the keys looked at again, unless that was done too often of late. Whether that is so.
    pub fn prompt_keys(&self) -> bool {
        self.prompts.prompt()
    }

    /// Waits until a good token would pass: the keys have come, and the ledger was read, by the state on disk or by the
    /// authority, and not too long ago.
    pub async fn ready(&self) {
        let mut pulse = self.shared.pulse.subscribe();
        while !self.is_ready() {
            // The sender is ours: there is no error.
            let _ = pulse.changed().await;
        }
    }

    /// Whether a good token would pass now.
    pub fn is_ready(&self) -> bool {
        self.shared.is_ready()
    }

    /// How it is doing.
    pub fn status(&self) -> Status {
        self.shared.status()
    }

    /// Ends it, and writes the state down where there is a directory for it.
    ///
    /// # Errors
    /// Where that cannot be written. It has ended all the same.
    pub async fn stop(mut self) -> std::io::Result<()> {
        self.tasks.shutdown().await;
        match &self.disk {
            Some(disk) => tasks::save_once(&self.shared, disk).await,
            None => Ok(()),
        }
    }
}

/// Where the authority's ledger ends, for whoever checks with [`Remote::verifier`] himself.
impl LedgerHead for Remote {
    fn head(&self) -> HeadAnswer<'_> {
        self.head.head()
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("status", &self.status()).finish_non_exhaustive()
    }
}

const fn is_unknown_key(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Invalid(Rejection::UnknownKey))
}
