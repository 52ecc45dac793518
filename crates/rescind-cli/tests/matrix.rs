//! `docs/revocation-matrix.md` is true: every act is performed on a real server, and every cell is asked for.

#[path = "matrix/doors.rs"]
mod doors;
#[path = "matrix/elsewhere.rs"]
mod elsewhere;
mod support;

use std::sync::Arc;

use rescind::lookup::MarkCache;
use rescind_redis::{RedisCache, Timing};
use rescind_testkit::process::{Credentials, Reply};
use rescind_testkit::redis::Redis;
use serde_json::{Value, json};

use doors::Doors;
use support::{Desk, House, Pair, header, jti};

const PASSWORD: &str = "the first password of a subject 71c0";
const NEW_PASSWORD: &str = "the second password of a subject 5e2a";

const COLUMNS: [&str; 7] =
    ["act", "refresh token", "access token", "introspection", "forward-auth", "mark", "other session"];

#[derive(Clone, Copy)]
enum Act {
    Nothing,
    Logout,
    EndedByItsUser,
    EndedByAnAdmin,
    AccessRevokedByJti,
    RefreshRevokedByJti,
    Theft,
    UserCut,
    AllOwnEnded,
    AllOthersEnded,
    TenantCut,
    TenantSuspended,
    ClientDeleted,
    KeyRevoked,
    PasswordChanged,
    PasswordSet,
    RoleChanged,
    EmailChanged,
    UserDisabled,
    UserDeleted,
}

/// Every act by its name in the document, in the document's order.
const ACTS: [(&str, Act); 20] = [
    ("nothing", Act::Nothing),
    ("logout", Act::Logout),
    ("session ended by its user", Act::EndedByItsUser),
    ("session ended by an admin", Act::EndedByAnAdmin),
    ("access token revoked by jti", Act::AccessRevokedByJti),
    ("refresh token revoked by jti", Act::RefreshRevokedByJti),
    ("refresh theft", Act::Theft),
    ("user cut", Act::UserCut),
    ("all own sessions ended", Act::AllOwnEnded),
    ("all other sessions ended", Act::AllOthersEnded),
    ("tenant cut", Act::TenantCut),
    ("tenant suspended", Act::TenantSuspended),
    ("client deleted", Act::ClientDeleted),
    ("signing key revoked", Act::KeyRevoked),
    ("password changed by its user", Act::PasswordChanged),
    ("password set by an admin", Act::PasswordSet),
    ("role changed", Act::RoleChanged),
    ("email changed", Act::EmailChanged),
    ("user disabled", Act::UserDisabled),
    ("user deleted", Act::UserDeleted),
];

/// Every cell of the document holds on the running server, for every act that it names; and it names every act that is
/// performed here.
#[tokio::test]
async fn every_cell_of_the_revocation_matrix_holds() {
    every_cell_holds(&[], None).await;
}

/// The same where each check asks Redis, and the ledger.
#[tokio::test]
async fn every_cell_of_the_revocation_matrix_holds_by_look_up() {
    let redis = Redis::start().await;
    let url = redis.url();
    let cache = RedisCache::start(url.parse().expect("a URL"), Timing::default()).expect("a cache");
    cache.connected().await;
    let settings = [("RESCIND_CHECK", "lookup"), ("RESCIND_REDIS_URL", &url)];
    every_cell_holds(&settings, Some(Arc::new(cache))).await;
}

/// The same where each check asks the ledger.
#[tokio::test]
async fn every_cell_of_the_revocation_matrix_holds_by_look_up_without_a_cache() {
    every_cell_holds(&[("RESCIND_CHECK", "lookup")], None).await;
}

