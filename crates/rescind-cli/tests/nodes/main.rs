//! Several nodes on one PostgreSQL, and what may befall them.

#[path = "../support/mod.rs"]
mod support;

mod caches;
mod faults;
mod fleet;
mod fresh;
mod history;
mod leader;
mod load;
mod look_up;
mod metrics;
mod moving;
mod outage;
mod race;
mod revoke;
mod start;
mod upgrade;
