//! What the end-to-end tests over all calls share: the table of calls, and tenants with everything in them.

#![allow(dead_code, reason = "each test uses its part")]

pub(crate) mod facts;
#[path = "../support/store.rs"]
pub(crate) mod store;
pub(crate) mod table;
pub(crate) mod world;
