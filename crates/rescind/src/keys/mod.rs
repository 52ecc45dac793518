//! Keys: made on first start, kept wrapped by the master key, rotated with an overlap, and cut.

mod master;
mod plan;
mod record;
mod ring;
mod store;

pub use master::{MasterKey, SealError};
pub use plan::{KeyPlan, KeyPolicy};
pub use record::{InvalidWord, KeyRecord, KeyState, KeyUse, Sealed};
pub use ring::{Keyring, KeyringError};
pub use store::{KeyChange, KeyStore, NewKey, Rewrap};
