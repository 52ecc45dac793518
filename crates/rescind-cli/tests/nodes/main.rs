//! Several nodes on one PostgreSQL, and what may befall them.

#[path = "../support/mod.rs"]
mod support;

mod faults;
mod fleet;
mod leader;
mod load;
mod outage;
mod race;
mod revoke;
mod start;
