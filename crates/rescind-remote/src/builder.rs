//! Setting a verifier up.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use rescind::authority::LARGEST_LEEWAY;
use rescind::clock::Clock;
use rescind::entropy::Entropy;
use rescind::id::TenantId;
use rescind::replica::Replica;
use rescind::system::{SystemClock, SystemEntropy};
use rescind::token::{Algorithm, InvalidIssuers, Issuer, KeySet, Validator};
use rescind::verifier::{FreshnessPolicy, TokenCache, Verifier};
use secrecy::SecretString;
use tokio::sync::{Notify, watch};

use crate::address::{Base, InvalidUrl};
use crate::disk::Disk;
use crate::http::Http;
use crate::keys;
use crate::remote::{Parts, Remote};
use crate::shared::{OtherIssuer, Shared};
use crate::status::{Counts, With};
use crate::timing::Timing;
use crate::tls::{self, InvalidRoots};
use crate::trouble::Trouble;

/// What is granted to clocks of other machines, unless said otherwise: as at the authority.
const LEEWAY: Duration = Duration::from_secs(30);

/// How many marks are held at the most, unless said otherwise.
const MAX_MARKS: usize = 20_000_000;

/// Why a verifier does not start. An authority that is not there is no reason.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rescind_remote::{Remote, StartError};
///
/// match Remote::builder("https://auth.example").start().await {
///     Err(StartError::Client) => println!("name the client that reads the feed"),
///     Err(other) => println!("{other}"),
///     Ok(_) => unreachable!("no client was named"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The authority's URL.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    /// No client was named, or its id cannot be one: it is empty or has a colon (RFC 7617 §2).
    #[error("an API client with the scope `feed` is needed: its id and secret")]
    Client,
    /// The certificates to trust.
    #[error(transparent)]
    Roots(#[from] InvalidRoots),
    /// Issuer, audiences or algorithms.
    #[error(transparent)]
    Issuer(#[from] InvalidIssuers),
    /// The authority calls itself by another name than its URL: name the issuer.
    #[error("the authority at this URL calls itself by another name: name the issuer if that is right")]
    IssuerMismatch,
    /// The directory for the state cannot be made.
    #[error("the directory for the state cannot be used: {0}")]
    StateDir(#[source] std::io::Error),
}

/// Sets a [`Remote`] up.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use rescind::token::Algorithm;
/// use rescind::verifier::{FreshnessPolicy, OnStale};
/// use rescind_remote::{Remote, Timing};
///
/// # let directory = tempfile::tempdir()?;
/// let remote = Remote::builder("http://127.0.0.1:9")
///     .client("gateway", "rcs_secret")
///     .issuer("https://auth.example")
///     .audiences(["https://api.example"])
///     .algorithms([Algorithm::EdDsa])
///     .leeway(Duration::from_secs(10))
///     .policy(FreshnessPolicy { max_staleness: Duration::from_secs(60), on_stale: OnStale::Deny })
///     .state_dir(directory.path())
///     .max_marks(1_000_000)
///     .timing(Timing { connect: Duration::from_millis(500), ..Timing::default() })
///     .start()
///     .await?;
/// // Nobody listens there, and there is no state on disk: it has started, and lets nothing through yet.
/// assert!(!remote.is_ready());
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing happens before `start`"]
pub struct Builder {
    url: String,
    client_id: String,
    secret: SecretString,
    issuer: Option<String>,
    audiences: Option<Vec<String>>,
    tenant: Option<TenantId>,
    algorithms: Vec<Algorithm>,
    leeway: Duration,
    policy: FreshnessPolicy,
    roots: Option<Vec<u8>>,
    allow_plain: bool,
    state_dir: Option<PathBuf>,
    max_marks: usize,
    others: Vec<(Issuer, Option<String>)>,
    timing: Timing,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Builder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            client_id: String::new(),
            secret: SecretString::default(),
            issuer: None,
            audiences: None,
            tenant: None,
            algorithms: Algorithm::ASYMMETRIC.to_vec(),
            leeway: LEEWAY,
            policy: FreshnessPolicy::default(),
            roots: None,
            allow_plain: false,
            state_dir: None,
            max_marks: MAX_MARKS,
            others: Vec::new(),
            timing: Timing::default(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        }
    }

    /// The API client that reads the feed: it needs the scope `feed` and no other. One that a tenant binds is told of that
    /// tenant's revocations only, and is of use with [`Builder::tenant`] alone: without it the verifier does not become ready
    /// ([`Trouble::OtherTenants`]).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind_remote::{Remote, StartError};
    ///
    /// // The feed is for API clients only.
    /// let refused = Remote::builder("https://auth.example").client("", "").start().await;
    /// assert!(matches!(refused, Err(StartError::Client)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn client(mut self, id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        self.client_id = id.into();
        self.secret = secret.into();
        self
    }

    /// The authority's name, the `iss` of its tokens. Left out, it is the URL, and the authority has to say the same
    /// (RFC 8414 §3.3).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind_remote::Remote;
    ///
    /// // Reached by an address that its tokens do not name.
    /// let remote = Remote::builder("http://127.0.0.1:9")
    ///     .client("gateway", "rcs_secret")
    ///     .issuer("https://auth.example")
    ///     .start()
    ///     .await?;
    /// let issuers: Vec<_> = remote.verifier().validator().issuers().map(|issuer| issuer.iss()).collect();
    /// assert_eq!(issuers, ["https://auth.example"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn issuer(mut self, iss: impl Into<String>) -> Self {
        self.issuer = Some(iss.into());
        self
    }

    /// Whom tokens may be meant for, where a check does not say. Left out: the issuer.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind_remote::{Remote, StartError};
    ///
    /// let builder = || Remote::builder("http://127.0.0.1:9").client("gateway", "rcs_secret");
    /// let builder = || builder().issuer("https://auth.example");
    /// assert!(builder().audiences(["https://api.example", "https://files.example"]).start().await.is_ok());
    /// // Nobody's tokens could be meant for nobody.
    /// let nobody = builder().audiences([""; 0]).start().await;
    /// assert!(matches!(nobody, Err(StartError::Issuer(_))));
    /// # Ok(())
    /// # }
    /// ```
    pub fn audiences<S: Into<String>>(mut self, audiences: impl IntoIterator<Item = S>) -> Self {
        self.audiences = Some(audiences.into_iter().map(Into::into).collect());
        self
    }

    /// Takes this tenant's tokens only, and those that name none. Another's are refused. Left out: every tenant's are taken, and the client
    /// must be one that no tenant binds.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind::id::TenantId;
    /// use rescind_remote::Remote;
    ///
    /// # let builder = Remote::builder("http://127.0.0.1:9").client("gateway", "rcs_secret");
    /// # let builder = builder.issuer("https://auth.example");
    /// let acme: TenantId = "0198f3a0-5c1e-7cc3-98c4-dc0c0c07398f".parse()?;
    /// let remote = builder.tenant(acme).start().await?;
    /// assert!(!remote.is_ready(), "it has heard nothing yet");
    /// # Ok(())
    /// # }
    /// ```
    pub fn tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// The algorithms that tokens may be signed with. Left out: all that an authority may publish keys for.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind::token::Algorithm;
    /// use rescind_remote::Remote;
    ///
    /// # let builder = Remote::builder("http://127.0.0.1:9").client("gateway", "rcs_secret");
    /// # let builder = builder.issuer("https://auth.example");
    /// let remote = builder.algorithms([Algorithm::EdDsa]).start().await?;
    /// let validator = remote.verifier().validator();
    /// assert!(validator.issuers().all(|issuer| issuer.algorithms() == [Algorithm::EdDsa]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// How far the clocks of other machines may be off, five minutes at the most. Left out: 30 seconds.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// use rescind_remote::Remote;
    ///
    /// # let builder = Remote::builder("http://127.0.0.1:9").client("gateway", "rcs_secret");
    /// # let builder = builder.issuer("https://auth.example");
    /// let remote = builder.leeway(Duration::from_secs(5)).start().await?;
    /// // What is revoked is remembered for as long as its token would be taken.
    /// assert_eq!(remote.verifier().replica().leeway(), Duration::from_secs(5));
    /// # Ok(())
    /// # }
    /// ```
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// How old the knowledge may be, and what happens beyond that.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use rescind::verifier::{FreshnessPolicy, OnStale};
    /// use rescind_remote::Remote;
    ///
    /// # let builder = Remote::builder("http://127.0.0.1:9").client("gateway", "rcs_secret");
    /// # let builder = builder.issuer("https://auth.example");
    /// // Cut off for a minute, it refuses everything.
    /// let policy = FreshnessPolicy { max_staleness: Duration::from_secs(60), on_stale: OnStale::Deny };
    /// let remote = builder.policy(policy).start().await?;
    /// assert!(!remote.is_ready(), "it has heard nothing yet");
    /// # Ok(())
    /// # }
    /// ```
    pub fn policy(mut self, policy: FreshnessPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Trusts the certificates of this PEM to sign the authority's, and no others. Left out: those that the system trusts.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind_remote::{Remote, StartError};
    ///
    /// let builder = Remote::builder("https://auth.example").client("gateway", "rcs_secret");
    /// let refused = builder.tls_roots("not a certificate").start().await;
    /// assert!(matches!(refused, Err(StartError::Roots(_))));
    /// # Ok(())
    /// # }
    /// ```
    pub fn tls_roots(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Lets `http://` lead to another machine. Whoever is in between can read the client's secret, forge keys and hold
    /// revocations back: for networks that are encrypted otherwise.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind_remote::{Remote, StartError};
    ///
    /// let elsewhere = || Remote::builder("http://192.0.2.1").client("gateway", "rcs_secret");
    /// assert!(matches!(elsewhere().start().await, Err(StartError::Url(_))));
    /// // Within an encrypted network:
    /// let inside = elsewhere().allow_plain_http();
    /// # drop(inside);
    /// # Ok(())
    /// # }
    /// ```
    pub fn allow_plain_http(mut self) -> Self {
        self.allow_plain = true;
        self
    }

    /// Keeps what is known on disk, so that a start while the authority is down knows it again. A directory for this verifier
    /// alone, made where there is none; whoever may write there is trusted with the keys.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind_remote::Remote;
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let state = dir.path().join("gateway");
    /// # let builder = Remote::builder("http://127.0.0.1:9").client("gateway", "rcs_secret");
    /// # let builder = builder.issuer("https://auth.example");
    /// let remote = builder.state_dir(&state).start().await?;
    /// assert!(state.is_dir());
    /// remote.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn state_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.state_dir = Some(path.into());
        self
    }

    /// How many marks are held at the most: beyond that the verifier gets no fresher. Left out: 20 million.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind_remote::Remote;
    ///
    /// # let builder = Remote::builder("http://127.0.0.1:9").client("gateway", "rcs_secret");
    /// # let builder = builder.issuer("https://auth.example");
    /// // An authority that says more than that is not believed to be an honest one.
    /// let remote = builder.max_marks(100_000).start().await?;
    /// assert_eq!(remote.status().marks, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn max_marks(mut self, max_marks: usize) -> Self {
        self.max_marks = max_marks;
        self
    }

    /// Takes the tokens of another issuer too, and holds them against the same ledger: a platform's own, which go on being made where
    /// they are made. Its keys are those of the set that it was made with, which its owner may [replace](KeySet::replace).
    ///
    /// ```
    /// use rescind::token::{Algorithm, ClaimMap, ClaimSource, Issuer, KeySet, SigningKey};
    /// use rescind_remote::Remote;
    /// # use rescind::system::SystemEntropy;
    ///
    /// # let shared_secret = SigningKey::generate(Algorithm::Hs256, &SystemEntropy)?;
    /// let platform = Issuer::foreign("https://platform.example", KeySet::new([shared_secret.verifying_key()])?)
    ///     .with_algorithms([Algorithm::Hs256])
    ///     .with_audiences(["https://api.example"])
    ///     .with_claims(ClaimMap { user_id: Some(ClaimSource::required("sub")), ..ClaimMap::default() });
    /// let builder = Remote::builder("https://auth.example").also_trust(platform);
    /// # drop(builder);
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    pub fn also_trust(mut self, issuer: Issuer) -> Self {
        self.others.push((issuer, None));
        self
    }

    /// The same of an issuer that publishes its keys as a JWK Set (RFC 7517 §5) at `url`: they are read as the authority's are, before
    /// they are too old and when a token names an unknown one, over TLS that trusts the same certificates, and kept in the same
    /// state on disk. An RSA key that does not say its algorithm is for the issuer's, where that is only one.
    ///
    /// Until its keys have come, the verifier is not [ready](Remote::is_ready), and its tokens are refused as `not_ready`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind::token::{Algorithm, Issuer, KeySet};
    /// use rescind_remote::Remote;
    ///
    /// # let builder = Remote::builder("http://127.0.0.1:9").client("gateway", "rcs_secret");
    /// # let builder = builder.issuer("https://auth.example");
    /// let platform = Issuer::foreign("https://platform.example", KeySet::empty())
    ///     .with_algorithms([Algorithm::Rs256])
    ///     .with_audiences(["https://api.example"]);
    /// let builder = builder.also_trust_published(platform, "http://127.0.0.1:9/jwks.json");
    /// let remote = builder.start().await?;
    /// let names: Vec<_> = remote.verifier().validator().issuers().map(|issuer| issuer.iss()).collect();
    /// assert_eq!(names, ["https://auth.example", "https://platform.example"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn also_trust_published(mut self, issuer: Issuer, url: impl Into<String>) -> Self {
        self.others.push((issuer, Some(url.into())));
        self
    }

    /// For how long things may take, and how often they are tried.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use rescind_remote::{Remote, Timing};
    ///
    /// # let builder = Remote::builder("http://127.0.0.1:9").client("gateway", "rcs_secret");
    /// # let builder = builder.issuer("https://auth.example");
    /// // A check waits for unknown keys no longer than its caller would.
    /// let timing = Timing { keys_wait: Duration::from_millis(250), ..Timing::default() };
    /// let remote = builder.timing(timing).start().await?;
    /// # drop(remote);
    /// # Ok(())
    /// # }
    /// ```
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// The clock, for tests. Left out: the system's.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    /// use rescind::clock::{Clock, Timestamp};
    /// use rescind_remote::Remote;
    ///
    /// /// It is always noon.
    /// struct Noon;
    ///
    /// impl Clock for Noon {
    ///     fn now(&self) -> Timestamp {
    ///         Timestamp::from_secs(1_767_355_200)
    ///     }
    /// }
    ///
    /// # let builder = Remote::builder("http://127.0.0.1:9").client("gateway", "rcs_secret");
    /// # let builder = builder.issuer("https://auth.example");
    /// let remote = builder.clock(Arc::new(Noon)).start().await?;
    /// assert_eq!(remote.status().as_of, None, "it has heard nothing yet");
    /// # Ok(())
    /// # }
    /// ```
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The randomness, for tests. Left out: the system's.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    /// use rescind::entropy::Entropy;
    /// use rescind_remote::Remote;
    ///
    /// /// The same each time, pauses between two attempts too.
    /// struct Fixed;
    ///
    /// impl Entropy for Fixed {
    ///     fn fill(&self, buffer: &mut [u8]) {
    ///         buffer.fill(7);
    ///     }
    /// }
    ///
    /// # let builder = Remote::builder("http://127.0.0.1:9").client("gateway", "rcs_secret");
    /// # let builder = builder.issuer("https://auth.example");
    /// let remote = builder.entropy(Arc::new(Fixed)).start().await?;
    /// assert!(!remote.is_ready());
    /// # Ok(())
    /// # }
    /// ```
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = entropy;
        self
    }

    /// Starts to follow. The authority need not be there: [`Remote::ready`] waits for it. Where there is neither an issuer nor a
    /// state on disk, its name is asked for once, for at most [`Timing::answer`]. To be called within a Tokio runtime.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind_remote::{Remote, StartError};
    ///
    /// let refused = Remote::builder("auth.example").client("gateway", "rcs_secret").start().await;
    /// assert!(matches!(refused, Err(StartError::Url(_))), "it lacks `https://`");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A [`StartError`].
    pub async fn start(self) -> Result<Remote, StartError> {
        let base = Base::parse(&self.url, self.allow_plain)?;
        if self.client_id.is_empty() || self.client_id.contains(':') {
            return Err(StartError::Client);
        }
        let tls = tls::config(self.roots.as_deref())?;
        let iss = self.issuer.clone().unwrap_or_else(|| base.as_str().to_owned());
        let others = self.where_others_publish(&tls)?;
        let http = Http::new(base, &self.client_id, &self.secret, tls, self.timing)
            .map_err(|_| StartError::Client)?;
        let keys = KeySet::empty();
        let known = self.others.iter().map(|(issuer, _)| issuer.clone());
        let validator = Validator::new(std::iter::once(self.trusted(&iss, &keys)).chain(known).collect())?;
        let replica = Arc::new(Replica::new(&*self.entropy, self.longest_leeway()));
        let verifier = Verifier::new(validator, Arc::clone(&replica), self.policy, Arc::clone(&self.clock))
            .with_cache(TokenCache::new(&*self.entropy, TokenCache::USUAL_BYTES));
        let verifier = match self.tenant {
            Some(tenant) => verifier.for_tenant(tenant),
            None => verifier,
        };
        let disk = self.state_dir.clone().map(|path| Disk::open(path, &iss, &self.client_id));
        let disk = disk.transpose().map_err(StartError::StateDir)?.map(Arc::new);
        let is_named = self.issuer.is_some();
        let shared = Arc::new(self.shared(iss, replica, keys));
        let from = match &disk {
            Some(disk) => load(&shared, disk).await,
            None => None,
        };
        let is_checked = is_named || shared.has_keys() || is_confirmed(&shared, &http).await?;
        Ok(Remote::run(Parts { shared, verifier, http, others, disk, from, is_checked }))
    }

    fn trusted(&self, iss: &str, keys: &KeySet) -> Issuer {
        let issuer = Issuer::ours(iss, keys.clone())
            .with_algorithms(self.algorithms.iter().copied())
            .with_leeway(self.leeway);
        match &self.audiences {
            Some(audiences) => issuer.with_audiences(audiences.iter().cloned()),
            None => issuer,
        }
    }

    fn where_others_publish(&self, tls: &rustls::ClientConfig) -> Result<Vec<Http>, StartError> {
        let urls = self.others.iter().filter_map(|(_, url)| url.as_deref());
        let to = |url| Ok(Http::anonymous(Base::parse(url, self.allow_plain)?, tls.clone(), self.timing));
        urls.map(to).collect()
    }

    /// Marks are kept for as long as a token of any issuer may be taken; which is not longer than a ledger keeps its entries.
    fn longest_leeway(&self) -> Duration {
        let longest = self.others.iter().map(|(issuer, _)| issuer.leeway()).fold(self.leeway, Duration::max);
        longest.min(LARGEST_LEEWAY)
    }

    fn shared(self, iss: String, replica: Arc<Replica>, keys: KeySet) -> Shared {
        let others: Vec<_> = self.others.into_iter().filter_map(publishing).collect();
        Shared {
            iss,
            counts: Counts::new(others.len()),
            others,
            leeway: self.leeway,
            replica,
            keys,
            tenant: self.tenant,
            clock: self.clock,
            entropy: self.entropy,
            policy: self.policy,
            max_marks: self.max_marks,
            timing: self.timing,
            pulse: watch::Sender::new(()),
            reload: Notify::new(),
            save: Notify::new(),
            asked: AtomicI64::new(0),
        }
    }
}

