//! The protocol, model-checked.
#![allow(clippy::print_stdout, reason = "how many states were gone through is shown with --nocapture")]

mod checking;
mod feed;
mod history;
mod order;
mod refresh;
mod replicas;
