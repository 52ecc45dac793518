//! API clients, for admins.

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};

use crate::authority::error::{Error, Result};
use crate::authority::sign_in::found;
use crate::authority::tenants::check_name;
use crate::authority::{Authority, Caller, Identity, Reach};
use crate::directory::{ApiClient, ClientSecretHash, NewClient, Scope, Scopes, SecretRotation};
use crate::entropy::{random_bytes, uuid_v7};
use crate::id::{ClientId, TenantId};
use crate::store::{Page, PageRequest};

/// An API client to be made.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, .. }| {
/// use rescind::authority::ClientRequest;
///
/// // What a gateway needs that checks tokens of one tenant, and no more.
/// let request = ClientRequest {
///     name: "gateway".into(),
///     scopes: "introspect feed".parse()?,
///     tenant: Some(acme),
///     refresh_requires_secret: false,
/// };
/// let made = authority.create_client(&operator, request).await?;
/// assert_eq!(made.client.tenant, Some(acme));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct ClientRequest {
    /// Its name for people.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The tenant it is bound to; none: that of a tenant's admin, or none for an operator.
    pub tenant: Option<TenantId>,
    /// Whether a refresh of a session that it opened needs its secret.
    pub refresh_requires_secret: bool,
}

/// A client with a secret that is shown this once.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, .. }| {
/// use rescind::authority::{ClientRequest, NewSecret};
/// use secrecy::ExposeSecret as _;
/// # let (name, tenant) = ("gateway".into(), Some(acme));
/// # let request = ClientRequest { name, scopes: "feed".parse()?, tenant, refresh_requires_secret: false };
///
/// let made: NewSecret = authority.create_client(&operator, request).await?;
/// // It is shown to who asked for it, and printed by nobody.
/// assert!(!format!("{made:?}").contains(made.secret.expose_secret()));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// The client.
    pub client: ApiClient,
    /// Its secret.
    pub secret: SecretString,
}

/// What secrets begin with, so that scanners find leaked ones.
const SECRET_PREFIX: &str = "rcs_";

/// For how long an old secret may stay good beside its successor.
const LONGEST_OVERLAP: Duration = Duration::from_secs(30 * 86_400);

