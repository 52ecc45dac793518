//! Nodes that start.

use rescind_testkit::process::{Credentials, Server};

use crate::fleet::{Fleet, breakable, options};
use crate::support::new_user;

/// It waits, says so, and becomes ready by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_starts_before_its_database_waits_for_it() {
    let (mut postgres, url) = breakable().await;
    postgres.stop_fast().await;
    let node = Server::begin(options(&url, &[]));
    node.output().after(0, |line| line.contains("waiting for it").then_some(())).await;
    assert_eq!(node.api().get("/healthz", Credentials::Nobody).await.status, 200);
    for path in ["/readyz", "/api/v1/auth/me", "/"] {
        node.api().get(path, Credentials::Nobody).await.refuses(503, "unavailable");
    }
    postgres.restart().await;
    node.ready().await;
    assert!(node.admin_token().await.len() > 100);
}

/// One that is told to stop while it waits stops.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_waits_can_be_told_to_stop() {
    let (mut postgres, url) = breakable().await;
    postgres.stop_fast().await;
    let mut node = Server::begin(options(&url, &[]));
    node.output().after(0, |line| line.contains("waiting for it").then_some(())).await;
    assert!(node.terminate().await.success());
}

/// A password that is wrong is not waited for.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_not_let_in_says_so_and_ends() {
    let (postgres, url) = breakable().await;
    let wrong = url.replace(postgres.password(), "not-the-password");
    let refused = Server::try_start(options(&wrong, &[])).await.expect_err("nobody lets it in");
    assert!(refused.output.contains("does not let us in"), "{}", refused.output);
    assert!(!refused.output.contains("not-the-password"), "{}", refused.output);
    let missing = url.rsplit_once('/').map(|(server, _)| format!("{server}/no_such_database"));
    let refused =
        Server::try_start(options(&missing.expect("a database"), &[])).await.expect_err("no database");
    assert!(refused.output.contains("no_such_database"), "{}", refused.output);
}

/// Many at once on an empty database: the schema, the tenants, the operator and the keys are made once.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_on_an_empty_database_are_one_authority() {
    let (_postgres, url) = breakable().await;
    let nodes: Vec<Server> = (0..4).map(|_| Server::begin(options(&url, &[]))).collect();
    for node in &nodes {
        node.ready().await;
    }
    let token = nodes[0].admin_token().await;
    let client = nodes[0].api().create_client(Credentials::Bearer(&token), "c", &["admin"], None).await;
    for node in &nodes {
        let tenants = node.api().get("/api/v1/admin/tenants", Credentials::Basic(&client)).await.expect(200);
        assert_eq!(tenants.json["items"].as_array().map(Vec::len), Some(2), "{tenants:?}");
        node.api().get("/api/v1/admin/keys", Credentials::Basic(&client)).await.expect(200);
    }
    let keys = nodes[1].api().get("/.well-known/jwks.json", Credentials::Nobody).await.expect(200);
    for node in &nodes {
        let same = node.api().get("/.well-known/jwks.json", Credentials::Nobody).await.expect(200);
        assert_eq!(same.json["keys"], keys.json["keys"]);
    }
}

/// A key that one node makes or revokes is known at the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_revoked_on_one_node_signs_nothing_on_the_other() {
    let fleet = Fleet::open(2, &[]).await;
    let (here, there) = (fleet.desk_at(0), fleet.desk_at(1));
    let pair = there.open(&new_user()).await;
    let kid = crate::support::header(&pair.access)["kid"].as_str().expect("a kid").to_owned();
    here.order(&format!("/api/v1/admin/keys/{kid}/revoke")).await.expect(200);
    // Guarded by the store: a node that has not heard of it signs nothing with it either.
    let next = there.api.refresh(&pair.refresh).await.expect(200);
    assert_ne!(crate::support::header(next.text("access_token"))["kid"], kid.as_str());
    there.api.me(next.text("access_token")).await.expect(200);
}
