//! A real authority, with nginx before a backend that trusts it.

use std::net::SocketAddr;

use rescind_testkit::process::Server;
use serde_json::json;

use super::front::Front;
use super::support::{Desk, House, Pair, new_user};

/// An authority, and nginx.
pub(crate) struct Rig {
    pub(crate) house: House,
    pub(crate) front: Front,
}

impl Rig {
    pub(crate) async fn open() -> Self {
        let house = House::open(&[]).await;
        let front = Front::before(address(&house.server)).await;
        Self { house, front }
    }

    pub(crate) fn desk(&self) -> &Desk {
        &self.house.desk
    }

    /// A new member's session.
    pub(crate) async fn session(&self) -> Pair {
        self.desk().open(&new_user()).await
    }

    /// A new user's session, with that role.
    pub(crate) async fn session_as(&self, role: &str) -> Pair {
        let Desk { api, tenant, .. } = self.desk();
        let user = new_user();
        let email = format!("{user}@example.com");
        let body = json!({"user_id": user, "tenant_id": tenant, "email": email, "role": role});
        Pair::from(&api.post("/api/v1/sessions", self.desk().caller(), body).await.expect(201))
    }

    /// How many checks the authority answered so.
    pub(crate) async fn checks(&self, reason: &str) -> f64 {
        let result = if reason == "ok" { "accepted" } else { "refused" };
        self.desk().metric(&format!(r#"rescind_checks_total{{result="{result}",reason="{reason}"}}"#)).await
    }
}

/// Where a server listens.
pub(crate) fn address(server: &Server) -> SocketAddr {
    server.base().trim_start_matches("http://").parse().expect("an address")
}
