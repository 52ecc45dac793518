//! When a stream ends although its reader would go on.

use rescind_testkit::process::{Client, Credentials};
use serde_json::json;

use super::cuts::cut;
use super::reader::{EVENTS, End, Events};
use super::support::House;

/// At once: its own cut is the news.
#[tokio::test]
async fn deleting_the_client_ends_its_stream_and_no_other() {
    let House { server: _server, desk } = House::open(&[]).await;
    let clients = [None, Some(desk.tenant.as_str())];
    for tenant in clients {
        let client = desk.api.create_client(desk.caller(), "goes", &["feed"], tenant).await;
        let other = desk.api.create_client(desk.caller(), "stays", &["feed"], tenant).await;
        let mut reading =
            [Events::from_now(&desk.api, &client).await, Events::from_now(&desk.api, &client).await];
        let mut staying = Events::from_now(&desk.api, &other).await;
        desk.api.delete(&format!("/api/v1/admin/clients/{}", client.id), desk.caller()).await.expect(204);
        for events in &mut reading {
            let ended = events.next().await;
            assert_eq!(ended, Err(End::InOrder), "it hears nothing more");
        }
        desk.api.get(EVENTS, Credentials::Basic(&client)).await.refuses(401, "invalid_client");
        assert_eq!(staying.revocation().await.data["key"], client.id.as_str());
        desk.api.delete(&format!("/api/v1/admin/clients/{}", other.id), desk.caller()).await.expect(204);
    }
}

#[tokio::test]
async fn suspending_its_tenant_ends_a_clients_stream_and_cutting_it_does_not() {
    let House { server: _server, desk } = House::open(&[]).await;
    let tenant = desk.new_tenant().await;
    let bound = desk.api.create_client(desk.caller(), "bound", &["feed"], Some(&tenant)).await;
    let unbound = desk.api.create_client(desk.caller(), "unbound", &["feed"], None).await;
    let mut events = Events::from_now(&desk.api, &bound).await;
    let mut others = Events::from_now(&desk.api, &unbound).await;
    desk.order(&format!("/api/v1/admin/tenants/{tenant}/revoke-all")).await.expect(200);
    assert_eq!(events.revocation().await.data["key"], tenant.as_str());

    let path = format!("/api/v1/admin/tenants/{tenant}");
    desk.api.patch(&path, desk.caller(), json!({"suspended": true})).await.expect(200);
    assert_eq!(events.next().await, Err(End::InOrder));
    assert_eq!(others.revocations(2).await[1].data["key"], tenant.as_str());
}

/// Nothing in the ledger tells: it is looked after with every heartbeat.
#[tokio::test]
async fn a_secret_that_is_good_no_more_ends_its_stream() {
    let House { server: _server, desk } = House::open(&[]).await;
    let client = desk.api.create_client(desk.caller(), "rotates", &["feed"], None).await;
    let mut events = Events::from_now(&desk.api, &client).await;
    let path = format!("/api/v1/admin/clients/{}/rotate-secret", client.id);
    let rotated = desk.api.post(&path, desk.caller(), json!({"overlap_seconds": 0})).await.expect(200);
    let client = Client { secret: rotated.text("client_secret").to_owned(), ..client };
    let mut fresh = Events::from_now(&desk.api, &client).await;
    assert_eq!(events.ends().await, End::InOrder);
    cut(&desk, "a").await;
    fresh.revocation().await;
}

/// At once, and before anything that is news.
#[tokio::test]
async fn a_persons_stream_ends_with_the_token() {
    let House { server, desk } = House::open(&[]).await;
    let pair = desk.api.login_as_admin(server.admin_email(), &server.admin_password()).await.expect(200);
    let caller = Credentials::Bearer(pair.text("access_token"));
    let mut events = Events::open(&desk.api, caller, "", None).await.expect("200");
    events.heartbeat().await;
    cut(&desk, "a").await;
    events.revocation().await;
    desk.api.logout(pair.text("refresh_token")).await.expect(204);
    assert_eq!(events.next().await, Err(End::InOrder));
}

/// In order, and without waiting for anybody.
#[tokio::test]
async fn a_server_that_is_told_to_stop_ends_its_streams_and_goes() {
    let House { mut server, desk } = House::open(&[]).await;
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(Events::from_now(&desk.api, &client).await);
    }
    cut(&desk, "a").await;
    let last = streams[0].revocation().await.id;
    server.signal_term();
    for events in &mut streams {
        assert_eq!(events.ends().await, End::InOrder);
    }
    assert!(server.wait().await.success());
    let printed = server.output().text();
    assert!(!printed.contains("the drain time is over"), "{printed}");

    server.restart().await;
    let mut events = Events::after(&desk.api, &client, &last).await;
    assert_eq!(events.until_caught_up(1).await, []);
}
