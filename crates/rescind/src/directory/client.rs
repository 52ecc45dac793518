//! API clients: backends, gateways and tools that call the authority on their own behalf.

use std::fmt;

use crate::clock::Timestamp;
use crate::directory::{Scope, Scopes};
use crate::id::{ClientId, TenantId};

/// An API client.
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
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClientSecretHash(pub [u8; 32]);

impl fmt::Debug for ClientSecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecretHash(…)")
    }
}
