//! What operators see: logs and metrics.

mod counters;
pub mod log;
pub(crate) mod metrics;
mod node;

pub(crate) use counters::Counters;
