//! The feed on a real server: what a verifier in another process is told, whatever happens to its connection.

#[path = "../support/mod.rs"]
mod support;

mod clock;
mod cursors;
mod cuts;
mod ending;
mod events;
mod flood;
mod reader;
mod resuming;
mod slow;
mod snapshots;
mod tenants;
