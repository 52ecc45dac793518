//! Signing in by password.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::audit::{Actor, action};
use crate::authority::act::{act, within};
use crate::authority::error::{Error, Result};
use crate::authority::sessions::check_device;
use crate::authority::{Authority, Caller, TokenPair};
use crate::clock::Timestamp;
use crate::directory::{Credentials, DEFAULT_TENANT, PasswordHash, Tenant, password};
use crate::entropy::{random_bytes, uuid_v7};
use crate::id::{SessionId, TenantId};
use crate::session::{Device, OpenSession, Successor};
use crate::store::{StoreError, traced};
use crate::token::TokenId;

/// Where password hashing runs: tens of milliseconds of one core and 19 MiB each, so that their number must be bounded.
///
/// ```
/// use rescind::authority::{Busy, Offload};
///
/// struct OwnThread;
///
/// impl Offload for OwnThread {
///     fn run(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), Busy> {
///         // A server has a few threads with a short queue, and refuses when that is full.
///         std::thread::Builder::new().spawn(job).map(drop).map_err(|_| Busy)
///     }
/// }
/// # let (told, heard) = std::sync::mpsc::channel();
/// # assert_eq!(OwnThread.run(Box::new(move || told.send(()).unwrap())), Ok(()));
/// # heard.recv().unwrap();
/// ```
pub trait Offload: Send + Sync {
    /// Runs `job` soon on a thread of its own, or refuses if too many are waiting.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
    /// let (told, heard) = std::sync::mpsc::channel();
    /// let job = move || told.send("hashed").expect("somebody waits");
    /// ports.offload.run(Box::new(job)).map_err(|_| "it is busy")?;
    /// assert_eq!(heard.recv()?, "hashed");
    /// # Ok(())
    /// # });
    /// ```
    fn run(&self, job: Box<dyn FnOnce() + Send>) -> std::result::Result<(), Busy>;
}

/// Too many jobs are waiting.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
/// # let (email, password) = (rescind_examples::OPERATOR_EMAIL, rescind_examples::OPERATOR_PASSWORD);
/// use std::sync::Arc;
///
/// use rescind::authority::{Authority, AuthoritySettings, Busy, Caller, Error, Offload, Ports, SignIn};
///
/// /// Its queue is full.
/// struct Full;
///
/// impl Offload for Full {
///     fn run(&self, _: Box<dyn FnOnce() + Send>) -> Result<(), Busy> {
///         Err(Busy)
///     }
/// }
/// let ports = Ports { offload: Arc::new(Full), ..ports };
/// # let settings = AuthoritySettings::new("https://auth.example");
/// # let authority = Authority::start(ports, settings, || unreachable!("it was started before")).await?.authority;
/// # let (email, password, device) = (email.into(), password.into(), Default::default());
/// let sign_in = SignIn { email, password, tenant: None, audience: None, device };
/// let refused = authority.sign_in(&Caller::command_line(), sign_in).await;
/// assert_eq!(refused.unwrap_err(), Error::Overloaded);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// What a person signs in with.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
/// # let (email, password) = (rescind_examples::OPERATOR_EMAIL, rescind_examples::OPERATOR_PASSWORD);
/// use rescind::authority::{Caller, Error, SignIn};
/// use rescind::session::Device;
///
/// let sign_in = SignIn {
///     email: email.into(),
///     password: password.into(),
///     tenant: Some("acme".into()),
///     audience: None,
///     device: Device::default(),
/// };
/// // The operator is somebody in the tenant `system`, and nobody in this one.
/// let caller = Caller::command_line();
/// assert_eq!(authority.sign_in(&caller, sign_in.clone()).await.unwrap_err(), Error::InvalidCredentials);
/// let there = SignIn { tenant: Some("system".into()), ..sign_in };
/// assert!(authority.sign_in(&caller, there).await.is_ok());
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The email.
    pub email: String,
    /// The password.
    pub password: SecretString,
    /// The tenant, by its slug or id; none: `default`, then `system`.
    pub tenant: Option<String>,
    /// What the tokens are for; none: the default.
    pub audience: Option<String>,
    /// What the device told of itself.
    pub device: Device,
}

