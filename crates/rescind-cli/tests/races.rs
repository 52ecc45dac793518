//! What happens at the same moment: refreshes of one token, and cuts against everything else.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rescind_testkit::process::{Client, Credentials, Reply};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use support::store::ON_POSTGRES;
use support::{Desk, House, Pair, claims, header, new_user};

const OLD_PASSWORD: &str = "a password on its way out 90ab";
const NEW_PASSWORD: &str = "a password on its way in 27fd";

/// How many callers present one refresh token at once.
const CALLERS: usize = 200;
/// How often a cut is followed by a new session at once: less often on PostgreSQL, where a round takes longer and the rule is
/// the same.
const ROUNDS: usize = if ON_POSTGRES { 200 } else { 1_000 };
/// How often each kind of cut is raced against openings and refreshes.
const RACES: usize = 20;
/// How often a password is set while it is being used.
const PASSWORDS: usize = 10;
/// How many callers use it.
const SIGNERS: usize = 3;
/// How many sessions are refreshed all the time during a race.
const REFRESHERS: usize = 4;

/// Of 200 callers that present one refresh token at once, all are given the same successor: one rotation, no theft, and
/// the chain goes on.
#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_refreshes_at_once_come_out_holding_one_token() {
    let House { desk, server: _server } = House::open(&[]).await;
    let first = desk.open(&new_user()).await;
    let start = Arc::new(Barrier::new(CALLERS));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (api, token, start) = (desk.api.clone(), first.refresh.clone(), Arc::clone(&start));
        callers.spawn(async move {
            start.wait().await;
            Pair::from(&api.refresh(&token).await.expect(200))
        });
    }
    let pairs = callers.join_all().await;
    assert_eq!(pairs.len(), CALLERS);
    let mut current = pairs[0].clone();
    assert!(pairs.iter().all(|pair| pair.refresh == current.refresh), "one token has two successors");
    assert_ne!(current.refresh, first.refresh);
    for pair in &pairs {
        desk.api.me(&pair.access).await.expect(200);
    }
    for generation in generation(&first) + 1..generation(&first) + 4 {
        assert_eq!(
            support::claims(&current.refresh)["gen"],
            generation,
            "each round of callers rotates once"
        );
        current = Pair::from(&desk.api.refresh(&current.refresh).await.expect(200));
    }
    let cut = desk.api.get("/api/v1/admin/revocations", desk.caller()).await.expect(200);
    assert_eq!(cut.json["items"], Value::Array(Vec::new()), "nobody is taken for a thief");
}

fn generation(pair: &Pair) -> i64 {
    claims(&pair.refresh)["gen"].as_i64().expect("a generation")
}

/// A user cut kills what was minted before it and nothing that is minted after it, within one second, again and again.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_cut_parts_old_from_new_within_one_second() {
    let House { desk, server: _server } = House::open(&[]).await;
    let (tenant, user) = (desk.tenant.clone(), new_user());
    part_old_from_new(&desk, &tenant, &user, &format!("/api/v1/admin/users/{user}/revoke-all")).await;
}

/// A tenant cut kills what was minted before it and nothing that is minted after it, within one second, again and again.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_cut_parts_old_from_new_within_one_second() {
    let House { desk, server: _server } = House::open(&[]).await;
    let tenant = desk.new_tenant().await;
    part_old_from_new(&desk, &tenant, &new_user(), &format!("/api/v1/admin/tenants/{tenant}/revoke-all"))
        .await;
}