impl Authority {
    /// The API client with that id and secret. Wrong id and wrong secret are not told apart.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, .. }| {
    /// use rescind::authority::{ClientRequest, Error};
    ///
    /// let request = ClientRequest {
    ///     name: "gateway".into(),
    ///     scopes: "introspect feed".parse()?,
    ///     tenant: Some(acme),
    ///     refresh_requires_secret: false,
    /// };
    /// let made = authority.create_client(&operator, request).await?;
    ///
    /// let id = made.client.id.to_string();
    /// assert_eq!(authority.authenticate_client(&id, &made.secret).await?.name, "gateway");
    /// let refused = authority.authenticate_client(&id, &"rcs_guessed".into()).await;
    /// assert_eq!(refused.unwrap_err(), Error::InvalidClient);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn authenticate_client(&self, id: &str, secret: &SecretString) -> Result<ApiClient> {
        let now = self.now();
        let given = hash_secret(secret);
        let id = id.parse::<ClientId>().map_err(|_| Error::InvalidClient)?;
        let (client, hashes) = found(self.store.client(id, now).await)?.ok_or(Error::InvalidClient)?;
        let equal = |hash: &ClientSecretHash| verify_slices_are_equal(&hash.0, &given.0).is_ok();
        if !hashes.iter().any(equal) {
            return Err(Error::InvalidClient);
        }
        let stale = client.last_used_at.is_none_or(|at| now.since(at) >= Duration::from_secs(60));
        if stale && let Err(error) = self.store.note_client_use(id, now).await {
            tracing::warn!(%error, "a client's use could not be noted");
        }
        Ok(client)
    }

    /// API clients that the caller reaches.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
    /// use rescind::store::PageRequest;
    ///
    /// let clients = authority.clients(&operator, &PageRequest { limit: 50, cursor: None }).await?;
    /// assert_eq!(clients.items[0].name, "shop");
    /// assert_eq!(clients.next_cursor, None);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn clients(&self, caller: &Caller, page: &PageRequest) -> Result<Page<ApiClient>> {
        let reach = self.reach(caller, Scope::Admin)?;
        Ok(self.store.clients(reach.tenant(), page).await?)
    }

    /// One API client.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
    /// use rescind::store::PageRequest;
    ///
    /// let clients = authority.clients(&operator, &PageRequest { limit: 1, cursor: None }).await?;
    /// let first = &clients.items[0];
    /// assert_eq!(authority.client(&operator, first.id).await?.name, first.name);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] for one that `caller` does not reach, and for one that was deleted.
    pub async fn client(&self, caller: &Caller, client: ClientId) -> Result<ApiClient> {
        let reach = self.reach(caller, Scope::Admin)?;
        let (client, _) = self.store.client(client, self.now()).await?;
        must_reach(reach, &client)?;
        Ok(client)
    }

    /// Makes an API client. A tenant's admin makes clients bound to its tenant, with no more scopes than it may use.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, .. }| {
    /// use rescind::authority::{ClientRequest, Error};
    /// use secrecy::ExposeSecret as _;
    ///
    /// let request = ClientRequest {
    ///     name: "gateway".into(),
    ///     scopes: "introspect feed".parse()?,
    ///     tenant: Some(acme),
    ///     refresh_requires_secret: false,
    /// };
    /// let made = authority.create_client(&operator, request.clone()).await?;
    /// // Only its hash is kept: this is the one time that it can be read.
    /// assert!(made.secret.expose_secret().starts_with("rcs_"));
    ///
    /// let useless = ClientRequest { scopes: "".parse()?, ..request };
    /// let refused = authority.create_client(&operator, useless).await.unwrap_err();
    /// assert!(matches!(refused, Error::Invalid { member: "scopes", .. }));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn create_client(&self, caller: &Caller, request: ClientRequest) -> Result<NewSecret> {
        let reach = self.reach(caller, Scope::Admin)?;
        if let Some(tenant) = request.tenant {
            reach.must_cover(tenant)?;
            self.store.tenant(tenant).await?;
        }
        check_name(&request.name)?;
        if request.scopes == Scopes::default() {
            return Err(Error::Invalid { member: "scopes", why: "at least one" });
        }
        check_scopes(caller, reach, request.scopes)?;
        let now = self.now();
        let secret = self.new_secret();
        let client = NewClient {
            id: ClientId(uuid_v7(now, &*self.entropy)),
            name: request.name,
            scopes: request.scopes,
            tenant: request.tenant.or(reach.tenant()),
            refresh_requires_secret: request.refresh_requires_secret,
            secret: hash_secret(&secret),
        };
        let client = self.store.create_client(client, caller.provenance(now)).await?;
        Ok(NewSecret { client, secret })
    }

    /// Gives a client another secret; the old one stays good for `overlap`.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, clock, acme, .. }| {
    /// use std::time::Duration;
    /// # use rescind::authority::ClientRequest;
    /// # let (name, tenant) = ("gateway".into(), Some(acme));
    /// # let request = ClientRequest { name, scopes: "feed".parse()?, tenant, refresh_requires_secret: false };
    /// # let old = authority.create_client(&operator, request).await?;
    ///
    /// let (id, hour) = (old.client.id, Duration::from_secs(3600));
    /// let new = authority.rotate_client_secret(&operator, id, hour).await?;
    /// // Whoever has not been told of the new one yet goes on for an hour.
    /// assert!(authority.authenticate_client(&id.to_string(), &old.secret).await.is_ok());
    /// clock.forward(hour);
    /// assert!(authority.authenticate_client(&id.to_string(), &old.secret).await.is_err());
    /// assert!(authority.authenticate_client(&id.to_string(), &new.secret).await.is_ok());
    /// # Ok(())
    /// # });
    /// ```
    pub async fn rotate_client_secret(
        &self,
        caller: &Caller,
        client: ClientId,
        overlap: Duration,
    ) -> Result<NewSecret> {
        let reach = self.reach(caller, Scope::Admin)?;
        if overlap > LONGEST_OVERLAP {
            return Err(Error::Invalid { member: "overlap_seconds", why: "at most 30 days" });
        }
        let now = self.now();
        let (known, _) = self.store.client(client, now).await?;
        must_reach(reach, &known)?;
        let secret = self.new_secret();
        let rotation = SecretRotation {
            within: reach.tenant(),
            client,
            secret: hash_secret(&secret),
            old_until: now.plus(overlap),
        };
        let client = self.store.rotate_client_secret(rotation, caller.provenance(now)).await?;
        Ok(NewSecret { client, secret })
    }

    /// Deletes a client, and ends the sessions that it opened.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, backend, pair, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let client = backend.identity.client().ok_or("not a client")?;
    /// authority.delete_client(&operator, client).await?;
    /// // Ada's session was opened by it.
    /// let refused = authority.check(pair.access_token.expose_secret(), Expected::Configured).await;
    /// assert_eq!(refused.unwrap_err().code(), "token_revoked");
    /// # Ok(())
    /// # });
    /// ```
    pub async fn delete_client(&self, caller: &Caller, client: ClientId) -> Result<()> {
        let reach = self.reach(caller, Scope::Admin)?;
        let now = self.now();
        let (known, _) = self.store.client(client, now).await?;
        must_reach(reach, &known)?;
        let by = caller.provenance(now);
        let changed = self.store.delete_client(reach.tenant(), client, self.access_exp(now), by).await?;
        self.wrote(&changed.entries, now);
        Ok(())
    }

    fn new_secret(&self) -> SecretString {
        let bytes: [u8; 32] = random_bytes(&*self.entropy);
        format!("{SECRET_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)).into()
    }
}

fn hash_secret(secret: &SecretString) -> ClientSecretHash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, secret.expose_secret().as_bytes()).as_ref());
    ClientSecretHash(hash)
}

fn must_reach(reach: Reach, client: &ApiClient) -> Result<()> {
    match (reach, client.tenant) {
        (Reach::All, _) => Ok(()),
        (_, Some(tenant)) => reach.must_cover(tenant),
        (_, None) => Err(Error::NotFound),
    }
}

/// Nobody hands out more than it has: keys and metrics are the whole authority's, not a tenant's.
fn check_scopes(caller: &Caller, reach: Reach, asked: Scopes) -> Result<()> {
    if reach.tenant().is_none() {
        return Ok(());
    }
    if let Identity::Client(own) = &caller.identity
        && !own.scopes.cover(asked)
    {
        return Err(Error::Forbidden("no more scopes than the caller has"));
    }
    let for_operators = |scope: Scope| matches!(scope, Scope::KeysWrite | Scope::Metrics);
    if asked.iter().any(for_operators) {
        return Err(Error::Forbidden("keys:write and metrics are for clients that no tenant binds"));
    }
    Ok(())
}
