//! A house with a Redis, and all its doors.

use std::time::Duration;

use rescind_testkit::process::Credentials;

use crate::support::{Desk, House, Pair, jti, new_user};

/// Longer than anything here takes on the slowest machine.
const LIMIT: Duration = Duration::from_secs(60);
/// Between two looks at what has no event to wait for from outside.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A server that looks up.
pub(crate) struct Rig {
    pub(crate) house: House,
}

impl Rig {
    /// With its cache there, and connected.
    pub(crate) async fn open(redis: &str) -> Self {
        let house = House::open(&[("RESCIND_CHECK", "lookup"), ("RESCIND_REDIS_URL", redis)]).await;
        let rig = Self { house };
        rig.is_used().await;
        rig
    }

    pub(crate) fn desk(&self) -> &Desk {
        &self.house.desk
    }

    /// A new session.
    pub(crate) async fn session(&self) -> Pair {
        self.desk().open(&new_user()).await
    }

    /// A session whose access token was revoked by its jti.
    pub(crate) async fn revoked(&self) -> Pair {
        let pair = self.session().await;
        let path = format!("/api/v1/auth/sessions/revoke/{}", jti(&pair.access));
        self.desk().order(&path).await.expect(200);
        pair
    }

    /// Asserts that a token is let in, or not, at every door that there is.
    pub(crate) async fn assert_let_in(&self, token: &str, expected: bool) {
        let Desk { api, .. } = self.desk();
        let bearer = Credentials::Bearer(token);
        let (call, code) = if expected { (200, "") } else { (401, "token_revoked") };
        let me = api.me(token).await;
        assert_eq!((me.status, me.code()), (call, code), "{me:?}");
        assert_eq!(api.get("/api/v1/auth/forward", bearer).await.status, call);
        let asked = [("token", token)];
        let introspected = api.form("/oauth2/introspect", self.desk().caller(), &asked).await.expect(200);
        assert_eq!(introspected.json["active"], expected, "{introspected:?}");
        // Nobody is admitted to administration by such a token; but a good one is told so.
        let admin = api.get("/api/v1/admin/users", bearer).await;
        assert_eq!(admin.status, if expected { 403 } else { 401 }, "{admin:?}");
    }

    /// A number of the server's metrics.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        self.desk().metric(name).await
    }

    /// How often Redis said *revoked*.
    pub(crate) async fn hits(&self) -> f64 {
        self.metric(r#"rescind_cache_lookups_total{outcome="hit"}"#).await
    }

    /// Waits until Redis says *revoked* of something that was revoked; meanwhile the ledger does.
    pub(crate) async fn is_used(&self) {
        let before = self.hits().await;
        let revoked = self.revoked().await;
        until("Redis is used", async || {
            self.assert_let_in(&revoked.access, false).await;
            self.hits().await > before
        })
        .await;
    }
}

pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    assert!(tokio::time::timeout(LIMIT, waiting).await.is_ok(), "waited in vain until {what}");
}
