//! The running server as a fixture: the real binary, on a real socket, over a real data directory.
//!
//! ```no_run
//! # async fn example() {
//! use rescind_testkit::process::{Options, Server};
//!
//! // In a test of rescind-cli: Options::new(env!("CARGO_BIN_EXE_rescind"))
//! let mut server = Server::start(Options::new("rescind").env("RESCIND_ACCESS_TTL", "1m")).await;
//! let pair = server.api().login(server.admin_email(), &server.admin_password()).await.expect(200);
//! server.kill9().await;
//! server.restart().await;
//! server.api().refresh(pair.text("refresh_token")).await.expect(200);
//! # }
//! ```

mod api;
mod options;
mod output;
mod program;
mod reply;
mod server;

pub use api::{Api, Client, Credentials};
pub use options::{Options, command};
pub use output::Output;
pub use program::Program;
pub use reply::Reply;
pub use server::{Refused, Server};