fn publishing((issuer, url): (Issuer, Option<String>)) -> Option<OtherIssuer> {
    url?;
    let for_rsa = match issuer.algorithms() {
        [only] => Some(*only),
        _ => None,
    };
    Some(OtherIssuer { iss: issuer.iss().to_owned(), keys: issuer.keys().clone(), for_rsa })
}

/// Says where, and never with what.
impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// What was known last, where it can be used.
async fn load(shared: &Arc<Shared>, disk: &Arc<Disk>) -> Option<rescind::ledger::Cursor> {
    let (of, from) = (Arc::clone(shared), Arc::clone(disk));
    let loaded = tokio::task::spawn_blocking(move || from.load(&of)).await;
    match loaded.unwrap_or(Err(Trouble::Disk)) {
        Ok(cursor) => cursor,
        Err(trouble) => {
            tracing::warn!(code = trouble.code(), "the state on disk is damaged or another's: it is ignored");
            None
        }
    }
}

/// Whether the authority says that its URL is its name. False where it says nothing: the task that reads the keys asks again.
async fn is_confirmed(shared: &Shared, http: &Http) -> Result<bool, StartError> {
    match keys::check_issuer(http).await {
        Ok(()) => Ok(true),
        Err(Trouble::IssuerMismatch) => Err(StartError::IssuerMismatch),
        Err(trouble) => {
            shared.counts.trouble(With::Keys, trouble);
            Ok(false)
        }
    }
}
