//! For Rescind's tests only.
//!
//! - [`browser`]: a real browser, for the pages.
//! - [`clock`]: a clock that is set by hand.
//! - [`mod@conformance`]: what every store promises, as tests that run on any of them.
//! - [`load`]: a small load generator for the benchmarks.
//! - [`nginx`]: nginx with a configuration that people are to use.
//! - [`postgres`]: a PostgreSQL that can be broken, and one that is shared.
//! - [`process`]: the built server as a fixture, and a small client for its API.
//! - [`program`]: any other program that listens.
//! - [`proxy`]: the network between two programs, which can be broken.
//! - [`redis`]: a Redis that can be broken, and one with sentinels that can be failed over.

pub mod browser;
mod certificate;
pub mod clock;
pub mod conformance;
mod daemon;
pub mod load;
pub mod nginx;
mod port;
pub mod postgres;
pub mod process;
pub mod program;
pub mod proxy;
pub mod redis;
