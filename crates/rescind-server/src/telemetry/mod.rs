//! What operators see: logs and metrics.

mod counters;
pub mod log;
pub mod metrics;
mod node;

pub use counters::Counters;
