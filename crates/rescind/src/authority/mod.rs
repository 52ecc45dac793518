//! The authority: holds the signing keys and the store; opens sessions, refreshes, revokes.
//!
//! One file per thing that it does. Every verb takes the [`Caller`] first, decides whether it may and how far it reaches, and
//! leaves what must be atomic to one verb of the store.

mod account;
mod act;
mod activity;
mod audit;
mod caller;
mod check;
mod clients;
mod error;
mod feed;
mod follow;
mod history;
mod identify;
mod identity;
mod issuer;
mod key_care;
mod mint;
mod refresh;
mod register;
mod revoke;
mod sessions;
mod settings;
mod sign_in;
mod start;
mod tenants;
mod throttle;
mod users;
mod watch;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use arc_swap::ArcSwap;

use crate::clock::{Clock, Timestamp};
use crate::directory::Scope;
use crate::entropy::Entropy;
use crate::id::TenantId;
use crate::keys::Keyring;
use crate::lookup::Lookup;
use crate::replica::Replica;
use crate::store::Store;
use crate::token::{KeySet, RefreshValidator};
use crate::verifier::Verifier;
use throttle::Throttle;

pub use activity::Activity;
pub use caller::{Caller, Identity, Origin, Reach, SignedIn};
pub use check::{Introspection, RefreshIntrospection};
pub use clients::{ClientRequest, NewSecret};
pub use error::{Error, Result};
pub use feed::FeedReader;
pub use follow::{FollowListener, Followed};
pub use history::HistoryCounts;
pub use identify::Named;
pub use key_care::{KeyView, MasterKeySource};
pub use mint::{Renewed, TokenPair};
pub use refresh::{ClientProof, RefreshRequest};
pub use register::Registration;
pub use revoke::{RevocationRequest, TenantRevocation, What};
pub use sessions::Handover;
pub use settings::{AuthoritySettings, JWKS_MAX_AGE, KEY_OVERLAP, LARGEST_LEEWAY};
pub use sign_in::{Busy, Offload, SignIn};
pub use start::{Operator, Ports, StartError, Started};
pub use tenants::TenantRequest;
pub use users::{UserRequest, UserUpdate};
pub use watch::Backlog;

/// The authority. Cheap to share behind an [`Arc`].
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, backend, handover, .. }| {
/// use rescind::token::Expected;
/// use secrecy::ExposeSecret as _;
///
/// // A backend has checked who it is; from here on this authority knows.
/// let pair = authority.hand_over(&backend, handover).await?;
/// let token = pair.access_token.expose_secret();
/// assert!(authority.check(token, Expected::Configured).await.is_ok());
///
/// authority.log_out(&backend, pair.refresh_token.expose_secret()).await?;
/// let refused = authority.check(token, Expected::Configured).await.unwrap_err();
/// assert_eq!(refused.code(), "token_revoked");
/// # Ok(())
/// # });
/// ```
pub struct Authority {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    offload: Arc<dyn Offload>,
    master_keys: Arc<dyn MasterKeySource>,
    settings: AuthoritySettings,
    replica: Arc<Replica>,
    keyring: ArcSwap<Keyring>,
    access_keys: KeySet,
    refresh_keys: KeySet,
    verifier: Arc<Verifier>,
    lookup: Lookup,
    refresh_validator: RefreshValidator,
    throttle: Throttle,
    reloading: tokio::sync::Mutex<()>,
    keys_failed_at: AtomicI64,
    history: history::History,
    writes: watch::WriteWatch,
    acts: activity::Acts,
    system_tenant: TenantId,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("issuer", &self.settings.issuer).finish_non_exhaustive()
    }
}

impl Authority {
    /// What the authority was told when it was made.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// assert_eq!(authority.settings().issuer, "https://auth.example");
    /// # Ok(())
    /// # });
    /// ```
    pub const fn settings(&self) -> &AuthoritySettings {
        &self.settings
    }

    /// The replica of the ledger.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, .. }| {
    /// use rescind::ledger::CutKind;
    ///
    /// authority.revoke_all_own(&ada).await?;
    /// assert_eq!(authority.replica().count(CutKind::User), 1);
    /// # Ok(())
    /// # });
    /// ```
    pub const fn replica(&self) -> &Arc<Replica> {
        &self.replica
    }

    /// Checks access tokens, with every cut.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// // Nothing to wait for: it asks neither the store nor anybody else.
    /// let verified = authority.verifier().verify(pair.access_token.expose_secret(), Expected::Configured)?;
    /// assert_eq!(verified.role(), Some("member"));
    /// # Ok(())
    /// # });
    /// ```
    pub const fn verifier(&self) -> &Arc<Verifier> {
        &self.verifier
    }

    /// The shared cache and the ledger, as checks by look-up ask them.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, ada, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// authority.revoke_all_own(&ada).await?;
    /// let (token, lookup) = (pair.access_token.expose_secret(), authority.lookup());
    /// let refused = authority.verifier().verify_by_lookup(token, Expected::Configured, lookup).await;
    /// assert_eq!(refused.unwrap_err().code(), "token_revoked");
    /// # Ok(())
    /// # });
    /// ```
    pub const fn lookup(&self) -> &Lookup {
        &self.lookup
    }

    /// The present moment.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, clock, .. }| {
    /// use std::time::Duration;
    ///
    /// let before = authority.now();
    /// clock.forward(Duration::from_secs(60));
    /// assert_eq!(authority.now().since(before), Duration::from_secs(60));
    /// # Ok(())
    /// # });
    /// ```
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The clock that the authority goes by.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// assert_eq!(authority.clock().now(), authority.now());
    /// # Ok(())
    /// # });
    /// ```
    pub const fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The randomness that the authority draws from.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// use rescind::entropy::uuid_v7;
    ///
    /// let id = || uuid_v7(authority.now(), &**authority.entropy());
    /// assert_ne!(id(), id());
    /// # Ok(())
    /// # });
    /// ```
    pub const fn entropy(&self) -> &Arc<dyn Entropy> {
        &self.entropy
    }

    /// The id of the reserved tenant `system`.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
    /// use rescind::directory::Scope;
    ///
    /// // Only operators reach it.
    /// assert!(operator.reach(Scope::Admin, authority.system_tenant())?.covers(authority.system_tenant()));
    /// # Ok(())
    /// # });
    /// ```
    pub const fn system_tenant(&self) -> TenantId {
        self.system_tenant
    }

    /// How far `caller` reaches with `scope`.
    fn reach(&self, caller: &Caller, scope: Scope) -> Result<Reach> {
        caller.reach(scope, self.system_tenant)
    }

    /// When an access token that is minted now expires at the latest, by this authority or by another issuer whose tokens the ledger
    /// reaches.
    fn access_exp(&self, now: Timestamp) -> Timestamp {
        // In whole seconds, as `exp` is: so that the store's horizon rises once a second at most.
        Timestamp::from_secs(now.as_secs() + 1).plus(self.settings.access_ttl.max(self.settings.foreign_ttl))
    }
}
