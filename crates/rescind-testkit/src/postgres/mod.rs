//! PostgreSQL for tests: the real server, private to the test that breaks it, or shared by those that only use it.
//!
//! ```no_run
//! # async fn example() {
//! use rescind_testkit::postgres::{self, Postgres};
//!
//! // To use: a schema of the test's own on a server that the whole run shares.
//! let database = postgres::shared_database().await;
//! let url = database.url();
//!
//! // To break: a server of the test's own.
//! let mut server = Postgres::start().await;
//! let url = server.create_database().await;
//! server.kill().await;
//! server.restart().await;
//! # }
//! ```

mod data;
mod options;
mod programs;
mod server;
mod shared;

pub use data::DataCopy;
pub use options::PostgresOptions;
pub use server::{Postgres, USER};
pub use shared::{SHARED, TestDatabase, own_database, shared_database};
