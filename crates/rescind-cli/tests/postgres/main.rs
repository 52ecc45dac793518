//! What other test files promise of an authority, held to once more where its store is PostgreSQL: the very same tests.
//!
//! What is not among them, and why:
//! - `alerts`, `bad_http`, `foreign_clients`, `proxies`, `tour`: what they ask for is settled before the store is asked, or is the same
//!   for whatever it answers.
//! - `cli`, `crash`, `surroundings`: they take the file itself away, fill it, lock it or break it. What may befall
//!   PostgreSQL is in `nodes`.
//! - `clock`, and that of `feed`: a node whose clock is not that of its database does not serve at all.
//! - of `feed`, `cursors`, `slow` and `snapshots`: they write to the file behind the server's back; and `resuming`, whose
//!   thousands of cuts are about what the server holds for its readers. That the store pages without a gap is among what
//!   every store is held to.

#![allow(clippy::duplicate_mod, reason = "each suite brings what it uses, as it does where it stands alone")]

#[path = "../continuity.rs"]
mod continuity;
#[path = "../contract/main.rs"]
mod contract;
mod feed;
#[path = "../lookup/main.rs"]
mod lookup;
#[path = "../matrix.rs"]
mod matrix;
#[path = "../races.rs"]
mod races;
#[path = "../scopes.rs"]
mod scopes;
#[path = "../secrets.rs"]
mod secrets;
#[path = "../support/store.rs"]
mod store;
#[path = "../telemetry/main.rs"]
mod telemetry;
#[path = "../tenants.rs"]
mod tenants;

/// Or else all these would say of files once more what they say of them already.
#[tokio::test]
async fn whatever_is_started_here_keeps_its_data_in_postgresql() {
    let server = store::options().await.start().await;
    assert!(server.database_url().is_some());
    assert!(!server.data_dir().join("rescind.db").exists());
}
