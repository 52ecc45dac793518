//! Keys: made on first start, kept wrapped by the master key, rotated with an overlap, and cut.

mod master;
mod record;
mod store;

pub use master::{MasterKey, SealError};
pub use record::{KeyRecord, KeyState, KeyUse, Sealed};
pub use store::{KeyChange, KeyStore, NewKey, Rewrap};
