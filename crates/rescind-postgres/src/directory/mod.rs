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

use crate::PostgresStore;
use crate::tx::{read, write};

pub(crate) use raise::{Cause, Raise, lock_foreign_user, raise_tenant, raise_user, standing_of};
pub(crate) use tenants::{find_tenant, lock_tenant};
pub(crate) use users::{NewUserRow, find_user, insert_user, lock_user, set_profile};

impl DirectoryStore for PostgresStore {
    fn first_start(&self, first: FirstStart) -> Answer<'_, bool> {
        write!(self, |tx| first::first_start(tx, &first))
    }

    fn tenant(&self, id: TenantId) -> Answer<'_, Tenant> {
        read!(self, |conn| find_tenant(conn, id))
    }

    fn tenant_by_slug<'a>(&'a self, slug: &'a str) -> Answer<'a, Tenant> {
        read!(self, |conn| tenants::by_slug(conn, slug))
    }

    fn tenants<'a>(&'a self, page: &'a PageRequest) -> Answer<'a, Page<Tenant>> {
        read!(self, |conn| tenants::list(conn, page))
    }

    fn create_tenant(&self, tenant: NewTenant, by: Provenance) -> Answer<'_, Tenant> {
        write!(self, |tx| tenants::create(tx, &tenant, &by))
    }

    fn change_tenant(&self, change: TenantChange) -> Answer<'_, Changed<Tenant>> {
        write!(self, |tx| tenants::change(tx, &change))
    }

    fn user(&self, tenant: Option<TenantId>, id: UserId) -> Answer<'_, User> {
        read!(self, |conn| async {
            match tenant {
                Some(tenant) => find_user(conn, tenant, id).await,
                None => users::find_anywhere(conn, id).await,
            }
        })
    }

    fn credentials(&self, tenant: TenantId, id: UserId) -> Answer<'_, Credentials> {
        read!(self, |conn| users::credentials(conn, tenant, id))
    }

    fn credentials_by_email<'a>(&'a self, tenant: TenantId, email: &'a str) -> Answer<'a, Credentials> {
        read!(self, |conn| users::credentials_by_email(conn, tenant, email))
    }

    fn users<'a>(&'a self, filter: &'a UserFilter, page: &'a PageRequest) -> Answer<'a, Page<User>> {
        read!(self, |conn| users::list(conn, filter, page))
    }

    fn create_user(&self, user: NewUser, action: &'static str, by: Provenance) -> Answer<'_, User> {
        write!(self, |tx| users::create(tx, &user, action, &by))
    }

    fn change_user(&self, change: UserChange) -> Answer<'_, Changed<User>> {
        write!(self, |tx| users::change(tx, &change))
    }

    fn delete_user(
        &self,
        tenant: TenantId,
        id: UserId,
        may_touch_admins: bool,
        access_exp: Timestamp,
        by: Provenance,
    ) -> Answer<'_, Changed<()>> {
        write!(self, |tx| remove::delete_user(tx, tenant, id, may_touch_admins, access_exp, &by))
    }

    fn client(&self, id: ClientId, now: Timestamp) -> Answer<'_, (ApiClient, Vec<ClientSecretHash>)> {
        read!(self, |conn| clients::find(conn, id, now))
    }

    fn clients<'a>(&'a self, tenant: Option<TenantId>, page: &'a PageRequest) -> Answer<'a, Page<ApiClient>> {
        read!(self, |conn| clients::list(conn, tenant, page))
    }

    fn create_client(&self, client: NewClient, by: Provenance) -> Answer<'_, ApiClient> {
        write!(self, |tx| clients::create(tx, &client, &by))
    }

    fn rotate_client_secret(&self, rotation: SecretRotation, by: Provenance) -> Answer<'_, ApiClient> {
        write!(self, |tx| clients::rotate_secret(tx, &rotation, &by))
    }

    fn delete_client(
        &self,
        within: Option<TenantId>,
        id: ClientId,
        access_exp: Timestamp,
        by: Provenance,
    ) -> Answer<'_, Changed<()>> {
        write!(self, |tx| clients::delete(tx, within, id, access_exp, &by))
    }

    fn note_client_use(&self, id: ClientId, at: Timestamp) -> Answer<'_, ()> {
        Box::pin(async move {
            // Nearly always there is nothing to write, and a reader locks nothing.
            let news: Answer<'_, bool> = read!(self, |conn| clients::is_use_news(conn, id, at));
            if news.await? {
                let noted: Answer<'_, ()> = write!(self, |tx| clients::note_use(tx, id, at));
                noted.await?;
            }
            Ok(())
        })
    }
}
