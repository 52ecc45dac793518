//! What the domain's things look like in JSON: the contract's member names, in one place for API, CLI and pages.

mod audit;
mod client;
mod key;
mod mark;
mod revocation;
mod session;
mod tenant;
mod tokens;
mod user;

pub use audit::AuditView;
pub use client::{ClientView, NewClientView};
pub use key::{KeyView, KeysView};
pub use mark::MarkView;
pub use revocation::RevocationView;
pub use session::SessionView;
pub use tenant::TenantView;
pub use tokens::{RenewedView, TokenPairView};
pub use user::UserView;

use rescind::store::Page;

use crate::http::Listing;

/// A page of the domain's things as a page of views.
pub fn listing<T, V: From<T>>(page: Page<T>) -> Listing<V> {
    Listing { items: page.items.into_iter().map(V::from).collect(), next_cursor: page.next_cursor }
}
