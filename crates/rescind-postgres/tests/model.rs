//! Random histories of sessions, restarts among them, agree with the model.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod common;

#[test]
fn sessions_follow_the_model() {
    rescind_testkit::conformance::model::sessions_follow_the_model(common::backend, 32);
}
