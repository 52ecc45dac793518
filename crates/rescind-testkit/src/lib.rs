//! For Rescind's tests only.
//!
//! - [`clock`]: a clock that is set by hand.
//! - [`mod@conformance`]: what every store promises, as tests that run on any of them.
//! - [`load`]: a small load generator for the benchmarks.
//! - [`process`]: the built server as a fixture, and a small client for its API.

pub mod clock;
pub mod conformance;
pub mod load;
pub mod process;
