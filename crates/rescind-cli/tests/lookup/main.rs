//! A server with a Redis, in either way of checking and whatever happens to it: what was revoked is refused at every door, what
//! was not passes, and Redis is used again when it is back.

#[path = "../support/mod.rs"]
mod support;

mod faults;
mod publishing;
mod rig;