/// Every round is a repetition of the round before: the cut bites each time, with a higher version and an entry of its
/// own.
async fn part_old_from_new(desk: &Desk, tenant: &str, user: &str, cut: &str) {
    let mut old = desk.open_in(tenant, user).await;
    let (mut version, mut seq, mut in_one_second) = (0, 0, 0);
    for round in 0..ROUNDS {
        let done = desk.order(cut).await.expect(200);
        let new = desk.open_in(tenant, user).await;
        in_one_second += usize::from(claims(&old.access)["iat"] == claims(&new.access)["iat"]);
        let (dead, alive) = tokio::join!(desk.api.me(&old.access), desk.api.me(&new.access));
        assert_eq!((dead.status, dead.code()), (401, "token_revoked"), "round {round}: {dead:?}");
        assert_eq!(alive.status, 200, "round {round}: {alive:?}");
        let (dead, alive) = tokio::join!(desk.api.refresh(&old.refresh), desk.api.refresh(&new.refresh));
        assert_eq!((dead.status, dead.code()), (401, "session_revoked"), "round {round}: {dead:?}");
        old = Pair::from(&alive.expect(200));
        assert_eq!(done.json["revoked"], 1, "round {round}: {done:?}");
        assert!(
            number(&done, "token_version") > version && number(&done, "seq") > seq,
            "round {round}: {done:?}"
        );
        (version, seq) = (number(&done, "token_version"), number(&done, "seq"));
    }
    assert!(in_one_second > 0, "no round was over within one second: what this is about was not tested");
}

fn number(reply: &Reply, member: &str) -> i64 {
    reply.json[member].as_i64().unwrap_or_else(|| panic!("no number `{member}` in {reply:?}"))
}

/// What a race is against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Session,
    User,
    Tenant,
    Client,
    Key,
}

/// Once the cut of a session has returned, no refresh that raced it has left anything alive.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_outruns_a_session_cut() {
    race(Cut::Session).await;
}

/// Once the cut of a user has returned, no refresh of an older session has left anything alive, and an opening that raced
/// it is dead or alive as a whole.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_outruns_a_user_cut() {
    race(Cut::User).await;
}

/// As for a user, for a whole tenant.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_outruns_a_tenant_cut() {
    race(Cut::Tenant).await;
}

/// Once a client is deleted, nothing is alive of any session that it opened, whenever it did.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_outruns_the_deletion_of_a_client() {
    race(Cut::Client).await;
}

/// Once a signing key is revoked, every access token that it signed is dead, and every session goes on with another key.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_outruns_the_revocation_of_a_key() {
    race(Cut::Key).await;
}

/// Once a password is set, nothing is alive of any sign-in with the one before it, not even of one whose password was
/// being checked at that moment.
#[tokio::test(flavor = "multi_thread")]
async fn no_sign_in_outlives_the_password_that_it_used() {
    let House { desk, server: _server } = House::open(&[]).await;
    for round in 0..PASSWORDS {
        let email = format!("{}@example.com", new_user());
        let made =
            desk.api.create_user(desk.caller(), &email, OLD_PASSWORD, "member", None).await.expect(201);
        let under_way = Arc::new(Barrier::new(SIGNERS + 1));
        let mut signers = JoinSet::new();
        for _ in 0..SIGNERS {
            signers.spawn(keep_signing_in(desk.clone(), email.clone(), Arc::clone(&under_way)));
        }
        under_way.wait().await;
        let path = format!("/api/v1/admin/users/{}", made.text("user_id"));
        desk.api.patch(&path, desk.caller(), json!({"password": NEW_PASSWORD})).await.expect(200);
        for pair in signers.join_all().await.into_iter().flatten() {
            desk.api.me(&pair.access).await.refuses(401, "token_revoked");
            let refreshed = desk.api.refresh(&pair.refresh).await;
            assert_eq!(refreshed.code(), "session_revoked", "round {round}: {refreshed:?}");
        }
    }
}

/// Signs in until the password is no longer the right one.
async fn keep_signing_in(desk: Desk, email: String, under_way: Arc<Barrier>) -> Vec<Pair> {
    let mut pairs = vec![Pair::from(&desk.api.login(&email, OLD_PASSWORD).await.expect(200))];
    under_way.wait().await;
    loop {
        let reply = desk.api.login(&email, OLD_PASSWORD).await;
        if reply.status != 200 {
            reply.refuses(401, "invalid_credentials");
            return pairs;
        }
        pairs.push(Pair::from(&reply));
    }
}

