//! For backends: their secrets, and the sessions that they hand over.

use rescind_testkit::process::{Client, Credentials};
use serde_json::{Value, json};

use super::asking::{items, until};
use super::support::{Desk, House, claims, new_user};

/// What a client with `users:write` may call.
const USERS: &str = "/api/v1/admin/users";
const AUDIENCE: &str = "https://orders.example";

#[tokio::test]
async fn an_old_client_secret_works_as_long_as_it_overlaps_and_without_overlap_no_more() {
    let house = House::open(&[]).await;
    let (desk, api) = (&house.desk, &house.desk.api);
    let first = api.create_client(desk.caller(), "rotating", &["users:write"], None).await;

    let second = rotate(desk, &first, 600).await;
    for good in [&first, &second] {
        api.get(USERS, Credentials::Basic(good)).await.expect(200);
    }
    let third = rotate(desk, &second, 0).await;
    api.get(USERS, Credentials::Basic(&second)).await.refuses(401, "invalid_client");
    let fourth = rotate(desk, &third, 1).await;
    until(api, Credentials::Basic(&third), USERS, |reply| reply.status == 401).await;
    api.get(USERS, Credentials::Basic(&fourth)).await.expect(200);
}

#[tokio::test]
async fn a_session_that_is_handed_over_keeps_its_audience_and_claims_and_shows_its_device() {
    let house = House::open(&[]).await;
    let (desk, api) = (&house.desk, &house.desk.api);
    let user = new_user();
    let mut asked = handover(desk, &user, &json!({"plan": "pro", "limits": {"seats": 3}}));
    let device = [("ip", "203.0.113.7"), ("user_agent", "Shop/4.2"), ("device_name", "Till 4")];
    for (member, value) in device {
        asked[member] = value.into();
    }
    asked["audience"] = AUDIENCE.into();

    let opened = api.post("/api/v1/sessions", desk.caller(), asked).await.expect(201);
    let sessions = items(api, desk.caller(), &format!("{USERS}/{user}/sessions")).await;
    for (member, value) in device {
        assert_eq!(sessions[0][member], value);
    }
    // By the backend, whose own address tells nothing of the device.
    let presented = json!({"refresh_token": opened.text("refresh_token")});
    let refreshed = api.post("/api/v1/auth/refresh", desk.caller(), presented).await.expect(200);
    let sessions = items(api, desk.caller(), &format!("{USERS}/{user}/sessions")).await;
    for (member, value) in device {
        assert_eq!(sessions[0][member], value);
    }
    for pair in [&opened, &refreshed] {
        let token = pair.text("access_token");
        let claims = claims(token);
        let kept = json!([claims["aud"], claims["plan"], claims["limits"]]);
        assert_eq!(kept, json!([AUDIENCE, "pro", {"seats": 3}]));
        // It is good for that audience, and for no other.
        let forward = format!("/api/v1/auth/forward?audience={AUDIENCE}");
        api.get(&forward, Credentials::Bearer(token)).await.expect(200);
        api.me(token).await.refuses(401, "invalid_token");
    }
}

#[tokio::test]
async fn a_claim_that_shadows_one_of_ours_is_refused_and_opens_nothing() {
    let house = House::open(&[]).await;
    let (desk, api) = (&house.desk, &house.desk.api);
    let user = new_user();
    let standard = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id"];
    let own = ["user_id", "tenant_id", "email", "role", "token_type", "sid", "ver", "tver"];
    for name in standard.into_iter().chain(own) {
        let asked = handover(desk, &user, &json!({"plan": "pro", name: "mine"}));
        let refused = api.post("/api/v1/sessions", desk.caller(), asked).await;
        let refused = refused.refuses(422, "invalid_member");
        assert_eq!(refused.text("member"), "claims", "{name}");
    }
    let sessions = format!("{USERS}/{user}/sessions");
    api.get(&sessions, desk.caller()).await.refuses(404, "not_found");
}

/// The client with another secret; the one that it has stays good for so many seconds.
async fn rotate(desk: &Desk, client: &Client, overlap: u64) -> Client {
    let path = format!("/api/v1/admin/clients/{}/rotate-secret", client.id);
    let rotated = desk.api.post(&path, desk.caller(), json!({"overlap_seconds": overlap})).await.expect(200);
    assert_ne!(rotated.text("client_secret"), client.secret);
    Client { id: client.id.clone(), secret: rotated.text("client_secret").to_owned() }
}

fn handover(desk: &Desk, user: &str, claims: &Value) -> Value {
    let email = format!("{user}@example.com");
    json!({"user_id": user, "tenant_id": desk.tenant, "email": email, "role": "member", "claims": claims})
}
