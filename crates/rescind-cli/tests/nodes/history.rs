//! The database is put back to an older state, as whoever restores a backup does.

use rescind_testkit::process::Server;

use crate::fleet::{Fleet, breakable, options};
use crate::support::{Desk, Pair, jti, new_user, until};

/// More looks at a node than it takes to notice; each is a request.
const LOOKS: usize = 10_000;

/// On the nodes that knew of it without a gap, and then on one that starts cold.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_revoked_since_the_backup_stays_revoked() {
    let (mut postgres, url) = breakable().await;
    let fleet = Fleet::at(&[url.clone(), url.clone()], &[]).await;
    let desks = [fleet.desk_at(0), fleet.desk_at(1)];
    let (ended, signed_out, lives) =
        (desks[0].open(&new_user()).await, new_user(), desks[0].open(&new_user()).await);
    let everywhere = desks[0].open(&signed_out).await;
    postgres.stop_fast().await;
    let backup = postgres.copy_data().await;
    postgres.restart().await;
    for node in &fleet.nodes {
        node.ready().await;
    }
    desks[0].order(&format!("/api/v1/auth/sessions/revoke/{}", jti(&ended.refresh))).await.expect(200);
    desks[0].order(&format!("/api/v1/admin/users/{signed_out}/revoke-all")).await.expect(200);
    let cut = [&ended, &everywhere];
    for pair in cut {
        until_refused(&desks[1], pair).await;
    }

    postgres.stop_fast().await;
    postgres.restore_data(&backup).await;
    is_refused(&desks, &cut).await;
    postgres.restart().await;
    for pair in cut {
        until_over(&desks, pair, &cut).await;
    }
    // One that still waits to connect again has yet to notice, and what is written back is counted a moment later.
    for desk in &desks {
        until("it has noticed", async || desk.metric("rescind_history_changes_total").await >= 1.0).await;
    }
    until("a session and a user are counted", async || {
        let [one, other] = desks.each_ref().map(|desk| desk.metric("rescind_written_back_marks_total"));
        one.await + other.await >= 2.0
    })
    .await;
    let cold = Server::start(options(&url, &[])).await;
    let cold = Desk { api: cold.api().clone(), ..fleet.desk.clone() };
    for pair in cut {
        cold.api.me(&pair.access).await.refuses(401, "token_revoked");
        cold.api.refresh(&pair.refresh).await.refuses(401, "session_revoked");
    }
    let next = Pair::from(&desks[0].api.refresh(&lives.refresh).await.expect(200));
    for desk in desks.iter().chain([&cold]) {
        desk.api.me(&next.access).await.expect(200);
    }
}

async fn until_refused(desk: &Desk, pair: &Pair) {
    for _ in 0..LOOKS {
        if desk.api.me(&pair.access).await.status != 200 {
            desk.api.me(&pair.access).await.refuses(401, "token_revoked");
            return;
        }
    }
    panic!("the other node never heard of it");
}

/// Until the store itself ends the session again. Meanwhile no node lets anything of it pass.
async fn until_over(desks: &[Desk], pair: &Pair, cut: &[&Pair]) {
    for desk in desks.iter().cycle().take(LOOKS) {
        let answer = desk.api.refresh(&pair.refresh).await;
        is_refused(desks, cut).await;
        if answer.status == 401 {
            answer.refuses(401, "session_revoked");
            return;
        }
        answer.refuses(503, "unavailable");
    }
    panic!("nobody wrote it back");
}

async fn is_refused(desks: &[Desk], cut: &[&Pair]) {
    for desk in desks {
        for pair in cut {
            desk.api.me(&pair.access).await.refuses(401, "token_revoked");
        }
    }
}
