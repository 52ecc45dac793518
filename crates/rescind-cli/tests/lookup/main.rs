//! A server that looks up, whatever happens to its Redis: what was revoked is refused at every door, what was not passes, and
//! Redis is used again when it is back.

#[path = "../support/mod.rs"]
mod support;

mod faults;
mod publishing;
mod rig;
