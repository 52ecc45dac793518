//! Rescind over HTTP.
//!
//! A [`Node`] is an authority at work over a store that it does not choose: what must go on beside the requests, and the whole HTTP API as
//! a router, which [`http::serve`] serves. [`run`] is the whole of `rescind serve`: from [settings](config) to answered requests, and down
//! again in order. [`openapi`] describes the API, [`view`] has the JSON forms that the command line shows too, and [`telemetry`] starts the
//! log.

#![warn(clippy::unwrap_used, unreachable_pub)]

mod api;
mod app;
mod caller;
pub mod config;
mod error;
mod feed;
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
pub use run::{Foundation, NotOpened, Opener, Opening, Serve, ServeError, StartedInfo, run};
