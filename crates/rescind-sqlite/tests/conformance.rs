//! SQLite keeps what every store promises.

mod common;

use common::backend;

rescind_testkit::conformance!(backend);
