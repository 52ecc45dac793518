//! What "Revoke a token" says of what was named, before it is revoked.

use super::browser::Area;
use super::support::claims;
use super::tab::Tab;
use super::world::World;

/// Or somebody who wanted one token dead would sign a person out.
#[tokio::test]
async fn of_a_refresh_tokens_jti_it_is_said_that_the_session_ends_in_any_spelling() {
    let world = World::plain(&[]).await;
    let (email, password) = world.operator();
    let mut root = Tab::signed_in(world.api(), Area::Admin, &email, &password).await;
    let pair = &world.sessions[0];
    let jti = |token: &str| claims(token)["jti"].as_str().expect("a jti").to_owned();
    let (refresh, access) = (jti(&pair.refresh), jti(&pair.access));
    for (named, ends_session) in
        [(refresh.to_uppercase(), true), (refresh, true), (access.to_uppercase(), false), (access, false)]
    {
        let told = root.post("/admin/revocations/preview", &[("text", &*named)]).await.expect(200);
        assert_eq!(told.body.contains("Revoking it ends the session"), ends_session, "{named}: {told:?}");
        assert_eq!(told.body.contains("Revoking it ends this one token"), !ends_session, "{told:?}");
        assert!(told.body.contains("This is the jti of a"), "{told:?}");
    }
}
