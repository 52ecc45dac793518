//! Tenants, users and API clients.
//!
//! ```
//! # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, .. }| {
//! use rescind::authority::{TenantRequest, UserRequest};
//!
//! let ada = |tenant| UserRequest {
//!     email: "ada@example.com".into(),
//!     role: "member".into(),
//!     tenant: Some(tenant),
//!     password: None,
//! };
//! assert!(authority.create_user(&operator, ada(acme)).await.is_err(), "there she is already");
//! // In another tenant that email is somebody else's.
//! let globex = TenantRequest { slug: "globex".into(), name: None, id: None };
//! let globex = authority.create_tenant(&operator, globex).await?.id;
//! assert_eq!(authority.create_user(&operator, ada(globex)).await?.tenant, globex);
//! # Ok(())
//! # });
//! ```

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
