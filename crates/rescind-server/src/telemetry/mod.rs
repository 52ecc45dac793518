//! What operators see: logs and metrics.

mod counters;
pub mod log;
pub mod metrics;

pub use counters::Counters;
