//! Rescind over HTTP.
//!
//! [`http`] is the base that every endpoint stands on: typed extractors, problem documents, credentials, the
//! layers and the server loop. It knows nothing of tokens or sessions. [`config`] reads the settings, [`telemetry`]
//! tells operators what happens, [`openapi`] tells callers what there is. On these stand the JSON API, the OAuth
//! endpoints, the [`feed`] of revocations and what proxies ask; `tasks` run beside the requests. A [`Node`] puts all of it together over a
//! store that it does not choose; [`run`] serves one until it is told to stop.

#![warn(clippy::unwrap_used)]
mod api;
mod app;
mod caller;
pub mod config;
mod error;
pub mod feed;
mod fresh;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod http;
mod node;
mod oauth;
pub mod openapi;
mod proxy;
mod router;
mod run;
mod site;
mod tasks;
pub mod telemetry;
pub mod view;
mod waiting;

pub use node::{Node, Web, system_ports};
pub use router::routes;
pub use run::{Foundation, NotOpened, Opener, Opening, Serve, ServeError, StartedInfo, run};
