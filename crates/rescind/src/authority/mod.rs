//! The authority: holds the signing keys and the store; opens sessions, refreshes, revokes.
//!
//! One file per thing that it does. Every verb takes the [`Caller`] first, decides whether it may and how far it reaches, and
//! leaves what must be atomic to one verb of the store.

mod account;
mod audit;
mod caller;
mod check;
mod clients;
mod error;
mod feed;
mod follow;
mod history;
mod identity;
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

pub use caller::{Caller, Identity, Origin, Reach, SignedIn};
pub use check::{Introspection, RefreshIntrospection};
pub use clients::{ClientRequest, NewSecret};
pub use error::{Error, Result};
pub use feed::FeedReader;
pub use follow::{FollowListener, Followed};
pub use history::HistoryCounts;
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
pub use throttle::{Attempt, Refused, Throttle};
pub use users::{UserRequest, UserUpdate};
pub use watch::Backlog;

/// The authority. Cheap to share behind an [`Arc`].
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
    system_tenant: TenantId,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("issuer", &self.settings.issuer).finish_non_exhaustive()
    }
}

impl Authority {
    /// What the authority was told when it was made.
    pub const fn settings(&self) -> &AuthoritySettings {
        &self.settings
    }

    /// The replica of the ledger.
    pub const fn replica(&self) -> &Arc<Replica> {
        &self.replica
    }

    /// Checks access tokens, with every cut.
    pub const fn verifier(&self) -> &Arc<Verifier> {
        &self.verifier
    }

    /// The shared cache and the ledger, as checks by look-up ask them.
    pub const fn lookup(&self) -> &Lookup {
        &self.lookup
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The clock that the authority goes by.
    pub const fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The randomness that the authority draws from.
    pub const fn entropy(&self) -> &Arc<dyn Entropy> {
        &self.entropy
    }

    /// The id of the reserved tenant `system`.
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
