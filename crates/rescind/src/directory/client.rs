//! API clients: backends, gateways and tools that call the authority on their own behalf.

use std::fmt;

use crate::clock::Timestamp;
use crate::directory::{Scope, Scopes};
use crate::id::{ClientId, TenantId};

/// An API client.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, .. }| {
/// use rescind::directory::Scope;
/// # let page = rescind::store::PageRequest { limit: 50, cursor: None };
///
/// let shop = authority.clients(&operator, &page).await?.items.remove(0);
/// assert_eq!((shop.name.as_str(), shop.tenant), ("shop", Some(acme)));
/// assert!(shop.scopes.allow(Scope::SessionsWrite));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiClient {
    /// Its id, the `client_id` of RFC 6749 §2.2.
    pub id: ClientId,
    /// Its name for people.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The tenant it is bound to; none: it reaches all tenants.
    pub tenant: Option<TenantId>,
    /// Whether a refresh of a session that it opened needs its secret.
    pub refresh_requires_secret: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last proved its secret, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiClient {
    /// Whether it rules everything: it has the scope `admin`, and no tenant binds it.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { backend, .. }| {
    /// use rescind::authority::Identity;
    ///
    /// let Identity::Client(client) = &backend.identity else { panic!("a backend is a client") };
    /// assert!(!client.is_operator(), "a tenant binds it");
    /// # Ok(())
    /// # });
    /// ```
    pub fn is_operator(&self) -> bool {
        self.tenant.is_none() && self.scopes.allow(Scope::Admin)
    }
}

/// An API client to be made.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, acme, .. }| {
/// use rescind::directory::{ClientSecretHash, NewClient, Scope};
/// # let id = rescind::id::ClientId(uuid::Uuid::from_u128(9));
///
/// let new = NewClient {
///     id,
///     name: "shop on the phone".into(),
///     scopes: [Scope::SessionsWrite].into_iter().collect(),
///     tenant: Some(acme),
///     // A phone cannot keep a secret.
///     refresh_requires_secret: false,
///     secret: ClientSecretHash([7; 32]),
/// };
/// let made = ports.store.create_client(new, operator.provenance(authority.now())).await?;
/// assert!(!made.is_operator());
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClient {
    /// Its id.
    pub id: ClientId,
    /// Its name for people.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The tenant it is bound to.
    pub tenant: Option<TenantId>,
    /// Whether a refresh of a session that it opened needs its secret.
    pub refresh_requires_secret: bool,
    /// The hash of its secret.
    pub secret: ClientSecretHash,
}

/// SHA-256 of a client secret. The secret has 256 random bits, so that a fast hash is enough: there is nothing
/// to guess.
///
/// ```
/// use rescind::directory::ClientSecretHash;
///
/// assert_eq!(format!("{:?}", ClientSecretHash([7; 32])), "ClientSecretHash(…)");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClientSecretHash(pub [u8; 32]);

impl fmt::Debug for ClientSecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecretHash(…)")
    }
}
