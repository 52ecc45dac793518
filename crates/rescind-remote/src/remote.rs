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
use crate::shared::{OtherIssuer, Shared};
use crate::status::{Status, With};
use crate::{feed, tasks};

/// A verifier of an authority's tokens, in another process. It follows the authority for as long as it lives; dropping it ends
/// its tasks, and [`Remote::stop`] writes the state down first.
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
/// use rescind::token::Expected;
///
/// // While the authority has never been reached, nothing is let through.
/// let refused = remote.verify("eyJhbGciOiJFZERTQSJ9.e30.AA", Expected::Configured).await;
/// assert!(refused.is_err());
/// remote.stop().await?;
/// # Ok(())
/// # }
/// ```
pub struct Remote {
    shared: Arc<Shared>,
    verifier: Arc<Verifier>,
    head: Head,
    prompts: Arc<Prompts>,
    /// Of the other issuers that publish keys.
    other_prompts: Vec<Arc<Prompts>>,
    disk: Option<Arc<Disk>>,
    tasks: JoinSet<()>,
}

/// What a verifier is made of.
pub(crate) struct Parts {
    pub(crate) shared: Arc<Shared>,
    pub(crate) verifier: Verifier,
    pub(crate) http: Http,
    /// Where the other issuers publish their keys, in their order.
    pub(crate) others: Vec<Http>,
    pub(crate) disk: Option<Arc<Disk>>,
    /// Where the state on disk ends, if it counts.
    pub(crate) from: Option<Cursor>,
    /// Whether the issuer's name is known to be right.
    pub(crate) is_checked: bool,
}

impl Remote {
    /// Sets up a verifier for the authority at `url`, such as `https://auth.example`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind_remote::Remote;
    ///
    /// // Nobody listens there: it starts all the same, and waits.
    /// let builder = Remote::builder("http://127.0.0.1:9").client("gateway", "rcs_secret");
    /// let remote = builder.issuer("https://auth.example").start().await?;
    /// assert!(!remote.is_ready());
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(url: impl Into<String>) -> Builder {
        Builder::new(url.into())
    }

    pub(crate) fn run(parts: Parts) -> Self {
        let Parts { shared, verifier, http, others, disk, from, is_checked } = parts;
        let http = Arc::new(http);
        let prompts = Arc::new(Prompts::new(shared.timing.keys_least));
        let own = keys::Source {
            http: Arc::clone(&http),
            path: keys::PUBLISHED,
            keys: shared.keys.clone(),
            for_rsa: None,
            prompts: Arc::clone(&prompts),
            with: With::Keys,
            is_checked,
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(feed::follow(Arc::clone(&shared), Arc::clone(&http), from));
        tasks.spawn(keys::keep(Arc::clone(&shared), own));
        let mut other_prompts = Vec::new();
        for (which, (other, http)) in shared.others.iter().zip(others).enumerate() {
            let source = of_another(other, http, which, &shared);
            other_prompts.push(Arc::clone(&source.prompts));
            tasks.spawn(keys::keep(Arc::clone(&shared), source));
        }
        tasks.spawn(tasks::expire(Arc::clone(&shared)));
        if let Some(disk) = &disk {
            tasks.spawn(tasks::save(Arc::clone(&shared), Arc::clone(disk)));
        }
        let head = Head::new(Arc::clone(&shared), http);
        Self { shared, verifier: Arc::new(verifier), head, prompts, other_prompts, disk, tasks }
    }

    /// Checks a token, as [`Verifier::verify`] does. One that names a key that is not known has the keys looked at again, at a
    /// bounded rate, and waits for that for at most [`Timing::keys_wait`](crate::Timing::keys_wait). No other check waits for anything.
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
    /// use rescind::token::Expected;
    ///
    /// let refused = remote.verify("not a token", Expected::Configured).await.unwrap_err();
    /// assert_eq!(refused.code(), "invalid_token");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A [`Refusal`]: [`Refusal::NotReady`] too where no keys have come yet, since no token can be judged.
    pub async fn verify(&self, token: &str, expected: Expected<'_>) -> Result<Verified, Refusal> {
        let refusal = match self.verifier.verify(token, expected) {
            Err(refusal) if is_unknown_key(&refusal) => refusal,
            outcome => return outcome,
        };
        if !self.look_for_key(token, self.shared.timing.keys_wait).await {
            return Err(refusal);
        }
        self.verifier.verify(token, expected)
    }

    /// Checks a token against all that stood in the ledger before the call, as [`Verifier::verify_fresh`] does: one request to the
    /// authority, and at most `within` to hear of what it names.
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
    /// use std::time::Duration;
    ///
    /// use rescind::token::Expected;
    ///
    /// let within = Duration::from_secs(2);
    /// let refused = remote.verify_fresh("not a token", Expected::Configured, within).await.unwrap_err();
    /// assert_eq!(refused.code(), "invalid_token", "for that nobody is asked");
    /// # Ok(())
    /// # }
    /// ```
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
        if !self.look_for_key(token, self.shared.timing.keys_wait.min(within)).await {
            return Err(refusal);
        }
        let give_up = tokio::time::sleep_until(until);
        self.verifier.verify_fresh(token, expected, &self.head, give_up).await
    }

