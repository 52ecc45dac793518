//! The ledger: the durable, append-only record of everything revoked, and what its entries mean to a verifier.
//!
//! ```
//! # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, .. }| {
//! use rescind::ledger::CutKind;
//! use rescind::replica::{Replica, TokenFacts};
//! use rescind::system::SystemEntropy;
//!
//! let me = ada.signed_in()?;
//! let entry = authority.revoke_user(&operator, me.user, Some(me.tenant), None).await?.entry;
//!
//! // Whoever reads it, wherever, refuses the tokens of before.
//! let replica = Replica::new(&SystemEntropy, authority.settings().leeway);
//! replica.apply(&entry.mark, authority.now());
//! let (user, tenant) = (Some(me.user), Some(me.tenant));
//! let with = |token_version| TokenFacts { user, tenant, token_version, ..TokenFacts::default() };
//! assert_eq!(replica.evaluate(&with(Some(0))), Some(CutKind::User));
//! assert_eq!(replica.evaluate(&with(entry.mark.min_version)), None);
//! # Ok(())
//! # });
//! ```

mod cursor;
mod draft;
mod entry;
mod mark;
pub mod snapshot;
mod store;

pub use cursor::{Cursor, InvalidCursor};
pub use draft::Draft;
pub use entry::Entry;
pub use mark::{CutKind, InvalidMark, Mark, MarkIdentity, MarkKey, PlacedMark, TokenKey};
pub use store::{
    Cut, CutOutcome, CutTarget, EntryFilter, Follow, HORIZON_STEP, Head, LedgerStore, PurgeOutcome,
    PurgeRequest, RETENTION, Reinstate,
};

/// The name of the field of the feed's answers that says whose marks they have: the id of the one tenant that binds the reader, whose marks are there
/// beside those that hold for everybody, or `*`, for every tenant's.
///
/// ```
/// // As names are written in HTTP/2 (RFC 9113 §8.2.1); in HTTP/1.1 the case does not count.
/// assert_eq!(rescind::ledger::TENANT_FIELD, "rescind-tenant");
/// ```
pub const TENANT_FIELD: &str = "rescind-tenant";
