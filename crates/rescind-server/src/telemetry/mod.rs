//! What operators see: logs, metrics and traces.

pub mod catalog;
mod counters;
pub mod log;
pub mod metrics;
mod page;
pub mod trace;

pub use counters::Counters;
