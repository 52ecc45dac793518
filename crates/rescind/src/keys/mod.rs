//! Keys: made on first start, kept wrapped by the master key, rotated with an overlap, and cut.
//!
//! ```
//! # rescind_examples::run(async |rescind_examples::World { authority, ports, .. }| {
//! use rescind::keys::KeyUse;
//!
//! let (keys, _) = ports.store.keys().await?;
//! let master = ports.master_keys.candidates()?.remove(0);
//! assert!(keys.iter().all(|key| master.open(&key.kid, &key.sealed).is_ok()));
//! // Of those for access tokens the public halves are for everybody; the secrets of refresh tokens are for nobody.
//! let for_access = keys.iter().filter(|key| key.usage == KeyUse::Access);
//! assert_eq!(authority.jwks().keys.len(), for_access.count());
//! # Ok(())
//! # });
//! ```

mod master;
mod plan;
mod record;
mod ring;
mod store;

pub use master::{MasterKey, SealError};
pub(crate) use plan::{KeyPlan, KeyPolicy};
pub use record::{InvalidWord, KeyRecord, KeyState, KeyUse, Sealed};
pub(crate) use ring::{Keyring, KeyringError};
pub use store::{KeyChange, KeyStore, NewKey, Rewrap};
