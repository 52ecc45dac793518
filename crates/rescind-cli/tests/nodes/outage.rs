//! The database is away, or hangs.

use std::time::Duration;

use rescind_testkit::process::Credentials;
use rescind_testkit::proxy::{Mode, Proxy};
use serde_json::json;

use crate::fleet::{Fleet, breakable};
use crate::support::{Desk, Pair, jti, new_user};

/// What was known to be revoked is refused, what is good passes, and nothing is revoked that cannot be written down.
#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_a_node_checks_and_acknowledges_nothing() {
    let (mut postgres, url) = breakable().await;
    let fleet = Fleet::at(&[url.clone(), url], &[]).await;
    let known = Known::prepare(&fleet).await;
    postgres.stop_immediate().await;
    for node in 0..2 {
        known.holds_without_a_database(&fleet.desk_at(node)).await;
    }
    postgres.restart().await;
    known.works_again(&fleet).await;
}

/// The same where the database does not answer, which nobody is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_hangs_is_one_that_is_away() {
    let (postgres, url) = breakable().await;
    let proxy = Proxy::before_port(postgres.port()).await;
    let through = proxy.url(&url);
    let fleet = Fleet::at(&[through.clone(), through], &[]).await;
    let known = Known::prepare(&fleet).await;
    proxy.set(Mode::Hang).await;
    for node in 0..2 {
        known.holds_without_a_database(&fleet.desk_at(node)).await;
    }
    proxy.set(Mode::Pass).await;
    known.works_again(&fleet).await;
}

/// The same where the connection is cut.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_cut_off_from_its_database_catches_up() {
    let (postgres, url) = breakable().await;
    let proxy = Proxy::before_port(postgres.port()).await;
    let fleet = Fleet::at(&[proxy.url(&url), url], &[]).await;
    let known = Known::prepare(&fleet).await;
    proxy.set(Mode::Cut).await;
    known.holds_without_a_database(&fleet.desk_at(0)).await;
    // The other one goes on, and what it revokes holds at once where it is known.
    let pair = fleet.desk_at(1).open(&new_user()).await;
    fleet.desk_at(1).order(&format!("/api/v1/auth/sessions/revoke/{}", jti(&pair.access))).await.expect(200);
    fleet.desk_at(1).api.me(&pair.access).await.refuses(401, "token_revoked");
    proxy.set(Mode::Pass).await;
    fleet.nodes[0].ready().await;
    until(&fleet.desk_at(0), &pair.access, 401).await;
    known.works_again(&fleet).await;
}

/// Beyond `RESCIND_MAX_STALENESS` a node that cannot read the ledger lets nothing pass, and says why.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_its_database_ends_by_letting_nothing_pass() {
    let (mut postgres, url) = breakable().await;
    let fleet = Fleet::at(&[url], &[("RESCIND_MAX_STALENESS", "3s")]).await;
    let known = Known::prepare(&fleet).await;
    postgres.stop_immediate().await;
    until(&fleet.desk, &known.good.access, 503).await;
    let stale = fleet.desk.api.me(&known.good.access).await;
    assert_eq!(stale.status, 503, "{stale:?}");
    let revoked = fleet.desk.api.me(&known.revoked.access).await;
    assert!(matches!(revoked.status, 401 | 503), "{revoked:?}");
    postgres.restart().await;
    fleet.nodes[0].ready().await;
    fleet.desk.api.me(&known.good.access).await.expect(200);
}

/// Tokens of which all nodes know what they are.
struct Known {
    good: Pair,
    revoked: Pair,
}

impl Known {
    async fn prepare(fleet: &Fleet) -> Self {
        let (good, revoked) = (fleet.desk.open(&new_user()).await, fleet.desk.open(&new_user()).await);
        fleet.desk.order(&format!("/api/v1/auth/sessions/revoke/{}", jti(&revoked.access))).await.expect(200);
        for node in 0..fleet.nodes.len() {
            until(&fleet.desk_at(node), &revoked.access, 401).await;
        }
        Self { good, revoked }
    }

    async fn holds_without_a_database(&self, desk: &Desk) {
        // Whoever had a connection a moment ago may learn only now that it is dead.
        let path = format!("/api/v1/auth/sessions/revoke/{}", jti(&self.good.access));
        desk.order(&path).await.refuses(503, "unavailable");
        desk.api.me(&self.revoked.access).await.refuses(401, "token_revoked");
        desk.api.me(&self.good.access).await.expect(200);
        desk.api.refresh(&self.good.refresh).await.refuses(503, "unavailable");
        let entered = json!({"email": "nobody@example.com", "password": "correct horse battery"});
        desk.api.post("/api/v1/auth/login", Credentials::Nobody, entered).await.refuses(503, "unavailable");
        assert_eq!(desk.api.get("/readyz", Credentials::Nobody).await.status, 503);
        // What was not acknowledged was not done.
        desk.api.me(&self.good.access).await.expect(200);
    }

    async fn works_again(&self, fleet: &Fleet) {
        for node in &fleet.nodes {
            node.ready().await;
        }
        let next = fleet.desk.api.refresh(&self.good.refresh).await.expect(200);
        let session = Pair::from(&next);
        fleet
            .desk
            .order(&format!("/api/v1/auth/sessions/revoke/{}", jti(&session.refresh)))
            .await
            .expect(200);
        for node in 0..fleet.nodes.len() {
            until(&fleet.desk_at(node), &session.access, 401).await;
            fleet.desk_at(node).api.me(&self.revoked.access).await.refuses(401, "token_revoked");
        }
    }
}

/// Until a check of this token is answered so.
async fn until(desk: &Desk, access: &str, status: u16) {
    let answered = async {
        while desk.api.me(access).await.status != status {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), answered).await;
    assert!(waited.is_ok(), "the check was never answered with {status}");
}
