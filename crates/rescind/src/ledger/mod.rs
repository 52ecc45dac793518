//! The ledger: the durable, append-only record of everything revoked, and what its entries mean to a verifier.

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
