//! `rescind token inspect`: nothing unverified is ever called good.

use serde_json::Value;

use crate::home::Home;

const ADA: &str = "ada@example.com";

fn inspect(home: &Home, token: &str, exit: i32) -> Value {
    let answer = home.run_with(&["token", "inspect", "--json"], token);
    assert_eq!(answer.code, exit, "{}{}", answer.out, answer.err);
    let inspection: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(inspection["good"], exit == 0);
    inspection
}

#[test]
fn an_access_token_is_good_until_it_is_cut() {
    let home = Home::started();
    let tokens = home.sign_in(ADA);
    let good = inspect(&home, &tokens.access, 0);
    assert_eq!((&good["verdict"], &good["header"]["typ"]), (&"good".into(), &"at+jwt".into()));
    assert_eq!(good["claims"]["email"], ADA);
    home.ok(&["token", "inspect", &tokens.access]);
    home.ok(&["users", "revoke-all", ADA, "--yes"]);
    let cut = inspect(&home, &tokens.access, 1);
    assert_eq!((&cut["verdict"], &cut["cut"]), (&"token_revoked".into(), &"user".into()));
}

#[test]
fn a_refresh_token_is_good_while_its_session_lives_and_its_secret_is_not_shown() {
    let home = Home::started();
    let tokens = home.sign_in(ADA);
    let good = inspect(&home, &tokens.refresh, 0);
    assert_eq!(
        (&good["header"]["typ"], &good["claims"]["token_id"]),
        (&"rt+jwt".into(), &"(not shown)".into())
    );
    home.ok(&["sessions", "revoke", &tokens.session]);
    assert_eq!(inspect(&home, &tokens.refresh, 1)["verdict"], "invalid_refresh_token");
}

#[test]
fn what_nobody_vouches_for_is_shown_and_not_good() {
    let home = Home::started();
    let tokens = home.sign_in(ADA);
    let forged = format!("{}AAAA", &tokens.access[..tokens.access.len() - 4]);
    let shown = inspect(&home, &forged, 1);
    assert_eq!((&shown["verdict"], &shown["claims"]["email"]), (&"bad_signature".into(), &ADA.into()));
    let text = home.run(&["token", "inspect", &forged]);
    assert_eq!(text.code, 1);
    assert!(text.out.contains("vouched for by nobody"), "{}", text.out);

    for token in ["", "a", "a.b", "a.b.c", "....", &"x".repeat(100_000)] {
        assert!(inspect(&home, token, 1)["claims"].is_null(), "{token:.20}");
    }
    let elsewhere = [("RESCIND_ISSUER", "https://id.example")];
    let answer = home.run_set(&elsewhere, &["token", "inspect", &tokens.access]);
    assert_eq!(answer.code, 1);
    assert!(
        answer.out.contains("unknown_issuer") && answer.out.contains("https://id.example"),
        "{}",
        answer.out
    );
}

#[test]
fn without_a_store_a_token_is_shown_and_not_verified() {
    let home = Home::started();
    let tokens = home.sign_in(ADA);
    let empty = Home::empty();
    let shown = inspect(&empty, &tokens.access, 1);
    assert_eq!((&shown["verdict"], &shown["claims"]["email"]), (&"not_verified".into(), &ADA.into()));
    assert!(!empty.data().exists());
}