async fn race(cut: Cut) {
    let House { desk, server: _server } = House::open(&[]).await;
    let tenant = desk.new_tenant().await;
    for round in 0..RACES {
        let field = Field::new(&desk, &tenant).await;
        let (order, target) = field.order(cut);
        let outcome = field.run(order).await;
        for (index, chain) in outcome.chains.iter().enumerate() {
            let hit = cut != Cut::Session || index == 0;
            let place = format!("round {round}, chain {index} of {cut:?}");
            check_chain(&desk, cut, &target, hit, chain, &place).await;
        }
        for opened in &outcome.openings {
            check_opening(&desk, cut, &target, opened, &format!("round {round}, opening during {cut:?}"))
                .await;
        }
    }
}

/// The field of one race: a user, the backend that opens its sessions, and the sessions.
struct Field {
    desk: Desk,
    backend: Client,
    tenant: String,
    user: String,
    sessions: Vec<Pair>,
}

/// How the cut is ordered.
type Order = (reqwest::Method, String);

/// What a race left behind.
struct Outcome {
    /// Every pair of each session, oldest first. All sessions were opened before the cut was sent.
    chains: Vec<Vec<Pair>>,
    /// What was opened while the cut was under way.
    openings: Vec<Pair>,
}

impl Field {
    async fn new(desk: &Desk, tenant: &str) -> Self {
        let backend = desk.api.create_client(desk.caller(), "backend", &["sessions:write"], None).await;
        let mut field = Self {
            desk: desk.clone(),
            backend,
            tenant: tenant.to_owned(),
            user: new_user(),
            sessions: Vec::with_capacity(REFRESHERS),
        };
        for _ in 0..REFRESHERS {
            field.sessions.push(Pair::from(&field.hand_over().await.expect(201)));
        }
        field
    }

    async fn hand_over(&self) -> Reply {
        self.desk.hand_over(&self.backend, &self.tenant, &self.user).await
    }

    /// How to order this cut, and the key that it kills.
    fn order(&self, cut: Cut) -> (Order, String) {
        let Self { user, tenant, backend, .. } = self;
        let kid = header(&self.sessions[0].access)["kid"].as_str().expect("a kid").to_owned();
        let post = |path: String| (reqwest::Method::POST, path);
        let delete = |path: String| (reqwest::Method::DELETE, path);
        let order = match cut {
            Cut::Session => delete(format!("/api/v1/admin/sessions/{}", self.sessions[0].session)),
            Cut::User => post(format!("/api/v1/admin/users/{user}/revoke-all")),
            Cut::Tenant => post(format!("/api/v1/admin/tenants/{tenant}/revoke-all")),
            Cut::Client => delete(format!("/api/v1/admin/clients/{}", backend.id)),
            Cut::Key => post(format!("/api/v1/admin/keys/{kid}/revoke")),
        };
        (order, kid)
    }

    /// Refreshes every session and opens new ones, from before the cut until after it has returned.
    async fn run(self, (method, path): Order) -> Outcome {
        let field = Arc::new(self);
        let stop = Arc::new(AtomicBool::new(false));
        // The cut begins when every chain has been refreshed once, and one session was opened.
        let under_way = Arc::new(Barrier::new(REFRESHERS + 2));
        let mut refreshers = Vec::new();
        for session in field.sessions.clone() {
            let (desk, stop, under_way) = (field.desk.clone(), Arc::clone(&stop), Arc::clone(&under_way));
            refreshers.push(tokio::spawn(keep_refreshing(desk, session, under_way, stop)));
        }
        let opener =
            tokio::spawn(keep_opening(Arc::clone(&field), Arc::clone(&under_way), Arc::clone(&stop)));
        under_way.wait().await;
        let cut = field.desk.api.send(method, &path, field.desk.caller(), None).await;
        assert!(matches!(cut.status, 200 | 204), "{cut:?}");
        stop.store(true, Ordering::Release);
        let mut chains = Vec::new();
        for refresher in refreshers {
            chains.push(refresher.await.expect("a chain is refreshed or refused"));
        }
        let mut openings = opener.await.expect("sessions are opened or refused");
        // The first one was answered before the cut was sent.
        chains.push(vec![openings.remove(0)]);
        Outcome { chains, openings }
    }
}

