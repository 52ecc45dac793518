//! Tenants, users and API clients.

mod clients;
mod first;
mod raise;
mod remove;
mod tenants;
mod users;

use rescind::clock::Timestamp;
use rescind::directory::{
    ApiClient, Changed, ClientSecretHash, Credentials, DirectoryStore, FirstStart, NewClient, NewTenant,
    NewUser, SecretRotation, Tenant, TenantChange, User, UserChange, UserFilter,
};
use rescind::id::{ClientId, TenantId, UserId};
use rescind::store::{Answer, Page, PageRequest, Provenance};

use crate::SqliteStore;

pub(crate) use raise::{Cause, Raise, leave_tombstone, note_raise, raise_tenant, raise_user, standing_of};
pub(crate) use tenants::find_tenant;
#[cfg(test)]
pub(crate) use users::query as listing;
pub(crate) use users::{NewUserRow, find_user, insert_user, set_profile};

impl DirectoryStore for SqliteStore {
    fn first_start(&self, first: FirstStart) -> Answer<'_, bool> {
        self.write(move |tx| first::first_start(tx, &first))
    }

    fn tenant(&self, id: TenantId) -> Answer<'_, Tenant> {
        self.read(move |conn| find_tenant(conn, id))
    }

    fn tenant_by_slug<'a>(&'a self, slug: &'a str) -> Answer<'a, Tenant> {
        let slug = slug.to_owned();
        self.read(move |conn| tenants::by_slug(conn, &slug))
    }

    fn tenants<'a>(&'a self, page: &'a PageRequest) -> Answer<'a, Page<Tenant>> {
        let page = page.clone();
        self.read(move |conn| tenants::list(conn, &page))
    }

    fn create_tenant(&self, tenant: NewTenant, by: Provenance) -> Answer<'_, Tenant> {
        self.write(move |tx| tenants::create(tx, &tenant, &by))
    }

    fn change_tenant(&self, change: TenantChange) -> Answer<'_, Changed<Tenant>> {
        self.write(move |tx| tenants::change(tx, &change))
    }

    fn user(&self, tenant: Option<TenantId>, id: UserId) -> Answer<'_, User> {
        self.read(move |conn| match tenant {
            Some(tenant) => find_user(conn, tenant, id),
            None => users::find_anywhere(conn, id),
        })
    }

    fn credentials(&self, tenant: TenantId, id: UserId) -> Answer<'_, Credentials> {
        self.read(move |conn| users::credentials(conn, tenant, id))
    }

    fn credentials_by_email<'a>(&'a self, tenant: TenantId, email: &'a str) -> Answer<'a, Credentials> {
        let email = email.to_owned();
        self.read(move |conn| users::credentials_by_email(conn, tenant, &email))
    }

    fn users<'a>(&'a self, filter: &'a UserFilter, page: &'a PageRequest) -> Answer<'a, Page<User>> {
        let (filter, page) = (filter.clone(), page.clone());
        self.read(move |conn| users::list(conn, &filter, &page))
    }

    fn create_user(&self, user: NewUser, action: &'static str, by: Provenance) -> Answer<'_, User> {
        self.write(move |tx| users::create(tx, &user, action, &by))
    }

    fn change_user(&self, change: UserChange) -> Answer<'_, Changed<User>> {
        self.write(move |tx| users::change(tx, &change))
    }

    fn delete_user(
        &self,
        tenant: TenantId,
        id: UserId,
        may_touch_admins: bool,
        access_exp: Timestamp,
        by: Provenance,
    ) -> Answer<'_, Changed<()>> {
        self.write(move |tx| remove::delete_user(tx, tenant, id, may_touch_admins, access_exp, &by))
    }

    fn client(&self, id: ClientId, now: Timestamp) -> Answer<'_, (ApiClient, Vec<ClientSecretHash>)> {
        self.read(move |conn| clients::find(conn, id, now))
    }

    fn clients<'a>(&'a self, tenant: Option<TenantId>, page: &'a PageRequest) -> Answer<'a, Page<ApiClient>> {
        let page = page.clone();
        self.read(move |conn| clients::list(conn, tenant, &page))
    }

    fn create_client(&self, client: NewClient, by: Provenance) -> Answer<'_, ApiClient> {
        self.write(move |tx| clients::create(tx, &client, &by))
    }

    fn rotate_client_secret(&self, rotation: SecretRotation, by: Provenance) -> Answer<'_, ApiClient> {
        self.write(move |tx| clients::rotate_secret(tx, &rotation, &by))
    }

    fn delete_client(
        &self,
        within: Option<TenantId>,
        id: ClientId,
        access_exp: Timestamp,
        by: Provenance,
    ) -> Answer<'_, Changed<()>> {
        self.write(move |tx| clients::delete(tx, within, id, access_exp, &by))
    }

    fn note_client_use(&self, id: ClientId, at: Timestamp) -> Answer<'_, ()> {
        Box::pin(async move {
            // Nearly always there is nothing to write, and a reader finds that out without waiting for the writer.
            if self.read(move |conn| clients::is_use_news(conn, id, at)).await? {
                self.write(move |tx| clients::note_use(tx, id, at)).await?;
            }
            Ok(())
        })
    }
}
