//! nginx for tests: the real one, with a configuration that people are to use.
//!
//! ```no_run
//! # async fn example() {
//! use rescind_testkit::nginx::Site;
//!
//! let site = Site::of("deploy/nginx").listening("127.0.0.1:8000").edit("127.0.0.1:3000", "127.0.0.1:4711");
//! let nginx = site.start().await;
//! println!("{}", nginx.base());
//! # }
//! ```

mod server;
mod site;

pub use server::Nginx;
pub use site::Site;
