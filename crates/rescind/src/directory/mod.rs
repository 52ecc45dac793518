//! Tenants, users and API clients.

mod client;
pub mod password;
mod scope;
mod store;
mod tenant;
mod user;

pub use client::{ApiClient, ClientSecretHash, NewClient};
pub use scope::{InvalidScope, Scope, Scopes};
pub use store::{
    Changed, DirectoryStore, FirstStart, SecretRotation, TenantChange, UserChange, UserEffect, UserFilter,
};
pub use tenant::{DEFAULT_TENANT, NewTenant, SYSTEM_TENANT, Tenant};
pub use user::{ADMIN_ROLE, Credentials, NewUser, PasswordHash, Standing, User};
