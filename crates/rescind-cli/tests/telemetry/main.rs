//! What whoever watches over a server is shown: metrics, traces and lines of the log.

#[path = "../support/mod.rs"]
mod support;

mod collector;
mod counts;
mod exposition;
mod logs;
mod queries;
mod traces;
