//! Bad input over HTTP gets a clear, typed refusal, changes nothing, logs no secret, and is never the server's fault.

#[path = "../common_calls/mod.rs"]
mod common_calls;

mod bench;
mod bodies;
mod connections;
mod guessing;
mod heads;
mod oauth;
mod texts;
mod tokens;
