//! Signing keys and the master key.

use std::fs;

use crate::home::{Home, members};
use crate::trouble::NOBODY_LISTENS;

const ADA: &str = "ada@example.com";

fn kid(home: &Home, usage: &str, state: &str) -> String {
    let keys = home.json(&["keys", "list"]);
    let keys = keys["items"].as_array().unwrap();
    let key = keys.iter().find(|key| key["use"] == usage && key["state"] == state).unwrap();
    key["kid"].as_str().unwrap().to_owned()
}

#[test]
fn keys_are_listed_rotated_and_revoked() {
    let home = Home::started();
    let keys = home.json(&["keys", "list"]);
    assert_eq!(
        members(&keys["items"][0]),
        ["active_from", "alg", "created_at", "kid", "retired_at", "revoked_at", "state", "use"]
    );
    let (old, next) = (kid(&home, "access", "active"), kid(&home, "access", "next"));
    home.ok(&["keys", "rotate"]);
    assert_eq!(
        (kid(&home, "access", "active"), kid(&home, "access", "retired")),
        (next.clone(), old.clone())
    );

    let tokens = home.sign_in(ADA);
    home.refused(&["keys", "revoke", &next], 2, "confirmation_needed");
    assert_eq!(home.json(&["keys", "revoke", &next, "--dry-run"])["state"], "active");
    assert!(home.takes(&tokens.access));
    assert_eq!(home.json(&["keys", "revoke", &next, "--yes", "--reason", "leak"])["state"], "revoked");
    assert!(!home.takes(&tokens.access));
    home.ok(&["keys", "revoke", &next]);
    assert_ne!(kid(&home, "access", "active"), next);
    let fresh = home.sign_in(ADA);
    assert!(home.takes(&fresh.access));
    home.refused(&["keys", "revoke", "no-such-key", "--yes"], 1, "not_found");
}

#[test]
fn a_shell_without_the_servers_settings_changes_no_key_in_passing() {
    let home = Home::started();
    let before = home.ok(&["keys", "list", "--json"]);
    let other = [("RESCIND_SIGNING_ALG", "ES256"), ("RESCIND_KEY_ROTATION", "1h")];
    home.sql("UPDATE keys SET created_at = 1000, active_from = 1000 WHERE state = 'active'");
    let changed = home.ok(&["keys", "list", "--json"]);
    assert_ne!(before, changed);
    assert_eq!(home.run_set(&other, &["keys", "list", "--json"]).must(0, &[]), changed);
}

#[test]
fn the_master_key_is_changed_and_the_old_one_opens_nothing() {
    let home = Home::started();
    let path = home.data().join("master.key");
    let old = fs::read_to_string(&path).unwrap();
    let tokens = home.sign_in(ADA);
    let done = home.json(&["keys", "rewrap"]);
    assert_eq!(done["rewrapped"], 4);
    let new = fs::read_to_string(&path).unwrap();
    assert_ne!(old, new);
    assert!(!home.data().join("master.key.new").exists());
    assert_eq!(mode(&path), 0o600);
    assert!(home.takes(&tokens.access), "the signing keys are the same");
    fs::write(&path, old).unwrap();
    home.refused(&["users", "list"], 1, "wrong_master_key");
}

#[test]
fn an_interrupted_change_of_the_master_key_is_settled_wherever_it_stopped() {
    let home = Home::started();
    let (path, next) = (home.data().join("master.key"), home.data().join("master.key.new"));
    let old = fs::read_to_string(&path).unwrap();
    // Stopped before anything was sealed with the new key, which may even be half-written.
    for unfinished in ["", "AAAA", "aHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMi4=\n"] {
        fs::write(&next, unfinished).unwrap();
        home.ok(&["users", "list"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), old);
        home.run_set(&[NOBODY_LISTENS], &["doctor"]).must(0, &["doctor"]);
    }
    home.ok(&["keys", "rewrap"]);
    let new = fs::read_to_string(&path).unwrap();
    // Stopped after everything was sealed with the new key, before it took its place.
    fs::rename(&path, &next).unwrap();
    fs::write(&path, &old).unwrap();
    home.ok(&["users", "list"]);
    home.ok(&["keys", "rewrap"]);
    assert!(!next.exists());
    assert!(![old, new].contains(&fs::read_to_string(&path).unwrap()));
    home.ok(&["users", "list"]);
}

#[test]
fn a_master_key_from_outside_is_changed_for_one_in_a_named_file() {
    let home = Home::started();
    let path = home.data().join("master.key");
    let old = fs::read_to_string(&path).unwrap().trim().to_owned();
    fs::remove_file(&path).unwrap();
    let given = [("RESCIND_MASTER_KEY", old.as_str())];
    home.run_set(&given, &["users", "list"]).must(0, &[]);
    home.run_set(&given, &["keys", "rewrap"]).assert_refused(2, "wrong_usage");
    let new = home.root().join("new.key");
    let args = ["keys", "rewrap", "--new-master-key-file", new.to_str().unwrap()];
    home.run_set(&given, &args).must(0, &args);
    assert_eq!(mode(&new), 0o600);
    home.run_set(&given, &["users", "list"]).assert_refused(1, "wrong_master_key");
    let by_file = [("RESCIND_MASTER_KEY_FILE", new.to_str().unwrap())];
    home.run_set(&by_file, &["users", "list"]).must(0, &[]);
    assert!(!path.exists(), "where a key is given from outside, none is made");
}

fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
