//! What operators see: logs, metrics and traces.

pub mod catalog;
mod counters;
pub mod log;
pub(crate) mod metrics;
mod page;
pub mod trace;

pub(crate) use counters::Counters;
