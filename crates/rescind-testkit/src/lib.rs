//! For Rescind's tests only.
//!
//! - [`process`]: the built server as a fixture, and a small client for its API.

pub mod process;
