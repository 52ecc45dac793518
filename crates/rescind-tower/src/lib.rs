//! What a service adds to be protected by Rescind: a tower layer, and extractors for axum (feature `axum`).
//!
//! ```
//! # use std::sync::Arc;
//! # use axum::Router;
//! # use axum::routing::get;
//! # use rescind::verifier::Verifier;
//! # use rescind_tower::{Authenticated, Protect};
//! # fn app(verifier: Arc<Verifier>) -> Router {
//! async fn me(caller: Authenticated) -> String {
//!     format!("you are {:?}", caller.user_id())
//! }
//! Router::new().route("/me", get(me)).layer(Protect::new(verifier).audience("https://api.example"))
//! # }
//! ```
//!
//! [`Protect`] works around any tower service of HTTP: axum's, hyper's, tonic's. It turns away by itself whoever has no good token, so
//! that no handler is reached because an extractor was forgotten. A token costs what [`Verifier::verify`] costs: nothing waits, and
//! the layer allocates one extension of the request. Only what asks others ([`Protect::fresh`],
//! [`Protect::by_lookup`]) waits for them.
//!
//! A connection that goes on after its check ends by [`Authenticated::cut`]. The guide `docs/guides/protect-a-service.md` goes
//! through all of it.
//!
//! [`Verifier::verify`]: rescind::verifier::Verifier::verify

#![warn(clippy::unwrap_used, unreachable_pub)]

mod answer;
mod authenticated;
mod credentials;
mod denial;
#[cfg(feature = "axum")]
mod extract;
mod pass;
mod policy;
mod protect;
mod scope;
mod service;

pub use answer::{Bodies, NoBodies, Problems};
pub use authenticated::Authenticated;
pub use denial::{Denial, Reason};
#[cfg(feature = "axum")]
pub use extract::{InTenant, Require, Requirement};
pub use protect::Protect;
pub use service::{Answering, Protected};

// The guide's examples compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/protect-a-service.md")]
struct Guide;
