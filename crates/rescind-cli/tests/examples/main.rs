//! The services in `examples/`, as they stand there, against the real server.

#[path = "../support/mod.rs"]
mod support;

mod desk;
mod foreign;
mod remote;
mod service;