async fn keep_refreshing(
    desk: Desk,
    first: Pair,
    under_way: Arc<Barrier>,
    stop: Arc<AtomicBool>,
) -> Vec<Pair> {
    let mut chain = vec![first];
    while let Some(newest) = chain.last() {
        let reply = desk.api.refresh(&newest.refresh).await;
        match (reply.status, reply.code()) {
            (200, _) => chain.push(Pair::from(&reply)),
            (401, "session_revoked") => break,
            _ => panic!("a refresh that races a cut is answered or refused: {reply:?}"),
        }
        if chain.len() == 2 {
            under_way.wait().await;
        }
        if stop.load(Ordering::Acquire) {
            break;
        }
    }
    chain
}

async fn keep_opening(field: Arc<Field>, under_way: Arc<Barrier>, stop: Arc<AtomicBool>) -> Vec<Pair> {
    let first = Pair::from(&field.hand_over().await.expect(201));
    under_way.wait().await;
    let mut opened = vec![first];
    while !stop.load(Ordering::Acquire) {
        let reply = field.hand_over().await;
        match reply.status {
            201 => opened.push(Pair::from(&reply)),
            // The client is gone, or the cut came in between.
            401 | 403 => break,
            _ => panic!("an opening that races a cut is answered or refused: {reply:?}"),
        }
    }
    opened
}

/// A session that was opened before the cut was sent.
async fn check_chain(desk: &Desk, cut: Cut, kid: &str, hit: bool, chain: &[Pair], place: &str) {
    for pair in chain {
        let dead = match cut {
            Cut::Key => header(&pair.access)["kid"] == kid,
            _ => hit,
        };
        let alive = is_alive(desk, &pair.access).await;
        assert_eq!(alive, !dead, "{place}: an access token is {}", if alive { "alive" } else { "dead" });
    }
    let newest = chain.last().expect("at least the first pair");
    let refreshed = desk.api.refresh(&newest.refresh).await;
    if hit && cut != Cut::Key {
        assert_eq!((refreshed.status, refreshed.code()), (401, "session_revoked"), "{place}: {refreshed:?}");
    } else {
        assert_eq!(refreshed.status, 200, "{place}: {refreshed:?}");
        assert!(is_alive(desk, refreshed.text("access_token")).await, "{place}: {refreshed:?}");
    }
}

/// A session that was opened while the cut was on its way: before or after it, and wholly so.
async fn check_opening(desk: &Desk, cut: Cut, kid: &str, opened: &Pair, place: &str) {
    let access = is_alive(desk, &opened.access).await;
    let refresh = desk.api.refresh(&opened.refresh).await;
    assert!(
        matches!((refresh.status, refresh.code()), (200, _) | (401, "session_revoked")),
        "{place}: {refresh:?}"
    );
    let expected = match cut {
        Cut::Session => (true, true),
        Cut::User | Cut::Tenant => (access, access),
        Cut::Client => (false, false),
        Cut::Key => (header(&opened.access)["kid"] != kid, true),
    };
    assert_eq!((access, refresh.status == 200), expected, "{place}: access and refresh token");
}

async fn is_alive(desk: &Desk, access: &str) -> bool {
    let reply = desk.api.get("/api/v1/auth/me", Credentials::Bearer(access)).await;
    assert!(matches!(reply.status, 200 | 401), "{reply:?}");
    reply.status == 200
}
