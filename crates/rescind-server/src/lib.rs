//! Rescind over HTTP.
//!
//! [`http`] is the base that every endpoint stands on: typed extractors, problem documents, credentials, the
//! layers and the server loop. It knows nothing of tokens or sessions.

pub mod http;
pub mod telemetry;
