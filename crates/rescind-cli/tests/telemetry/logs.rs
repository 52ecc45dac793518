//! Lines of the log as JSON: each with the request that it was written in.

use reqwest::Method;
use rescind_testkit::process::Credentials;
use serde_json::Value;

use super::support::{House, Pair, new_user};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The first line that is JSON and of which that holds.
async fn line(house: &House, is_it: impl Fn(&Value) -> bool) -> Value {
    let find = |line: &str| serde_json::from_str(line).ok().filter(|line| is_it(line));
    house.server.output().after(0, find).await
}

#[tokio::test]
async fn a_line_has_the_request_and_the_trace_that_it_belongs_to() {
    let house = House::open(&[("RESCIND_LOG_FORMAT", "json"), ("RESCIND_LOG", "debug")]).await;
    let request = house.desk.api.request(Method::GET, "/api/v1/auth/me", Credentials::Nobody);
    let request = request
        .header("x-request-id", "mine-7")
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
    house.desk.api.finish(request).await.expect(401);
    let answered = line(&house, |line| line["request_id"] == "mine-7" && line["message"] == "answered").await;
    assert_eq!(answered["trace_id"], TRACE);
    assert_eq!(answered["status"], 401);
    assert_eq!(answered["spans"][0]["route"], "/api/v1/auth/me");
}

#[tokio::test]
async fn a_line_of_no_trace_and_one_of_no_request_do_not_claim_any() {
    let mut house = House::open(&[("RESCIND_LOG_FORMAT", "json"), ("RESCIND_LOG", "debug")]).await;
    let request = house.desk.api.request(Method::GET, "/healthz", Credentials::Nobody);
    let request = request.header("x-request-id", "mine-8").header("traceparent", "nonsense");
    house.desk.api.finish(request).await.expect(200);
    let answered = line(&house, |line| line["request_id"] == "mine-8").await;
    assert!(answered.get("trace_id").is_none(), "{answered}");
    house.server.terminate().await;
    let stopping =
        |line: &Value| line["message"].as_str().is_some_and(|text| text.starts_with("told to stop"));
    let stopping = line(&house, stopping).await;
    assert!(stopping.get("request_id").is_none(), "{stopping}");
}

/// Also where little is logged.
#[tokio::test]
async fn a_warning_has_its_request_whatever_else_is_left_out() {
    let settings = [("RESCIND_LOG_FORMAT", "json"), ("RESCIND_LOG", "warn"), ("RESCIND_REFRESH_GRACE", "0s")];
    let house = House::open(&settings).await;
    let first = house.desk.open(&new_user()).await;
    let second = Pair::from(&house.desk.api.refresh(&first.refresh).await.expect(200));
    house.desk.api.refresh(&second.refresh).await.expect(200);
    let stolen = house.desk.api.refresh(&first.refresh).await.refuses(401, "refresh_reuse_detected");
    let id = stolen.headers["x-request-id"].to_str().expect("an id");
    let warning = line(&house, |line| line["request_id"] == id).await;
    assert_eq!(warning["level"], "WARN");
    let text = warning.to_string();
    assert!(!text.contains(&first.refresh) && !text.contains("example.com"), "{text}");
}
