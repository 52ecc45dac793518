//! As much of the feed as is read from the store.

#[path = "../feed/cuts.rs"]
mod cuts;
#[path = "../feed/ending.rs"]
mod ending;
#[path = "../feed/events.rs"]
mod events;
#[path = "../feed/reader.rs"]
mod reader;
#[path = "../support/mod.rs"]
mod support;
#[path = "../feed/tenants.rs"]
mod tenants;