    /// Whether the keys of the token's issuer were read again, within that time.
    async fn look_for_key(&self, token: &str, within: Duration) -> bool {
        let Some(issuer) = self.verifier.validator().named_issuer(token) else { return false };
        let other = self.shared.others.iter().position(|other| other.iss == issuer.iss());
        match other {
            Some(which) => self.other_prompts[which].look(within).await,
            None if issuer.iss() == self.shared.iss => self.prompts.look(within).await,
            // Whoever gave its keys looks after them.
            None => false,
        }
    }

    /// The verifier itself: the same as inside the authority. Its checks never wait, and merely refuse a token with an unknown
    /// key, having the keys looked at for those that come after it.
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
    /// use rescind::token::Expected;
    ///
    /// // For code that cannot wait, such as a tower layer.
    /// let refused = remote.verifier().verify("not a token", Expected::Configured).unwrap_err();
    /// assert_eq!(refused.code(), "invalid_token");
    /// # Ok(())
    /// # }
    /// ```
    pub const fn verifier(&self) -> &Arc<Verifier> {
        &self.verifier
    }

    /// Has the authority's keys looked at again, unless that was done too often of late. Whether that is so.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let builder = rescind_remote::Remote::builder("http://127.0.0.1:9").client("gateway", "rcs_secret");
    /// # let remote = builder.issuer("https://auth.example").start().await?;
    /// // Whoever asks while a look is to come shares it: the authority is asked once.
    /// assert!(remote.prompt_keys() && remote.prompt_keys());
    /// # Ok(())
    /// # }
    /// ```
    pub fn prompt_keys(&self) -> bool {
        self.prompts.prompt()
    }

    /// Waits until a good token would pass: the keys have come, and the ledger was read, by the state on disk or by the
    /// authority, and not too long ago.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let builder = rescind_remote::Remote::builder("https://auth.example").client("gateway", "rcs_secret");
    /// # let remote = builder.start().await?;
    /// use std::time::Duration;
    ///
    /// // The service begins to listen when tokens can be judged, or says why it does not.
    /// if tokio::time::timeout(Duration::from_secs(30), remote.ready()).await.is_err() {
    ///     println!("{:?}", remote.status().feed_trouble);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ready(&self) {
        let mut pulse = self.shared.pulse.subscribe();
        while !self.is_ready() {
            // The sender is ours: there is no error.
            let _ = pulse.changed().await;
        }
    }

    /// Whether a good token would pass now.
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
    /// // Before a service is put into rotation.
    /// assert!(!remote.is_ready());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_ready(&self) -> bool {
        self.shared.is_ready()
    }

    /// How it is doing.
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
    /// assert_eq!((status.as_of, status.keys), (None, 0), "it has never reached the authority");
    /// # Ok(())
    /// # }
    /// ```
    pub fn status(&self) -> Status {
        self.shared.status()
    }

    /// Ends it, and writes the state down where there is a directory for it.
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
    /// // There is no directory for a state: nothing is written.
    /// remote.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
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

fn of_another(other: &OtherIssuer, http: Http, which: usize, shared: &Shared) -> keys::Source {
    keys::Source {
        http: Arc::new(http),
        // Its whole URL was given.
        path: "",
        keys: other.keys.clone(),
        for_rsa: other.for_rsa,
        prompts: Arc::new(Prompts::new(shared.timing.keys_least)),
        with: With::KeysOfAnother(which),
        is_checked: true,
    }
}

const fn is_unknown_key(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Invalid(Rejection::UnknownKey))
}
