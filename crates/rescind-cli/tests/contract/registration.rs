//! Who may make the own account, and how old one must be.

use std::time::Duration;

use rescind::clock::Clock as _;
use rescind::system::SystemClock;
use rescind_testkit::process::{Api, Credentials, Reply};
use serde_json::json;

use super::support::House;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "the password of a newcomer 8e27";
/// A multiple of four, so that there is such a birthday on a 29 February too.
const MINIMUM_AGE: u32 = 20;

#[tokio::test]
async fn registration_is_closed_unless_a_setting_opens_it() {
    let house = House::open(&[]).await;
    let api = &house.desk.api;
    register(api, PASSWORD, Some("1990-01-31")).await.refuses(403, "registration_closed");
    api.login(EMAIL, PASSWORD).await.refuses(401, "invalid_credentials");
}

#[tokio::test]
async fn whoever_is_old_enough_registers_once_and_signs_in() {
    let minimum = MINIMUM_AGE.to_string();
    let settings = [("RESCIND_REGISTRATION", "open"), ("RESCIND_MINIMUM_AGE", minimum.as_str())];
    let house = House::open(&settings).await;
    let (desk, api) = (&house.desk, &house.desk.api);
    // One day short would be none if midnight passes meanwhile.
    let (of_age, too_young) = (born(0), born(2));

    register(api, PASSWORD, Some(&too_young)).await.refuses(422, "age_below_minimum");
    register(api, PASSWORD, None).await.refuses(422, "age_below_minimum");
    register(api, "short", Some(&of_age)).await.refuses(422, "password_too_weak");
    api.login(EMAIL, PASSWORD).await.refuses(401, "invalid_credentials");

    let made = register(api, PASSWORD, Some(&of_age)).await.expect(201);
    assert_eq!((made.text("email"), made.text("tenant_id")), (EMAIL, desk.tenant.as_str()));
    register(api, PASSWORD, Some(&of_age)).await.refuses(409, "email_taken");
    let pair = api.login(EMAIL, PASSWORD).await.expect(200);
    let claims = api.me(pair.text("access_token")).await.expect(200);
    assert_eq!(claims.text("user_id"), made.text("user_id"));
}

#[tokio::test]
async fn without_a_minimum_age_nobody_is_asked_for_a_date_of_birth() {
    let house = House::open(&[("RESCIND_REGISTRATION", "open"), ("RESCIND_MINIMUM_AGE", "0")]).await;
    register(&house.desk.api, PASSWORD, None).await.expect(201);
}

async fn register(api: &Api, password: &str, date_of_birth: Option<&str>) -> Reply {
    let mut body = json!({"email": EMAIL, "password": password});
    if let Some(date) = date_of_birth {
        body["date_of_birth"] = date.into();
    }
    api.post("/api/v1/auth/register", Credentials::Nobody, body).await
}

/// The date of birth of somebody who reaches the minimum age in so many days.
fn born(days: u64) -> String {
    let birthday = SystemClock.now().plus(Duration::from_secs(days * 86_400)).to_string();
    let (year, rest) = birthday.split_at(4);
    let year: u32 = year.parse().expect("a year");
    format!("{}{}", year - MINIMUM_AGE, &rest[.."-MM-DD".len()])
}