/// `cache`: what a service beside the server asks before the ledger, where it asks that.
async fn every_cell_holds(settings: &[(&str, &str)], cache: Option<Arc<dyn MarkCache>>) {
    let rows = rows(&document());
    let documented: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(documented, ACTS.map(|(name, _)| name), "the acts of the document and of this test differ");

    // Without grace an older refresh token is theft at once; with it, it would be a slow tab.
    let house = House::open(&[settings, &[("RESCIND_REFRESH_GRACE", "0s")]].concat()).await;
    let doors = Doors::of(&house, cache).await;
    let mut wrong = Vec::new();
    for (row, (_, act)) in rows.iter().zip(ACTS) {
        let observed = observe(&house.desk, &doors, act).await;
        for (column, (expected, seen)) in row.iter().skip(1).zip(&observed).enumerate() {
            if expected != seen {
                let (act, column) = (&row[0], COLUMNS[column + 1]);
                wrong.push(format!("{act}, {column}: the document says `{expected}`, the server `{seen}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cells do not hold:\n{}", wrong.len(), wrong.join("\n"));
}

/// Who is acted upon: a user of the tenant `default`, signed in twice.
struct Subject {
    user: String,
    email: String,
    this: Pair,
    other: Pair,
}

/// Performs an act on a fresh user and asks every surface: the cells after the first, as the document words them.
async fn observe(desk: &Desk, doors: &Doors, act: Act) -> [String; 6] {
    let mut subject = subject(desk).await;
    if let Act::ClientDeleted = act {
        subject.this = Pair::from(&handed_over(desk, &subject).await);
    }
    let before = newest(desk).await;
    perform(desk, act, &mut subject).await;
    let mark = marks_since(desk, before).await;
    // The refresh comes last: it changes what the others would see.
    let [refresh, access, introspection, forward] = surfaces(desk, doors, &subject.this).await;
    let other = fate(&surfaces(desk, doors, &subject.other).await);
    if let Act::TenantSuspended = act {
        suspend(desk, false).await;
    }
    [refresh, access, introspection, forward, mark, other]
}

async fn subject(desk: &Desk) -> Subject {
    let email = format!("{}@example.com", support::new_user());
    let made =
        desk.api.create_user(desk.caller(), &email, PASSWORD, "member", Some(&desk.tenant)).await.expect(201);
    let this = Pair::from(&desk.api.login(&email, PASSWORD).await.expect(200));
    let other = Pair::from(&desk.api.login(&email, PASSWORD).await.expect(200));
    Subject { user: made.text("user_id").to_owned(), email, this, other }
}

/// A session of the same user, opened by an API client of its own.
async fn handed_over(desk: &Desk, subject: &Subject) -> Reply {
    let backend = desk.api.create_client(desk.caller(), "backend", &["sessions:write"], None).await;
    let body = json!({
        "user_id": subject.user, "tenant_id": desk.tenant, "email": subject.email, "role": "member",
    });
    desk.api.post("/api/v1/sessions", Credentials::Basic(&backend), body).await.expect(201)
}

async fn perform(desk: &Desk, act: Act, subject: &mut Subject) {
    let (api, operator) = (&desk.api, desk.caller());
    let (user, session) = (subject.user.clone(), subject.this.session.clone());
    let me = subject.this.access.clone();
    let me = Credentials::Bearer(&me);
    match act {
        Act::Nothing => {}
        Act::Logout => drop(api.logout(&subject.this.refresh).await.expect(204)),
        Act::EndedByItsUser => {
            let elsewhere = Credentials::Bearer(&subject.other.access);
            api.delete(&format!("/api/v1/auth/sessions/{session}"), elsewhere).await.expect(204);
        }
        Act::EndedByAnAdmin => {
            let ended = api.delete(&format!("/api/v1/admin/sessions/{session}"), operator).await.expect(200);
            assert_eq!(ended.text("status"), "revoked");
        }
        Act::AccessRevokedByJti => revoke_jti(desk, &subject.this.access).await,
        Act::RefreshRevokedByJti => revoke_jti(desk, &subject.this.refresh).await,
        Act::Theft => {
            let stolen = subject.this.refresh.clone();
            subject.this = Pair::from(&api.refresh(&stolen).await.expect(200));
            subject.this = Pair::from(&api.refresh(&subject.this.refresh).await.expect(200));
            api.refresh(&stolen).await.refuses(401, "refresh_reuse_detected");
        }
        Act::UserCut => drop(desk.order(&format!("/api/v1/admin/users/{user}/revoke-all")).await.expect(200)),
        Act::AllOwnEnded => {
            drop(api.post("/api/v1/auth/sessions/revoke-all", me, json!({})).await.expect(200));
        }
        Act::AllOthersEnded => {
            renewed(desk, api.post("/api/v1/auth/sessions/revoke-others", me, json!({})).await).await;
        }
        Act::TenantCut => {
            desk.order(&format!("/api/v1/admin/tenants/{}/revoke-all", desk.tenant)).await.expect(200);
        }
        Act::TenantSuspended => suspend(desk, true).await,
        Act::ClientDeleted => {
            let client =
                support::claims(&subject.this.access)["client_id"].as_str().expect("a client_id").to_owned();
            api.delete(&format!("/api/v1/admin/clients/{client}"), operator).await.expect(204);
        }
        Act::KeyRevoked => {
            let kid = header(&subject.this.access)["kid"].as_str().expect("a kid").to_owned();
            assert_eq!(header(&subject.other.access)["kid"], kid.as_str());
            desk.order(&format!("/api/v1/admin/keys/{kid}/revoke")).await.expect(200);
        }
        Act::PasswordChanged => {
            let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
            renewed(desk, api.post("/api/v1/auth/password", me, body).await).await;
        }
        Act::PasswordSet => change(desk, &user, json!({"password": NEW_PASSWORD})).await,
        Act::RoleChanged => change(desk, &user, json!({"role": "editor"})).await,
        Act::EmailChanged => change(desk, &user, json!({"email": format!("new-{user}@example.com")})).await,
        Act::UserDisabled => change(desk, &user, json!({"disabled": true})).await,
        Act::UserDeleted => {
            api.delete(&format!("/api/v1/admin/users/{user}"), operator).await.expect(204);
        }
    }
}

async fn revoke_jti(desk: &Desk, token: &str) {
    desk.order(&format!("/api/v1/auth/sessions/revoke/{}", jti(token))).await.expect(200);
}

async fn change(desk: &Desk, user: &str, change: Value) {
    desk.api.patch(&format!("/api/v1/admin/users/{user}"), desk.caller(), change).await.expect(200);
}

async fn suspend(desk: &Desk, suspended: bool) {
    let path = format!("/api/v1/admin/tenants/{}", desk.tenant);
    desk.api.patch(&path, desk.caller(), json!({"suspended": suspended})).await.expect(200);
}

/// The session that acts goes on with the access token that the act hands it.
async fn renewed(desk: &Desk, reply: Reply) {
    desk.api.me(reply.expect(200).text("access_token")).await.expect(200);
}

/// What refreshing, calling, introspecting and forward-auth answer, the refresh asked last. What is asked fresh must answer the same, and
/// every other door let the access token pass where forward-auth does, and nowhere else.
async fn surfaces(desk: &Desk, doors: &Doors, pair: &Pair) -> [String; 4] {
    let access = answer(&desk.api.me(&pair.access).await);
    let asked = [("token", pair.access.as_str())];
    let introspected = desk.api.form("/oauth2/introspect", desk.caller(), &asked).await.expect(200);
    let asked_fresh = [asked[0], ("fresh", "true")];
    let fresh = desk.api.form("/oauth2/introspect", desk.caller(), &asked_fresh).await.expect(200);
    assert_eq!(fresh.json["active"], introspected.json["active"], "{fresh:?}");
    let forward = desk.api.get("/api/v1/auth/forward", Credentials::Bearer(&pair.access)).await;
    let fresh = desk.api.get("/api/v1/auth/forward?fresh=true", Credentials::Bearer(&pair.access)).await;
    assert_eq!(fresh.status, forward.status, "{fresh:?}");
    assert_eq!(doors.pass(&pair.access).await, forward.status == 200, "{forward:?}");
    let refresh = answer(&desk.api.refresh(&pair.refresh).await);
    [refresh, access, introspected.json["active"].to_string(), forward.status.to_string()]
}

/// The status, and the code of a refusal.
fn answer(reply: &Reply) -> String {
    format!("{} {}", reply.status, reply.code()).trim_end().to_owned()
}

/// What became of a session, in one word.
fn fate(surfaces: &[String; 4]) -> String {
    let begins = surfaces.each_ref().map(|cell| cell.split(' ').next().unwrap_or_default());
    match begins {
        ["200", "200", "true", "200"] => "alive".to_owned(),
        ["401", "401", "false", "401"] => "dead".to_owned(),
        ["200", "401", "false", "401"] => "access token dead".to_owned(),
        _ => surfaces.join(", "),
    }
}

/// The `seq` of the newest entry of the ledger.
async fn newest(desk: &Desk) -> i64 {
    let listed = desk.api.get("/api/v1/admin/revocations?limit=1", desk.caller()).await.expect(200);
    listed.json["items"][0]["seq"].as_i64().unwrap_or(0)
}

/// The kinds of the marks after `seq`; `-` where there is none.
async fn marks_since(desk: &Desk, seq: i64) -> String {
    let listed = desk.api.get("/api/v1/admin/revocations?limit=500", desk.caller()).await.expect(200);
    let items = listed.json["items"].as_array().expect("a list");
    let new = items.iter().filter(|item| item["seq"].as_i64().is_some_and(|at| at > seq));
    let kinds: Vec<&str> = new.filter_map(|item| item["kind"].as_str()).collect();
    if kinds.is_empty() { "-".to_owned() } else { kinds.join(", ") }
}

fn document() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/revocation-matrix.md");
    std::fs::read_to_string(path).expect("the document is part of the repository")
}

/// The rows below the table's head, cell by cell.
fn rows(document: &str) -> Vec<Vec<String>> {
    let mut table = document.lines().filter(|line| line.starts_with('|')).map(cells);
    assert_eq!(
        table.next().expect("a table"),
        COLUMNS,
        "the columns of the document and of this test differ"
    );
    let rows: Vec<_> = table.skip(1).collect();
    rows.iter().for_each(|row| assert_eq!(row.len(), COLUMNS.len(), "a cell too many or too few: {row:?}"));
    rows
}

fn cells(line: &str) -> Vec<String> {
    line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}
