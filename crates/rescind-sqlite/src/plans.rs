//! No statement walks through a table that grows, but for lists, which walk in the order of their pages and stop when the
//! page is full. Held by SQLite's own plan of every statement that the verbs run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rescind::audit::{Actor, AuditFilter};
use rescind::clock::Timestamp;
use rescind::directory::UserFilter;
use rescind::id::{TenantId, UserId};
use rescind::ledger::{CutKind, EntryFilter};
use rescind::system::SystemEntropy;
use rescind_testkit::conformance::{
    Backend, audit, clients, cuts, directory, follow, keys, ledger, opening, refresh, sessions,
};
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, StatementStatus};
use uuid::Uuid;

use crate::{Options, SqliteStore};

/// Every statement that ran to its end on any connection of this process, and how often SQLite planned it anew.
static SEEN: Mutex<BTreeMap<String, i32>> = Mutex::new(BTreeMap::new());

/// Tables that grow with use, and the names they go by in statements.
const LARGE: [&str; 9] =
    ["sessions", "users", "ledger", "audit", "batches", "batch", "earlier", "floor_raises", "raised"];

/// Statements that may walk, each by how it begins, and why.
const WALKS: [(&str, &str); 7] = [
    ("DELETE FROM batches", "the last thousand tags, to keep those"),
    (
        "SELECT seq, kind, key, tenant_id, min_version, expires_at, user_id, revoked_at, reason, revoked_by FROM ledger WHERE true",
        "a page of the ledger, newest first",
    ),
    ("SELECT row, id, at, action, actor,", "a page of the audit trail, newest first"),
    ("SELECT users.id, users.tenant_id, users.email,", "a page of users, in the order of the key"),
    ("SELECT seq FROM ledger WHERE true", "how far a page of the ledger goes"),
    ("SELECT row FROM audit WHERE true", "how far a page of the audit trail goes"),
    ("SELECT tenant_id, id FROM users WHERE true", "how far a page of users goes"),
];

/// A connection on which is noted what runs.
pub(crate) fn watched(mut conn: Connection) -> Connection {
    let note = |event: TraceEvent<'_>| {
        if let TraceEvent::Profile(statement, _) = event {
            let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
            *seen.entry(statement.sql().into_owned()).or_default() +=
                statement.get_status(StatementStatus::RePrepare);
        }
    };
    conn.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(note)).unwrap();
    conn
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hot_statements_keep_to_their_indexes() {
    run_every_verb().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rescind.db");
    crate::migrate(&path).unwrap();
    let conn = crate::open::connect(&path, Duration::ZERO).unwrap();
    let seen = SEEN.lock().unwrap().clone();
    let verbs = seen.iter().filter(|(sql, _)| {
        ["SELECT", "UPDATE", "DELETE", "INSERT", "WITH"].iter().any(|verb| sql.trim_start().starts_with(verb))
            && !sql.contains("sqlite_schema")
            && !sql.contains("numbers")
    });
    let mut planned = 0;
    for (sql, planned_anew) in verbs {
        planned += 1;
        assert_eq!(*planned_anew, 0, "{sql}");
        for step in plan(&conn, sql) {
            assert!(is_fine(sql, &step), "{step}\n{sql}");
        }
    }
    assert!(planned > 80, "only {planned} statements were seen");
    assert!(seen.contains_key(crate::rotation_statement()), "the rotation among them");
}

/// Or a search by two things would walk through all that fulfils the wider one.
#[test]
fn a_list_goes_by_the_index_of_what_narrows_the_most() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rescind.db");
    crate::migrate(&path).unwrap();
    let conn = crate::open::connect(&path, Duration::ZERO).unwrap();
    for (sql, index) in trails().into_iter().chain(ledgers()).chain(people()) {
        let plan = plan(&conn, &sql).join("; ");
        assert!(plan.contains("SEARCH") && plan.contains(index), "{index}: {plan}\n{sql}");
    }
}

fn trails() -> Vec<(String, &'static str)> {
    let some = || Some("x".to_owned());
    let (tenant, user) = (Some(TenantId(Uuid::nil())), Some(UserId(Uuid::nil())));
    let acts = AuditFilter { tenant, action: some(), since: Some(Timestamp::MAX), ..AuditFilter::default() };
    let asked = [
        (AuditFilter { tenant: None, ..acts.clone() }, "audit_action"),
        (acts.clone(), "audit_tenant"),
        (AuditFilter { actor: some(), ..acts.clone() }, "audit_actor"),
        (AuditFilter { user, actions: vec!["x"], ..acts.clone() }, "audit_user"),
        (AuditFilter { target: some(), actor: some(), ..acts.clone() }, "audit_target"),
        (AuditFilter { request: some(), user, ..acts }, "audit_request"),
    ];
    asked
        .into_iter()
        .map(|(filter, index)| (crate::audit::query(&filter, Some(9), Some(1)).0, index))
        .collect()
}

