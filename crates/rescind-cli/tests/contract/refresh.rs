//! Refreshing: what comes too late, what is superseded, and what needs a secret.

use rescind_testkit::process::{Api, Client, Credentials, Reply};
use serde_json::json;

use super::asking::until;
use super::support::{House, Pair, new_user};

#[tokio::test]
async fn a_session_that_was_idle_too_long_has_expired_and_a_refusal_does_not_extend_it() {
    let house = House::open(&[("RESCIND_ACCESS_TTL", "1s"), ("RESCIND_REFRESH_TTL", "1s")]).await;
    let (desk, api) = (&house.desk, &house.desk.api);
    let user = new_user();
    let pair = desk.open(&user).await;

    // A refresh would keep it alive: what is asked meanwhile is the list.
    let expired = format!("/api/v1/admin/users/{user}/sessions?status=expired");
    let listed = until(api, desk.caller(), &expired, |reply| reply.json["items"][0].is_object()).await;
    assert_eq!(listed.json["items"][0]["session_id"], pair.session);
    for _ in 0..2 {
        api.refresh(&pair.refresh).await.refuses(401, "session_expired");
        token_endpoint(api, Credentials::Nobody, &pair.refresh).await.refuses(400, "invalid_grant");
    }
    let after = api.get(&expired, desk.caller()).await.expect(200);
    assert_eq!(after.json, listed.json);
}

#[tokio::test]
async fn an_older_refresh_token_is_superseded_within_grace_and_ends_nothing() {
    let house = House::open(&[("RESCIND_REFRESH_GRACE", "5m")]).await;
    let (desk, api) = (&house.desk, &house.desk.api);
    let first = desk.open(&new_user()).await;
    let second = Pair::from(&api.refresh(&first.refresh).await.expect(200));
    let third = Pair::from(&api.refresh(&second.refresh).await.expect(200));

    api.refresh(&first.refresh).await.refuses(409, "refresh_superseded");
    token_endpoint(api, Credentials::Nobody, &first.refresh).await.refuses(400, "invalid_grant");
    api.me(&third.access).await.expect(200);
    let fourth = Pair::from(&api.refresh(&third.refresh).await.expect(200));
    assert_eq!(fourth.session, first.session);
}

#[tokio::test]
async fn a_session_of_a_client_whose_refresh_requires_the_secret_is_refreshed_by_that_client_only() {
    let house = House::open(&[]).await;
    let (desk, api) = (&house.desk, &house.desk.api);
    let asked =
        json!({"name": "confidential", "scopes": ["sessions:write"], "refresh_requires_secret": true});
    let made = api.post("/api/v1/admin/clients", desk.caller(), asked).await.expect(201);
    assert_eq!(made.json["refresh_requires_secret"], json!(true));
    let client =
        Client { id: made.text("client_id").to_owned(), secret: made.text("client_secret").to_owned() };
    let opened = Pair::from(&desk.hand_over(&client, &desk.tenant, &new_user()).await.expect(201));

    let guess = Client { id: client.id.clone(), secret: "rcs_a-wrong-guess".to_owned() };
    for caller in [Credentials::Nobody, Credentials::Basic(&guess), desk.caller()] {
        refresh_as(api, caller, &opened.refresh).await.refuses(401, "invalid_client");
        token_endpoint(api, caller, &opened.refresh).await.refuses(401, "invalid_client");
    }
    let own = Credentials::Basic(&client);
    let next = Pair::from(&refresh_as(api, own, &opened.refresh).await.expect(200));
    let last = Pair::from(&token_endpoint(api, own, &next.refresh).await.expect(200));
    api.me(&last.access).await.expect(200);
}

async fn refresh_as(api: &Api, caller: Credentials<'_>, refresh_token: &str) -> Reply {
    api.post("/api/v1/auth/refresh", caller, json!({"refresh_token": refresh_token})).await
}

async fn token_endpoint(api: &Api, caller: Credentials<'_>, refresh_token: &str) -> Reply {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    api.form("/oauth2/token", caller, &fields).await
}
