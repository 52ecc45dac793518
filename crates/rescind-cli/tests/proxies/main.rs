//! nginx before a backend, with the very files in `deploy/nginx`: who passes, what the backend and the authority are told, and what
//! happens when the authority cannot be asked.

#[path = "../support/mod.rs"]
mod support;

mod asking;
mod caching;
mod documented;
mod failing;
mod front;
mod passing;
mod peer;
mod revoking;
mod rig;
mod sockets;
mod spoofing;
