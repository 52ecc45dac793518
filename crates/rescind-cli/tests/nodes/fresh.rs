//! Checks that are to be fresh: nothing passes that any node has acknowledged as revoked before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rescind_testkit::process::{Credentials, Reply};
use rescind_testkit::proxy::{Mode, Proxy};
use serde_json::json;
use tokio::task::JoinSet;

use crate::fleet::{Fleet, breakable};
use crate::support::{Desk, Pair, jti, new_user};

/// How often.
const ROUNDS: usize = 100;

/// At the very next check, by whatever cut and at whichever node; and what is good passes.
#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_check_knows_what_another_node_has_just_acknowledged() {
    let fleet = Fleet::open(2, &[]).await;
    rounds(&fleet).await;
}

/// The ledger grows all the while: it has never ended where it ended when it was asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_check_keeps_up_with_a_ledger_that_grows() {
    let fleet = Fleet::open(2, &[]).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let (desk, stop) = (fleet.desk_at(writer % 2), Arc::clone(&stop));
        writers.spawn(async move {
            let mut cuts = 0;
            while !stop.load(Ordering::Relaxed) {
                let path = format!("/api/v1/auth/sessions/revoke/other-{writer}-{cuts}");
                desk.order(&path).await.expect(200);
                cuts += 1;
            }
            cuts
        });
    }
    rounds(&fleet).await;
    stop.store(true, Ordering::Relaxed);
    let cuts: usize = writers.join_all().await.into_iter().sum();
    assert!(cuts > ROUNDS, "the ledger hardly grew");
}

/// Without Redis, with it, or with neither there: by look-up every check is fresh.
#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_check_by_look_up_asks_the_ledger() {
    let (mut postgres, url) = breakable().await;
    let settings = [("RESCIND_CHECK", "lookup"), ("RESCIND_ON_STALE", "allow")];
    let fleet = Fleet::at(&[url.clone(), url], &settings).await;
    rounds(&fleet).await;
    let good = fleet.desk.open(&new_user()).await;
    postgres.stop_immediate().await;
    checked(&fleet.desk, &good.access, false).await.expect(200);
    checked(&fleet.desk, &good.access, true).await.refuses(503, "stale");
}

/// A node that cannot read the ledger does not know, and says so; its plain checks go on with what it knows.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_lets_nothing_pass_that_is_to_be_fresh() {
    let (postgres, url) = breakable().await;
    let proxy = Proxy::before_port(postgres.port()).await;
    let fleet = Fleet::at(&[url.clone(), proxy.url(&url)], &[("RESCIND_ON_STALE", "allow")]).await;
    let (here, there) = (fleet.desk_at(0), fleet.desk_at(1));
    for mode in [Mode::Cut, Mode::Hang] {
        let [good, gone, known] =
            [here.open(&new_user()).await, here.open(&new_user()).await, here.open(&new_user()).await];
        revoke(&here, &known).await;
        checked(&there, &known.access, true).await.refuses(401, "token_revoked");
        proxy.set(mode).await;
        revoke(&here, &gone).await;
        for pair in [&good, &gone] {
            checked(&there, &pair.access, false).await.expect(200);
            let stale = checked(&there, &pair.access, true).await.refuses(503, "stale");
            assert_eq!(stale.header("retry-after"), "1", "{mode:?}");
        }
        // What it knows needs no ledger.
        checked(&there, &known.access, true).await.refuses(401, "token_revoked");
        proxy.set(Mode::Pass).await;
        fleet.nodes[1].ready().await;
        checked(&there, &good.access, true).await.expect(200);
        checked(&there, &gone.access, true).await.refuses(401, "token_revoked");
    }
}

/// An administrator who was signed out at one node changes nothing at another, not even one that has not heard of it.
#[tokio::test(flavor = "multi_thread")]
async fn who_administers_with_a_token_that_was_revoked_elsewhere_changes_nothing() {
    let (postgres, url) = breakable().await;
    let proxy = Proxy::before_port(postgres.port()).await;
    let fleet = Fleet::at(&[url.clone(), proxy.url(&url)], &[]).await;
    let (here, there) = (fleet.desk_at(0), fleet.desk_at(1));
    for _ in 0..5 {
        let admin = administrator(&fleet).await;
        make_tenant(&there, &admin.access).await.expect(201);
        revoke(&here, &admin).await;
        make_tenant(&there, &admin.access).await.refuses(401, "token_revoked");
    }
    let [good, gone] = [administrator(&fleet).await, administrator(&fleet).await];
    make_tenant(&there, &gone.access).await.expect(201);
    let before = tenants(&here).await;
    proxy.set(Mode::Cut).await;
    revoke(&here, &gone).await;
    for admin in [&good, &gone] {
        make_tenant(&there, &admin.access).await.refuses(503, "stale");
        let jti = format!("/api/v1/auth/sessions/revoke/{}", jti(&admin.access));
        there.api.post(&jti, Credentials::Bearer(&admin.access), json!({})).await.refuses(503, "stale");
    }
    assert_eq!(tenants(&here).await, before);
    proxy.set(Mode::Pass).await;
    fleet.nodes[1].ready().await;
    make_tenant(&there, &gone.access).await.refuses(401, "token_revoked");
    make_tenant(&there, &good.access).await.expect(201);
}

/// Revokes at one node, and asks at once at the other: a hundred times, to and fro.
async fn rounds(fleet: &Fleet) {
    for round in 0..ROUNDS {
        let (from, to) = (fleet.desk_at(round % 2), fleet.desk_at((round + 1) % 2));
        let user = new_user();
        let pair = from.open(&user).await;
        checked(&to, &pair.access, true).await.expect(200);
        match round % 4 {
            0 => revoke(&from, &pair).await,
            1 => drop(from.api.logout(&pair.refresh).await.expect(204)),
            2 => drop(from.order(&format!("/api/v1/admin/users/{user}/revoke-all")).await.expect(200)),
            _ => {
                revoke(&from, &pair).await;
                let asked = [("token", pair.access.as_str()), ("fresh", "true")];
                let told = to.api.form("/oauth2/introspect", to.caller(), &asked).await.expect(200);
                assert_eq!(told.json, json!({"active": false}), "round {round}");
            }
        }
        checked(&to, &pair.access, true).await.refuses(401, "token_revoked");
    }
}

async fn checked(desk: &Desk, access: &str, fresh: bool) -> Reply {
    let path = format!("/api/v1/auth/forward?fresh={fresh}");
    desk.api.get(&path, Credentials::Bearer(access)).await
}

async fn revoke(desk: &Desk, pair: &Pair) {
    desk.order(&format!("/api/v1/auth/sessions/revoke/{}", jti(&pair.access))).await.expect(200);
}

/// The operator, signed in at the first node.
async fn administrator(fleet: &Fleet) -> Pair {
    let node = &fleet.nodes[0];
    Pair::from(&node.api().login_as_admin(node.admin_email(), &node.admin_password()).await.expect(200))
}

async fn make_tenant(desk: &Desk, access: &str) -> Reply {
    let slug = format!("t-{}", &new_user()[24..]);
    desk.api.post("/api/v1/admin/tenants", Credentials::Bearer(access), json!({"slug": slug})).await
}

async fn tenants(desk: &Desk) -> usize {
    let listed = desk.api.get("/api/v1/admin/tenants?limit=500", desk.caller()).await.expect(200);
    listed.json["items"].as_array().expect("a list").len()
}
