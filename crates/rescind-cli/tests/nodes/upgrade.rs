//! The schema grows under nodes that know nothing of it, as it does when the first node of the next release starts.

use rescind_postgres::{LATEST, Migrated, Step, migrate_further};
use rescind_testkit::process::Server;

use crate::fleet::{Fleet, options};
use crate::load::{Chain, Load};
use crate::support::new_user;

/// What the next release may do that expands: columns, with and without a default, an index, a table that refers to ours, a constraint.
const EXPAND: &str = "
    ALTER TABLE sessions ADD COLUMN posture text;
    ALTER TABLE ledger ADD COLUMN ticket text NOT NULL DEFAULT 'none';
    ALTER TABLE audit ADD COLUMN detail jsonb;
    ALTER TABLE users ADD COLUMN locale text NOT NULL DEFAULT 'en' CHECK (locale <> '');
    ALTER TABLE keys ADD COLUMN origin text;
    ALTER TABLE head ADD COLUMN epoch bigint NOT NULL DEFAULT 0;
    CREATE INDEX sessions_ip ON sessions (ip);
    CREATE TABLE notes (session_id uuid REFERENCES sessions (id) ON DELETE CASCADE, note text);";

/// Old nodes go on while the schema grows and after it, start again beside it, and refuse one that serves them no longer;
/// nothing that was acknowledged in between is lost. These nodes are the old ones and, knowing no more than the step does, the new.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_go_on_while_the_schema_grows() {
    let mut fleet = Fleet::open(2, &[("RESCIND_REPLAY_LIMIT", "0")]).await;
    let mut chains = Vec::new();
    for _ in 0..2 {
        chains.push(Chain::new(fleet.desk.open(&new_user()).await.refresh));
    }
    let desks = [fleet.desk_at(0), fleet.desk_at(1)];
    let load = Load::start(&desks, &[], chains);
    load.acknowledges(20).await;
    let next = Step { name: "of_the_next_release", sql: EXPAND, serves: 1 };
    let url = fleet.database().url().to_owned();
    assert_eq!(migrate_further(&url, next).await, Ok(Migrated { from: LATEST, to: LATEST + 1 }));
    load.acknowledges(20).await;
    let (mut chains, revoked) = load.end().await;
    // An old node that dies in the middle of the upgrade comes back.
    fleet.nodes[1].kill9().await;
    fleet.nodes[1].restart().await;
    let desks = [fleet.desk_at(0), fleet.desk_at(1)];
    for desk in &desks {
        for revoked in &revoked {
            revoked.check(desk, "after the schema grew").await;
        }
    }
    for chain in &mut chains {
        assert!(chain.step(&desks.each_ref().map(|desk| desk.api.clone())).await, "nothing is down");
    }
    let (last, least) = (LATEST + 2, LATEST + 1);
    let last =
        format!("INSERT INTO rescind_schema (version, name, serves) VALUES ({last}, 'contracted', {least})");
    fleet.database().connect().await.batch_execute(&last).await.expect("a row");
    desks[0].open(&new_user()).await;
    let refused = Server::try_start(options(&url, &[])).await.expect_err("it is too new");
    assert!(refused.output.contains("schema_too_new"), "{}", refused.output);
}