impl Authority {
    /// Checks a password and opens a session. An unknown or disabled user takes the same time and is told the same.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// # let (email, password) = (rescind_examples::OPERATOR_EMAIL, rescind_examples::OPERATOR_PASSWORD);
    /// use rescind::authority::{Caller, Error, Identity, Origin, SignIn};
    /// use rescind::session::Device;
    ///
    /// let caller = Caller { identity: Identity::Anonymous, origin: Origin::default() };
    /// let sign_in = |password: &str| SignIn {
    ///     email: email.into(),
    ///     password: password.into(),
    ///     tenant: None,
    ///     audience: None,
    ///     device: Device { name: Some("laptop".into()), ..Device::default() },
    /// };
    /// let pair = authority.sign_in(&caller, sign_in(password)).await?;
    /// assert_eq!(pair.expires_in, authority.settings().access_ttl);
    ///
    /// let refused = authority.sign_in(&caller, sign_in("a guess")).await.unwrap_err();
    /// assert_eq!(refused, Error::InvalidCredentials);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn sign_in(&self, caller: &Caller, sign_in: SignIn) -> Result<TokenPair> {
        let outcome = within(act!("sign_in"), self.sign_in_unless_throttled(caller, sign_in)).await;
        self.acts.sign_ins.add(outcome.as_ref().err().map_or("ok", Error::code));
        outcome
    }

    async fn sign_in_unless_throttled(&self, caller: &Caller, sign_in: SignIn) -> Result<TokenPair> {
        let now = self.now();
        let address = caller.origin.ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let tenants = self.tenants_meant(sign_in.tenant.as_deref()).await?;
        let accounts = account_names(&tenants, sign_in.tenant.as_deref(), &sign_in.email);
        let attempt = self.throttle.begin(accounts, address, now)?;
        let email = sign_in.email.clone();
        let outcome = self.open_by_password(caller, sign_in, tenants, now).await;
        match &outcome {
            Ok((tenant, _)) => attempt.succeeded(&account_name(&tenant.to_string(), &email)),
            Err(Error::InvalidCredentials) => drop(attempt),
            Err(_) => attempt.abandoned(),
        }
        outcome.map(|(_, pair)| pair)
    }

    async fn open_by_password(
        &self,
        caller: &Caller,
        sign_in: SignIn,
        tenants: Vec<TenantId>,
        now: Timestamp,
    ) -> Result<(TenantId, TokenPair)> {
        let candidates = self.candidates(tenants, &sign_in.email).await?;
        let whose = self.whose_password(sign_in.password, candidates).await?;
        let credentials = whose.ok_or(Error::InvalidCredentials)?;
        let tenant = credentials.tenant.id;
        let audience = self.new_audience(sign_in.audience.into_iter().collect(), &credentials.user.role)?;
        let provenance =
            crate::store::Provenance { actor: Actor::User(credentials.user.id), ..caller.provenance(now) };
        self.open_session(OpenDraft {
            open: Box::new(|draft| OpenSession {
                user: credentials.user.id,
                tenant: credentials.user.tenant,
                standing: Some(credentials.standing()),
                audience,
                device: sign_in.device,
                by: provenance,
                ..draft
            }),
            now,
        })
        .await
        .map_err(|error| match error {
            // A cut came while the password was being checked: what was right then is not any more.
            Error::SessionRevoked => Error::InvalidCredentials,
            other => other,
        })
        .map(|pair| (tenant, pair))
    }

    /// The tenants that a sign-in may mean: the one that it names, or `default`, then `system`.
    async fn tenants_meant(&self, name: Option<&str>) -> Result<Vec<TenantId>> {
        Ok(match name {
            Some(name) => self.tenant_named(name).await?.into_iter().map(|tenant| tenant.id).collect(),
            None => vec![self.default_tenant().await?, self.system_tenant],
        })
    }

    /// Whom a sign-in may mean in each of the tenants, with their standing as of before any password is checked. In each, so that
    /// nobody in `default` stands in an operator's way.
    async fn candidates(&self, tenants: Vec<TenantId>, email: &str) -> Result<Vec<Option<Credentials>>> {
        let mut candidates = Vec::new();
        for tenant in tenants {
            let credentials = self.store.credentials_by_email(tenant, email);
            candidates.push(found(traced("credentials_by_email", credentials).await)?);
        }
        if candidates.is_empty() {
            candidates.push(None);
        }
        Ok(candidates)
    }

    /// The first candidate whose password it is, and who may sign in. Who is not there is hashed for as well, so that the time of a
    /// refusal does not tell who is. All in one job: either all are looked at, or none is and nothing was guessed.
    async fn whose_password(
        &self,
        given: SecretString,
        candidates: Vec<Option<Credentials>>,
    ) -> Result<Option<Credentials>> {
        let may_sign_in = |known: &Credentials| !known.user.disabled && !known.tenant.suspended;
        let checks: Vec<(Option<PasswordHash>, bool)> = candidates
            .iter()
            .map(|known| match known {
                Some(known) => (known.password.clone(), may_sign_in(known)),
                None => (None, false),
            })
            .collect();
        let right =
            move || checks.iter().position(|(hash, may)| password::verify(&given, hash.as_ref()) && *may);
        let right = self.offloaded(right).await?;
        Ok(right.and_then(|at| candidates.into_iter().nth(at).flatten()))
    }

    pub(super) async fn default_tenant(&self) -> Result<TenantId> {
        Ok(traced("tenant_by_slug", self.store.tenant_by_slug(DEFAULT_TENANT)).await?.id)
    }

    /// A tenant by its slug or id.
    pub(super) async fn tenant_named(&self, name: &str) -> Result<Option<Tenant>> {
        found(match name.parse::<Uuid>() {
            Ok(id) => traced("tenant", self.store.tenant(TenantId(id))).await,
            Err(_) => traced("tenant_by_slug", self.store.tenant_by_slug(name)).await,
        })
    }

    /// Checks a password away from the caller's thread.
    pub(super) async fn check_password(
        &self,
        given: SecretString,
        hash: Option<PasswordHash>,
    ) -> Result<bool> {
        self.offloaded(move || password::verify(&given, hash.as_ref())).await
    }

    /// Hashes a password away from the caller's thread.
    pub(super) async fn hash_password(&self, given: SecretString) -> Result<PasswordHash> {
        let entropy = Arc::clone(&self.entropy);
        self.offloaded(move || password::hash(&given, &*entropy))
            .await?
            .ok_or_else(|| Error::internal("a password could not be hashed"))
    }

    async fn offloaded<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move || {
            // Whoever asked may have left.
            let _ = answer.send(job());
        });
        self.offload.run(job).map_err(|Busy| Error::Overloaded)?;
        answered.await.map_err(|_| Error::internal("a password job was lost"))
    }

    /// Opens a session with keys that are active, loading them anew if they were rotated meanwhile.
    pub(super) async fn open_session(&self, draft: OpenDraft<'_>) -> Result<TokenPair> {
        let now = draft.now;
        let mut open = (draft.open)(self.blank_session(now));
        check_device(&open.device)?;
        for _ in 0..3 {
            let ring = self.keyring.load_full();
            let secret = TokenId::generate(&*self.entropy);
            open.first = Successor {
                hash: secret.hash(),
                salt: random_bytes(&*self.entropy),
                jti: self.new_jti(now),
                mac_kid: ring.refresh_kid().to_owned(),
            };
            ring.access().kid().clone_into(&mut open.signing_kid);
            match traced("open", self.store.open(open.clone())).await {
                Ok(opened) => {
                    self.wrote(&opened.entries, now);
                    return self.mint_pair(&ring, &opened.chain, secret, now);
                }
                Err(StoreError::KeyGone) => self.reload_keys().await?,
                Err(StoreError::Conflict) => return Err(Error::SessionRevoked),
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Unavailable)
    }

    fn blank_session(&self, now: Timestamp) -> OpenSession {
        let expires_at = now.plus(self.settings.session_ttl);
        OpenSession {
            id: SessionId(uuid_v7(now, &*self.entropy)),
            user: crate::id::UserId(Uuid::nil()),
            tenant: self.system_tenant,
            client: None,
            standing: None,
            profile: None,
            may_touch_admins: true,
            audience: Vec::new(),
            claims: serde_json::Map::new(),
            device: Device::default(),
            first: Successor { hash: [0; 32], salt: [0; 32], jti: self.new_jti(now), mac_kid: String::new() },
            idle_expires_at: now.plus(self.settings.refresh_ttl).min(expires_at),
            expires_at,
            access_jti: self.new_jti(now),
            access_exp: self.access_exp(now),
            signing_kid: String::new(),
            max_sessions: self.settings.max_sessions_per_user,
            action: action::SIGNED_IN,
            by: Caller::system().provenance(now),
        }
    }
}

/// A session to be opened: turns the blank one into what is wanted. Keys and secrets are filled in at each try.
pub(super) struct OpenDraft<'a> {
    pub(super) open: Box<dyn FnOnce(OpenSession) -> OpenSession + Send + 'a>,
    pub(super) now: Timestamp,
}

/// "Not found" as an answer rather than an error.
pub(super) fn found<T>(answer: std::result::Result<T, StoreError>) -> Result<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(StoreError::NotFound) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// What failures are counted by: email and tenant, however it was spelled. Nothing of it depends on whether there is such an
/// account, so that nobody learns that from who is told to wait.
fn account_names(tenants: &[TenantId], spelled: Option<&str>, email: &str) -> Vec<String> {
    if tenants.is_empty() {
        return vec![account_name(spelled.unwrap_or_default(), email)];
    }
    tenants.iter().map(|tenant| account_name(&tenant.to_string(), email)).collect()
}

fn account_name(tenant: &str, email: &str) -> String {
    let mut name = format!("{tenant}\n{}", email.to_ascii_lowercase());
    name.truncate(name.floor_char_boundary(400));
    name
}
