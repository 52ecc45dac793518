//! A house with a Redis, and all its doors.

use rescind_testkit::process::Credentials;
use rescind_testkit::redis::{Redis, Sentinel};

use super::support::redis::{Check, hits, until_used};
use super::support::{Desk, House, Pair, jti, new_user};

/// A server with a cache.
pub(crate) struct Rig {
    pub(crate) house: House,
    pub(crate) check: Check,
}

impl Rig {
    /// With its cache there, and connected.
    pub(crate) async fn open(check: Check, redis: &Redis) -> Self {
        Self::at(check, &redis.url(), redis).await
    }

    /// The same with one that the sentinels name.
    pub(crate) async fn behind(check: Check, sentinel: &Sentinel) -> Self {
        Self::at(check, &sentinel.url(), sentinel.master().await).await
    }

    async fn at(check: Check, url: &str, redis: &Redis) -> Self {
        let house = House::open(&[("RESCIND_CHECK", check.setting()), ("RESCIND_REDIS_URL", url)]).await;
        let rig = Self { house, check };
        rig.until_used(redis).await;
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
        hits(self.desk()).await
    }

    /// Waits until what is revoked is written there, and is read there by one that looks up.
    pub(crate) async fn until_used(&self, redis: &Redis) {
        until_used(self.desk(), self.check, redis).await;
    }
}
