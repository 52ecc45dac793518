//! From what a person types to ids: a user by id or email, a tenant by id or slug.

use rescind::authority::Caller;
use rescind::directory::{Tenant, User, UserFilter};
use rescind::id::{SessionId, TenantId, UserId};
use rescind::store::{PageRequest, StoreError};

use crate::failure::Failure;
use crate::open::Admin;
use crate::output::harmless;

impl Admin {
    /// A tenant by its id or its slug.
    pub(crate) async fn tenant(&self, text: &str) -> Result<Tenant, Failure> {
        let found = match text.parse::<TenantId>() {
            Ok(id) => self.store().tenant(id).await,
            Err(_) => self.store().tenant_by_slug(text).await,
        };
        found.map_err(|error| missing(error, "tenant", text))
    }

    /// The id of a tenant that may have been named.
    pub(crate) async fn optional_tenant(&self, text: Option<&str>) -> Result<Option<TenantId>, Failure> {
        match text {
            Some(text) => Ok(Some(self.tenant(text).await?.id)),
            None => Ok(None),
        }
    }

    /// A user by its id or its email; of any tenant, unless one is named.
    pub(crate) async fn user(&self, text: &str, tenant: Option<&str>) -> Result<User, Failure> {
        let tenant = self.optional_tenant(tenant).await?;
        match text.parse::<UserId>() {
            Ok(id) => self.store().user(tenant, id).await.map_err(|error| match error {
                StoreError::Ambiguous => Failure::Ambiguous(format!("several tenants have a user {text}")),
                other => missing(other, "user", text),
            }),
            Err(_) => self.user_by_email(text, tenant).await,
        }
    }

    async fn user_by_email(&self, email: &str, tenant: Option<TenantId>) -> Result<User, Failure> {
        let wanted = UserFilter { tenant, email: Some(email.to_owned()), ..UserFilter::default() };
        let two = PageRequest { limit: 2, cursor: None };
        let mut found = self.authority.users(&Caller::command_line(), wanted, &two).await?.items;
        if found.len() > 1 {
            return Err(Failure::Ambiguous(format!("several tenants have a user {}", harmless(email))));
        }
        found.pop().ok_or_else(|| missing(StoreError::NotFound, "user", email))
    }
}

/// A session's id, as an argument.
pub(crate) fn session_id(text: &str) -> Result<SessionId, String> {
    let why = "a session is named by its id, a UUID: `rescind sessions list --user WHO` lists them";
    text.parse().map_err(|_| why.to_owned())
}

/// For something that was named: says which, where it is not there.
pub(crate) fn missing(error: StoreError, kind: &str, text: &str) -> Failure {
    match error {
        StoreError::NotFound => Failure::NoSuch(format!("{kind} {}", harmless(text))),
        other => other.into(),
    }
}
