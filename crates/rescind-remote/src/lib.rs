//! A verifier of Rescind's tokens for another process.
//!
//! It reads the authority's public keys and follows its feed of revocations over HTTP, and checks tokens with the same
//! [`Verifier`](rescind::verifier::Verifier), by the same policies, as the authority does itself: locally, with no request to anybody.
//! There is no database and no server in it. `docs/guides/remote-verifier.md` is about running it, `docs/feed.md` about the protocol.
//!
//! ```no_run
//! use std::time::Duration;
//! use rescind::token::Expected;
//! use rescind_remote::Remote;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let remote = Remote::builder("https://auth.example")
//!     .client(std::env::var("CLIENT_ID")?, std::env::var("CLIENT_SECRET")?)
//!     .audiences(["https://api.example"])
//!     .state_dir("/var/lib/my-service/rescind")
//!     .start()
//!     .await?;
//! remote.ready().await;
//!
//! # let token = "not a token";
//! match remote.verify(token, Expected::Configured).await {
//!     Ok(token) => println!("user {:?} of {:?}", token.user_id(), token.tenant_id()),
//!     Err(refusal) => println!("refused: {}", refusal.code()),
//! }
//!
//! // Before what must not happen once more, such as a payment: against all that is revoked by now.
//! let fresh = remote.verify_fresh(token, Expected::Configured, Duration::from_secs(2)).await;
//! # drop(fresh);
//! # Ok(())
//! # }
//! ```
//!
//! # What an authority can do to it
//!
//! Nothing that an authority says makes it forget what it knows to be revoked, or takes more memory than it was given. One that
//! is gone, slow, or talks nonsense makes it stale, and no more: within
//! [`max_staleness`](rescind::verifier::FreshnessPolicy::max_staleness) it goes on with what it knows, and beyond that does as
//! [`on_stale`](rescind::verifier::FreshnessPolicy::on_stale) says. [`Remote::status`] tells what is the matter.

#![warn(clippy::unwrap_used, unreachable_pub)]

mod address;
mod builder;
mod disk;
mod feed;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod head;
mod http;
mod keys;
mod pace;
mod remote;
mod shared;
mod status;
mod tasks;
mod timing;
mod tls;
mod trouble;

pub use address::InvalidUrl;
pub use builder::{Builder, StartError};
pub use remote::Remote;
pub use status::Status;
pub use timing::Timing;
pub use tls::InvalidRoots;
pub use trouble::Trouble;

/// The guide's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/remote-verifier.md")]
struct Guide;

/// And those of the guide for platforms with an issuer of their own.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/own-issuer.md")]
struct OwnIssuerGuide;
