//! What the domain's things look like in JSON: the contract's member names, in one place for API, CLI and pages.

// Where a doc comment has an example, `description` says to the OpenAPI document what stands before it.

mod audit;
mod client;
mod key;
mod mark;
mod revocation;
mod session;
mod tenant;
mod tokens;
mod user;

pub(crate) use audit::AuditView;
pub use client::ClientView;
pub(crate) use client::NewClientView;
pub use key::{KeyView, KeysView};
pub(crate) use mark::MarkView;
pub use revocation::RevocationView;
pub use session::SessionView;
pub use tenant::TenantView;
pub(crate) use tokens::{RenewedView, TokenPairView};
pub use user::UserView;

use rescind::store::Page;

use crate::http::Listing;

/// A page of the domain's things as a page of views.
pub(crate) fn listing<T, V: From<T>>(page: Page<T>) -> Listing<V> {
    Listing { items: page.items.into_iter().map(V::from).collect(), next_cursor: page.next_cursor }
}
