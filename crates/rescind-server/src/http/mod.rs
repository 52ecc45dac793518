//! What every endpoint stands on, and the [server loop](serve) for whoever serves a router of their own.
//!
//! An endpoint takes `Json`, `Query`, `Path`, `Form`, `Credentials` and `ClientIp`, answers with a DTO or a `Problem`
//! (under `/oauth2` an `OAuthError`), and leaves the rest to `layers::dress`: request ids, timeouts, limits, panics,
//! CORS, headers, metrics.

pub(crate) mod body;
pub(crate) mod client_ip;
pub(crate) mod codes;
pub(crate) mod credentials;
mod descriptors;
pub(crate) mod exchange;
pub(crate) mod form;
pub(crate) mod json;
pub(crate) mod layers;
mod linger;
pub(crate) mod member;
pub(crate) mod oauth_error;
pub(crate) mod page;
pub(crate) mod path;
pub(crate) mod problem;
mod problem_page;
pub(crate) mod query;
mod reading;
pub(crate) mod request_id;
pub(crate) mod scheme;
pub mod serve;
mod watch;

pub(crate) use client_ip::ClientIp;
pub(crate) use codes::Code;
pub(crate) use credentials::{Credentials, OAuthCredentials};
pub(crate) use form::Form;
pub(crate) use json::{Json, NoMembers, OptionalJson};
pub(crate) use oauth_error::{OAuthError, OAuthErrorCode};
pub(crate) use page::{Limit, Listing, Page};
pub(crate) use path::Path;
pub(crate) use problem::Problem;
pub(crate) use problem_page::{ICON as PAGE_ICON, STYLE as PAGE_STYLE};
pub(crate) use query::Query;
pub(crate) use scheme::Scheme;

#[cfg(test)]
mod tests;
