//! For Rescind's tests only.
//!
//! - [`load`]: a small load generator for the benchmarks.
//! - [`process`]: the built server as a fixture, and a small client for its API.

pub mod load;
pub mod process;
