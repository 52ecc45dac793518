//! What every endpoint stands on.
//!
//! An endpoint takes [`Json`], [`Query`], [`Path`], [`Form`], [`Credentials`] and [`ClientIp`], answers with a
//! DTO or a [`Problem`] (under `/oauth2` an [`OAuthError`]), and leaves the rest to [`layers::dress`]: request
//! ids, timeouts, limits, panics, CORS, headers, metrics.

pub(crate) mod body;
pub mod client_ip;
pub mod codes;
pub mod credentials;
mod descriptors;
pub mod exchange;
pub mod form;
pub mod json;
pub mod layers;
mod linger;
pub mod member;
pub mod oauth_error;
pub mod page;
pub mod path;
pub mod problem;
mod problem_page;
pub mod query;
mod reading;
pub mod request_id;
pub mod scheme;
pub mod serve;
mod watch;

pub use client_ip::ClientIp;
pub use codes::Code;
pub use credentials::{Credentials, OAuthCredentials};
pub use form::Form;
pub use json::{Json, NoMembers, OptionalJson};
pub use oauth_error::{OAuthError, OAuthErrorCode};
pub use page::{Limit, Listing, Page};
pub use path::Path;
pub use problem::Problem;
pub(crate) use problem_page::{ICON as PAGE_ICON, STYLE as PAGE_STYLE};
pub use query::Query;
pub use request_id::RequestId;
pub use scheme::Scheme;

#[cfg(test)]
mod tests;
