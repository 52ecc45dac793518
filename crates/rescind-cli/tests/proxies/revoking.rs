//! What is revoked is refused at the very next request, whatever revoked it.

use rescind_testkit::process::Credentials;

use super::front::PROTECTED;
use super::rig::Rig;
use super::support::{Pair, claims, jti, new_user};

/// What takes a token back.
#[derive(Clone, Copy, Debug)]
enum Level {
    Token,
    Session,
    User,
    Tenant,
    Client,
}

const LEVELS: [Level; 5] = [Level::Token, Level::Session, Level::User, Level::Tenant, Level::Client];

#[tokio::test]
async fn what_is_revoked_at_any_level_is_refused_at_the_next_request() {
    let rig = Rig::open().await;
    let front = &rig.front;
    // Where answers are kept, the next request is another promise.
    for path in PROTECTED.into_iter().filter(|path| *path != "/pages/7") {
        for level in LEVELS {
            let subject = Subject::new(&rig).await;
            front.passes(front.get(path, &subject.pair.access)).await;
            subject.cut(&rig, level).await;
            let refused = front.refuses(front.get(path, &subject.pair.access), 401).await;
            let challenge = refused.header("www-authenticate");
            assert_eq!(challenge, r#"Bearer realm="rescind", error="invalid_token""#, "{path}: {level:?}");
        }
    }
}

/// A user of a tenant and of a backend that both are nobody else's, and an administrator there.
struct Subject {
    tenant: String,
    user: String,
    client: String,
    pair: Pair,
}

impl Subject {
    async fn new(rig: &Rig) -> Self {
        let desk = rig.desk();
        let (tenant, user) = (desk.new_tenant().await, new_user());
        let backend = desk.api.create_client(desk.caller(), "backend", &["admin"], None).await;
        let body = serde_json::json!({
            "user_id": user, "tenant_id": tenant, "email": format!("{user}@example.com"), "role": "admin",
        });
        let opened = desk.api.post("/api/v1/sessions", Credentials::Basic(&backend), body).await.expect(201);
        Self { tenant, user, client: backend.id, pair: Pair::from(&opened) }
    }

    async fn cut(&self, rig: &Rig, level: Level) {
        let desk = rig.desk();
        let Self { tenant, user, client, pair } = self;
        assert_eq!(claims(&pair.access)["client_id"], client.as_str());
        let done = match level {
            Level::Token => desk.order(&format!("/api/v1/auth/sessions/revoke/{}", jti(&pair.access))).await,
            Level::Session => {
                desk.api.delete(&format!("/api/v1/admin/sessions/{}", pair.session), desk.caller()).await
            }
            Level::User => desk.order(&format!("/api/v1/admin/users/{user}/revoke-all")).await,
            Level::Tenant => desk.order(&format!("/api/v1/admin/tenants/{tenant}/revoke-all")).await,
            Level::Client => desk.api.delete(&format!("/api/v1/admin/clients/{client}"), desk.caller()).await,
        };
        assert!((200..300).contains(&done.status), "{level:?}: {done:?}");
    }
}
