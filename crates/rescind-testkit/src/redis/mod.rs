//! Redis for tests: the real server, which can be killed, hung and failed over.
//!
//! ```no_run
//! # async fn example() {
//! use rescind_testkit::redis::{Redis, Sentinel};
//!
//! let mut redis = Redis::start().await;
//! redis.command(&["SET", "name", "value"]).await;
//! redis.kill().await;
//! redis.restart().await;
//! assert_eq!(redis.command(&["GET", "name"]).await, "");
//!
//! let mut sentinel = Sentinel::start().await;
//! let dead = sentinel.kill_master().await;
//! assert_ne!(sentinel.failed_over(dead).await, dead);
//! # }
//! ```

mod node;
mod options;
mod resp;
mod sentinel;
mod server;

pub use options::RedisOptions;
pub use sentinel::{MASTER, Sentinel};
pub use server::Redis;
