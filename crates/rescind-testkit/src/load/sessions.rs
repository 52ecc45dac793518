//! Sessions to load a server with.

use std::sync::Arc;

use rescind::clock::Clock as _;
use rescind::entropy::uuid_v7;
use rescind::system::{SystemClock, SystemEntropy};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::process::{Client, Credentials, Reply, Server};

/// How many are opened at once.
const AT_ONCE: usize = 32;

/// Freshly opened sessions in the tenant `default`, each of a user of its own, as the answers to the calls that opened them. The client needs
/// `sessions:write`.
///
/// # Panics
/// If the server refuses one.
pub async fn sessions(server: &Server, client: &Client, count: usize) -> Vec<Reply> {
    let api = server.api();
    let tenant = api.tenant_id(Credentials::Bearer(&server.admin_token().await), "default").await;
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut opening = JoinSet::new();
    for _ in 0..count {
        let user = uuid_v7(SystemClock.now(), &SystemEntropy);
        let body = json!({
            "user_id": user, "tenant_id": tenant, "email": format!("{user}@example.com"), "role": "member",
        });
        let (api, client, room) = (api.clone(), client.clone(), Arc::clone(&room));
        opening.spawn(async move {
            let _place = room.acquire().await;
            api.post("/api/v1/sessions", Credentials::Basic(&client), body).await.expect(201)
        });
    }
    opening.join_all().await
}
