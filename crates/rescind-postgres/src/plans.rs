//! No statement walks through a table that grows, but for lists, which walk in the order of their pages and stop when the
//! page is full. Held by PostgreSQL's own plan of every statement that the verbs run: the generic one, which knows none of
//! the values, with whole-table scans made dear. What is left of those has no index to use.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rescind::system::SystemEntropy;
use rescind_testkit::conformance::{
    Backend, audit, clients, cuts, directory, follow, keys, ledger, opening, refresh, sessions,
};
use rescind_testkit::postgres::{TestDatabase, shared_database};
use tokio_postgres::Client;

use crate::{Options, PostgresStore};

/// Every statement that was prepared by this process.
static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Tables that grow with use, and the names they go by in statements.
const LARGE: [&str; 9] =
    ["sessions", "users", "ledger", "audit", "batches", "batch", "earlier", "floor_raises", "raised"];

/// Notes what is prepared.
pub(crate) fn note(sql: &str) {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(sql.to_owned());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hot_statements_keep_to_their_indexes() {
    run_every_verb().await;
    let database = shared_database().await;
    crate::migrate(database.url()).await.unwrap();
    let client = database.connect().await;
    client.batch_execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan").await.unwrap();
    let seen = SEEN.lock().unwrap().clone();
    let mut planned = 0;
    for sql in seen.iter().filter(|sql| is_verb(sql)) {
        planned += 1;
        let plan = plan(&client, sql).await;
        for step in plan.lines() {
            assert!(is_fine(step), "{sql}\n{plan}");
        }
    }
    assert!(planned > 80, "only {planned} statements were seen");
    assert!(seen.contains(crate::rotation_statement()), "the rotation among them");
}

/// A plan that knows none of its values walks through everything where what is searched for hardly occurs.
#[tokio::test]
async fn a_list_is_planned_for_its_values_and_what_comes_after_it_is_not() {
    const MODE: &str = "SELECT current_setting('plan_cache_mode')";
    let database = shared_database().await;
    crate::migrate(database.url()).await.unwrap();
    let options = Options { connections: 1, ..Options::new(database.url(), Arc::new(SystemEntropy)) };
    let store = PostgresStore::open(&options).await.unwrap();
    let conn = store.inner.connect().await.unwrap();
    let mode = |rows: Vec<tokio_postgres::Row>| rows[0].get::<_, String>(0);
    assert_eq!(mode(conn.rows_by_values(MODE, &[]).await.unwrap()), "force_custom_plan");
    assert_eq!(mode(conn.rows(MODE, &[]).await.unwrap()), "force_generic_plan");

    let fails = "SELECT row FROM audit WHERE row = 1 / ($1::bigint - 1)";
    let error = conn.rows_by_values(fails, &[&1_i64]).await.unwrap_err();
    assert_eq!(error.code().map(tokio_postgres::error::SqlState::code), Some("22012"), "its own error");
    assert_eq!(mode(conn.rows(MODE, &[]).await.unwrap()), "force_generic_plan");
}

fn is_verb(sql: &str) -> bool {
    ["SELECT", "UPDATE", "DELETE", "INSERT", "WITH"].iter().any(|verb| sql.trim_start().starts_with(verb))
        && !sql.contains("pg_advisory")
        && !sql.contains("pg_notify")
}

fn is_fine(step: &str) -> bool {
    let Some((_, scanned)) = step.split_once("Seq Scan on ") else { return true };
    let table = scanned.split([' ', '\n']).next().unwrap_or_default();
    let name = scanned.split(' ').nth(1).unwrap_or(table);
    !LARGE.contains(&table) && !LARGE.contains(&name)
}

async fn plan(client: &Client, sql: &str) -> String {
    client
        .batch_execute(&format!("PREPARE asked AS {sql}"))
        .await
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
    let types = client.prepare(sql).await.unwrap();
    let values: Vec<String> =
        types.params().iter().map(|kind| format!("NULL::{}", spelled(kind.name()))).collect();
    let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
    let rows = client.query(&format!("EXPLAIN EXECUTE asked{values}"), &[]).await;
    let rows = rows.unwrap_or_else(|error| panic!("{error}: {sql}"));
    client.batch_execute("DEALLOCATE asked").await.unwrap();
    rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join("\n")
}

/// An array's type has a name that begins with an underscore.
fn spelled(name: &str) -> String {
    name.strip_prefix('_').map_or_else(|| name.to_owned(), |element| format!("{element}[]"))
}

async fn run_every_verb() {
    opening::the_least_recently_used_session_gives_way(backend().await).await;
    opening::a_profile_that_differs_kills_access_tokens_only(backend().await).await;
    opening::a_deleted_user_comes_back_from_a_profile_above_the_floor(backend().await).await;
    refresh::a_parent_is_answered_with_the_same_successor(backend().await).await;
    refresh::theft_ends_the_session_and_is_recorded(backend().await).await;
    refresh::a_client_may_have_to_prove_its_secret(backend().await).await;
    refresh::a_key_that_is_gone_changes_nothing(backend().await).await;
    refresh::remint_says_what_a_refresh_would(backend().await).await;
    sessions::sessions_are_listed_newest_first_and_by_status(backend().await).await;
    sessions::a_device_is_named(backend().await).await;
    sessions::what_came_first_ended_it(backend().await).await;
    sessions::a_jti_tells_its_session(backend().await).await;
    cuts::a_dry_run_counts_what_the_cut_then_ends(backend().await).await;
    cuts::a_user_cut_spares_one_session(backend().await).await;
    cuts::a_foreign_users_cut_needs_no_user(backend().await).await;
    cuts::a_later_expiry_extends_with_the_first_reason(backend().await).await;
    cuts::a_refresh_tokens_jti_cuts_its_session(backend().await).await;
    ledger::entries_are_listed_newest_first_by_what_they_are_about(backend().await).await;
    ledger::a_tokens_entry_is_found_within_its_scope(backend().await).await;
    ledger::standing_marks_are_found_by_their_identity_alone(backend().await).await;
    ledger::purging_removes_what_has_expired_and_nothing_else(backend().await).await;
    follow::a_cursor_that_was_purged_past_is_told(backend().await).await;
    directory::suspending_a_tenant_ends_everything_and_only_once(backend().await).await;
    directory::a_user_id_is_unique_within_its_tenant_only(backend().await).await;
    directory::users_are_searched_literally(backend().await).await;
    directory::a_user_is_found_by_the_whole_address(backend().await).await;
    directory::users_are_listed_in_pages_and_by_tenant(backend().await).await;
    directory::a_password_change_ends_everything_but_one(backend().await).await;
    directory::deleting_a_user_ends_and_erases(backend().await).await;
    clients::clients_are_listed_by_tenant(backend().await).await;
    clients::a_rotated_secret_overlaps(backend().await).await;
    clients::a_use_is_noted_by_the_minute(backend().await).await;
    keys::a_key_steps_through_its_life(backend().await).await;
    keys::rewrapping_is_all_or_none(backend().await).await;
    audit::the_trail_is_filtered(backend().await).await;
}

async fn backend() -> Backend {
    let database: TestDatabase = shared_database().await;
    let options = Options { connections: 4, ..Options::new(database.url(), Arc::new(SystemEntropy)) };
    let store = PostgresStore::open(&options).await.unwrap();
    Backend::of(store, database)
}
