//! Lists: a filter shows what it names and nothing else, and the pages hold every item once.

use rescind_testkit::process::{Api, Credentials};
use serde_json::{Value, json};

use super::asking::items;
use super::member::Member;
use super::support::{Desk, House, Pair, jti, new_user};

const AUDIT: &str = "/api/v1/admin/audit";
const REVOCATIONS: &str = "/api/v1/admin/revocations";

#[tokio::test]
async fn the_audit_trail_is_filtered_by_actor_target_action_and_time() {
    let house = House::open(&[]).await;
    let desk = &house.desk;
    let (member, stranger) = (Member::new(desk).await, Member::new(desk).await);
    let pair = member.sign_in(desk).await;
    stranger.sign_in(desk).await;
    end(desk, &pair).await;

    let actor = format!("actor={}", member.id);
    filters(desk, AUDIT, &actor, |entry| entry["actor"]["id"] == member.id).await;
    let target = format!("target={}", pair.session);
    filters(desk, AUDIT, &target, |entry| entry["target"]["id"] == pair.session).await;
    filters(desk, AUDIT, "action=signed_in", |entry| entry["action"] == "signed_in").await;
    let both = format!("{target}&action=session_revoked");
    let ended = |entry: &Value| entry["target"]["id"] == pair.session && entry["action"] == "session_revoked";
    filters(desk, AUDIT, &both, ended).await;
    filters_by_time(desk, AUDIT, "at").await;
}

#[tokio::test]
async fn revocations_are_filtered_by_kind_user_and_time() {
    let house = House::open(&[]).await;
    let desk = &house.desk;
    let (one, other) = (new_user(), new_user());
    end(desk, &desk.open(&one).await).await;
    let again = desk.open(&one).await;
    desk.open(&other).await;
    desk.order(&format!("/api/v1/admin/users/{other}/revoke-all")).await.expect(200);
    desk.order(&format!("/api/v1/auth/sessions/revoke/{}", jti(&again.access))).await.expect(200);

    for kind in ["session", "user", "token"] {
        filters(desk, REVOCATIONS, &format!("kind={kind}"), |entry| entry["kind"] == kind).await;
    }
    let of_one = |entry: &Value| entry["user_id"] == one;
    filters(desk, REVOCATIONS, &format!("user_id={one}"), of_one).await;
    filters_by_time(desk, REVOCATIONS, "revoked_at").await;
}

#[tokio::test]
async fn sessions_are_filtered_by_status() {
    let house = House::open(&[]).await;
    let desk = &house.desk;
    let user = new_user();
    for _ in 0..2 {
        desk.open(&user).await;
        end(desk, &desk.open(&user).await).await;
    }
    let sessions = format!("/api/v1/admin/users/{user}/sessions");
    for status in ["active", "revoked"] {
        filters(desk, &sessions, &format!("status={status}"), |session| session["status"] == status).await;
    }
}

#[tokio::test]
async fn pages_of_one_hold_every_item_of_a_list_once_and_in_order() {
    let house = House::open(&[]).await;
    let (desk, api) = (&house.desk, &house.desk.api);
    let user = new_user();
    for _ in 0..2 {
        desk.open(&user).await;
        end(desk, &desk.open(&user).await).await;
    }
    let last = desk.open(&user).await;
    // By a token: the calls of a client are noted in the list of clients.
    let token = house.server.admin_token().await;

    let of_user = |what: &str| format!("/api/v1/admin/users/{user}/{what}");
    let administered =
        [AUDIT, REVOCATIONS, "/api/v1/admin/users", "/api/v1/admin/tenants"].map(str::to_owned);
    let more = [of_user("sessions"), of_user("sessions?status=revoked"), of_user("revocations")];
    api.create_client(Credentials::Bearer(&token), "another", &["metrics"], None).await;
    let clients = "/api/v1/admin/clients".to_owned();
    for list in administered.into_iter().chain(more).chain([clients]) {
        is_paged(api, Credentials::Bearer(&token), &list).await;
    }
    for list in ["/api/v1/auth/sessions", "/api/v1/auth/events"] {
        is_paged(api, Credentials::Bearer(&last.access), list).await;
    }
}

/// No name and no address has a NUL, which ends a text on one store and is an error on the other.
#[tokio::test]
async fn a_search_for_a_nul_finds_nothing() {
    let House { server: _server, desk } = House::open(&[]).await;
    desk.open(&new_user()).await;
    for search in
        ["users?query=%00", "users?query=%00a", "audit?actor=%00", "audit?target=%00", "audit?action=%00"]
    {
        let found = desk.api.get(&format!("/api/v1/admin/{search}"), desk.caller()).await.expect(200);
        assert_eq!(found.json, json!({"items": [], "next_cursor": null}), "{search}");
    }
}

/// Ends a session, as the operator.
async fn end(desk: &Desk, pair: &Pair) {
    let path = format!("/api/v1/admin/sessions/{}", pair.session);
    desk.api.delete(&path, desk.caller()).await.expect(200);
}

/// The filter leaves of a list what is wanted of it: something, and not all.
async fn filters(desk: &Desk, list: &str, filter: &str, wanted: impl Fn(&Value) -> bool) {
    let all = items(&desk.api, desk.caller(), &format!("{list}?limit=500")).await;
    let expected: Vec<Value> = all.iter().filter(|item| wanted(item)).cloned().collect();
    assert!((1..all.len()).contains(&expected.len()), "{filter} makes no difference: {all:?}");
    let left = items(&desk.api, desk.caller(), &format!("{list}?limit=500&{filter}")).await;
    assert_eq!(left, expected, "{list}?{filter}");
}

/// `since` leaves what is not older than the newest item.
async fn filters_by_time(desk: &Desk, list: &str, member: &str) {
    let newest = items(&desk.api, desk.caller(), &format!("{list}?limit=1")).await;
    let since = newest[0][member].as_str().expect("a time");
    // All times are written alike, so that they compare as texts.
    let wanted = |item: &Value| item[member].as_str().is_some_and(|at| at >= since);
    filters(desk, list, &format!("since={since}"), wanted).await;
}

/// Whoever walks through a list by its cursors, an item at a time, sees what is on the one page that holds all.
async fn is_paged(api: &Api, caller: Credentials<'_>, list: &str) {
    let joint = if list.contains('?') { '&' } else { '?' };
    let whole = items(api, caller, &format!("{list}{joint}limit=500")).await;
    assert!(whole.len() > 1, "{list} has one page: {whole:?}");
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("{list}{joint}limit=1{cursor}"), caller).await.expect(200);
        assert_eq!(page.json["items"].as_array().map(Vec::len), Some(1), "{page:?}");
        walked.push(page.json["items"][0].clone());
        assert!(walked.len() <= whole.len(), "{list} goes on: {page:?}");
        match page.json["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(walked, whole, "{list}");
}