fn ledgers() -> Vec<(String, &'static str)> {
    let (tenant, user) = (Some(TenantId(Uuid::nil())), Some(UserId(Uuid::nil())));
    let asked = |tenant, user, kind| {
        let actor = Some(Actor::CommandLine);
        EntryFilter { tenant, user, kind, actor, since: Some(Timestamp::MAX), walk: None }
    };
    let asked = [
        (asked(None, None, None), "ledger_actor"),
        (asked(None, None, Some(CutKind::Token)), "ledger_actor"),
        (asked(None, None, Some(CutKind::Session)), "ledger_kind"),
        (asked(tenant, None, Some(CutKind::Session)), "ledger_tenant"),
        (asked(tenant, user, Some(CutKind::Session)), "ledger_user"),
    ];
    asked
        .into_iter()
        .map(|(filter, index)| (crate::ledger::listing(&filter, Some(9), Some(1)).0, index))
        .collect()
}

fn people() -> Vec<(String, &'static str)> {
    let asked = [
        (UserFilter { email: Some("x".to_owned()), ..UserFilter::default() }, "users_address"),
        (UserFilter { id: Some(UserId(Uuid::nil())), ..UserFilter::default() }, "users_id"),
    ];
    asked
        .into_iter()
        .map(|(filter, index)| (crate::directory::listing(&filter, None, None).0, index))
        .collect()
}

fn is_fine(sql: &str, step: &str) -> bool {
    let Some(table) = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next()) else { return true };
    !LARGE.contains(&table) || WALKS.iter().any(|(start, _)| unwrapped(sql).starts_with(start))
}

fn unwrapped(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plan(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get(3).unwrap());
    }
    steps
}

async fn run_every_verb() {
    opening::the_least_recently_used_session_gives_way(backend()).await;
    opening::a_profile_that_differs_kills_access_tokens_only(backend()).await;
    opening::a_deleted_user_comes_back_from_a_profile_above_the_floor(backend()).await;
    refresh::a_parent_is_answered_with_the_same_successor(backend()).await;
    refresh::theft_ends_the_session_and_is_recorded(backend()).await;
    refresh::a_client_may_have_to_prove_its_secret(backend()).await;
    refresh::a_key_that_is_gone_changes_nothing(backend()).await;
    refresh::remint_says_what_a_refresh_would(backend()).await;
    sessions::sessions_are_listed_newest_first_and_by_status(backend()).await;
    sessions::a_device_is_named(backend()).await;
    sessions::what_came_first_ended_it(backend()).await;
    sessions::a_jti_tells_its_session(backend()).await;
    cuts::a_dry_run_counts_what_the_cut_then_ends(backend()).await;
    cuts::a_user_cut_spares_one_session(backend()).await;
    cuts::a_foreign_users_cut_needs_no_user(backend()).await;
    cuts::a_later_expiry_extends_with_the_first_reason(backend()).await;
    ledger::entries_are_listed_newest_first_by_what_they_are_about(backend()).await;
    ledger::a_tokens_entry_is_found_within_its_scope(backend()).await;
    ledger::standing_marks_are_found_by_their_identity_alone(backend()).await;
    ledger::purging_removes_what_has_expired_and_nothing_else(backend()).await;
    follow::a_cursor_that_was_purged_past_is_told(backend()).await;
    directory::suspending_a_tenant_ends_everything_and_only_once(backend()).await;
    directory::a_user_id_is_unique_within_its_tenant_only(backend()).await;
    directory::users_are_searched_literally(backend()).await;
    directory::a_user_is_found_by_the_whole_address(backend()).await;
    directory::users_are_listed_in_pages_and_by_tenant(backend()).await;
    directory::a_password_change_ends_everything_but_one(backend()).await;
    directory::deleting_a_user_ends_and_erases(backend()).await;
    clients::clients_are_listed_by_tenant(backend()).await;
    clients::a_rotated_secret_overlaps(backend()).await;
    clients::a_use_is_noted_by_the_minute(backend()).await;
    keys::a_key_steps_through_its_life(backend()).await;
    keys::rewrapping_is_all_or_none(backend()).await;
    audit::the_trail_is_filtered(backend()).await;
}

fn backend() -> Backend {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::new(Arc::new(SystemEntropy));
    let store = SqliteStore::open(&dir.path().join("rescind.db"), &options).unwrap();
    Backend::of(store, dir)
}
