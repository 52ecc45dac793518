//! PostgreSQL keeps what every store promises.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod common;

use common::backend;

rescind_testkit::conformance!(backend);
