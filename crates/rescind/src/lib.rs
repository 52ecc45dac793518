//! JWTs you can take back.
//!
//! This crate is Rescind's domain: typed access and refresh tokens, the sessions behind them, the ledger of
//! everything revoked, the in-memory replica of that ledger that every verifier carries, and the
//! [`authority`] that ties them together. It does no I/O and reads neither the wall clock nor
//! the operating system's randomness: a [`clock::Clock`], an [`entropy::Entropy`] and a store are passed in
//! ([`system`] holds the real clock and the real randomness).
//!
//! ```
//! # rescind_examples::run(async |rescind_examples::World { authority, backend, handover, operator, .. }| {
//! use rescind::token::Expected;
//! use secrecy::ExposeSecret as _;
//!
//! // A backend knows who signs in, and is handed two tokens for it.
//! let pair = authority.hand_over(&backend, handover).await?;
//! let token = pair.access_token.expose_secret();
//! assert!(authority.check(token, Expected::Configured).await.is_ok());
//!
//! // The phone was stolen: from here on no verifier takes them.
//! authority.end_session(&operator, pair.session_id, Some("stolen".into())).await?;
//! let refused = authority.check(token, Expected::Configured).await.unwrap_err();
//! assert_eq!(refused.code(), "token_revoked");
//! # Ok(())
//! # });
//! ```

#![warn(clippy::unwrap_used, unreachable_pub)]
// The tests in here are not for shuttle's atomics: where those are compiled in, nothing is left to test.
#![cfg(not(all(test, interleaved)))]

pub mod audit;
pub mod authority;
pub mod clock;
pub mod directory;
pub mod entropy;
pub mod id;
pub mod keys;
pub mod ledger;
pub mod lookup;
pub mod replica;
pub mod session;
pub mod store;
mod sync;
pub mod system;
mod tally;
pub mod token;
pub mod transfer;
pub mod verifier;
