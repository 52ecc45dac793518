//! Help, wrong usage, settings, and what needs no store.

use std::process::Stdio;

use crate::home::{Home, members};

const COMMANDS: &[&[&str]] = &[
    &[],
    &["serve"],
    &["migrate"],
    &["doctor"],
    &["healthcheck"],
    &["users"],
    &["users", "list"],
    &["users", "create"],
    &["users", "update"],
    &["users", "delete"],
    &["users", "revoke-all"],
    &["tenants"],
    &["tenants", "list"],
    &["tenants", "create"],
    &["tenants", "update"],
    &["tenants", "suspend"],
    &["tenants", "resume"],
    &["tenants", "revoke-all"],
    &["clients"],
    &["clients", "list"],
    &["clients", "create"],
    &["clients", "delete"],
    &["clients", "rotate-secret"],
    &["sessions"],
    &["sessions", "list"],
    &["sessions", "show"],
    &["sessions", "revoke"],
    &["revoke"],
    &["revocations"],
    &["revocations", "list"],
    &["revocations", "show"],
    &["keys"],
    &["keys", "list"],
    &["keys", "rotate"],
    &["keys", "revoke"],
    &["keys", "rewrap"],
    &["purge"],
    &["backup"],
    &["restore"],
    &["token"],
    &["token", "inspect"],
    &["config"],
    &["completions"],
    &["man"],
    &["openapi"],
];

#[test]
fn every_command_explains_itself() {
    let home = Home::empty();
    for command in COMMANDS {
        let help = home.ok(&[command, &["--help"][..]].concat());
        assert!(help.contains("Usage: rescind"), "{command:?}: {help}");
    }
    let listed = home.ok(&["--help"]);
    for command in COMMANDS.iter().filter_map(|command| command.first()) {
        assert!(listed.contains(&format!("\n  {command} ")), "{command} is not in:\n{listed}");
    }
}

#[test]
fn wrong_usage_is_2_and_touches_nothing() {
    let home = Home::empty();
    let cases: &[&[&str]] = &[
        &[],
        &["fly"],
        &["users", "list", "--limit", "0"],
        &["users", "list", "--limit", "501"],
        &["users", "create", "a@example.com"],
        &["users", "create", "a@example.com", "--role", "x", "--password", "hunter2"],
        &["users", "create", "a@example.com", "--role", "x", "--no-password", "--password-stdin"],
        &["clients", "create", "x"],
        &["clients", "create", "x", "--scope", "everything"],
        &["clients", "delete", "not-an-id"],
        &["sessions", "list"],
        &["sessions", "revoke"],
        &["sessions", "show", "1"],
        &["revoke"],
        &["revoke", "--jti", "a", "--user", "b"],
        &["revoke", "--jti", "a", "--expires-at", "tomorrow"],
        &["revoke", "--digest", "abc"],
        &["revocations", "list", "--kind", "everything"],
        &["serve", "--master-key", "x"],
        &["serve", "--admin-password", "x"],
        &["completions", "cobol"],
    ];
    for case in cases {
        let answer = home.run(case);
        assert_eq!(answer.code, 2, "{case:?}: {}{}", answer.out, answer.err);
        assert!(!answer.err.is_empty(), "{case:?}");
    }
    assert!(!home.data().exists());
}

#[test]
fn an_unknown_or_impossible_setting_stops_every_command_and_is_named() {
    let home = Home::empty();
    for command in [&["serve"][..], &["users", "list"], &["config"]] {
        let unknown = home.run_set(&[("RESCIND_ACESS_TTL", "1m")], command);
        unknown.assert_refused(2, "invalid_setting");
        assert!(unknown.err.contains("RESCIND_ACESS_TTL") && unknown.err.contains("RESCIND_ACCESS_TTL"));
        home.run_set(&[("RESCIND_LEEWAY", "soon")], command).assert_refused(2, "invalid_setting");
    }
    home.refused(&["--config", "nowhere.toml", "config"], 2, "invalid_setting");
    home.run_set(&[("RESCIND_ACESS_TTL", "1m")], &["config", "--reference"]).must(0, &[]);
    assert!(!home.data().exists());
}

#[test]
fn settings_are_shown_with_their_origin_and_without_secrets() {
    let home = Home::empty();
    std::fs::write(home.root().join("rescind.toml"), "access_ttl = '5m'\nleeway = '10s'").unwrap();
    std::fs::write(home.root().join("other.toml"), "access_ttl = '6m'").unwrap();
    let secret = [("RESCIND_ADMIN_PASSWORD", "hunter2hunter2"), ("RESCIND_LEEWAY", "20s")];
    let shown = home.run_set(&secret, &["config", "--json"]).must(0, &[]);
    assert!(!shown.contains("hunter2"));
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let find = |name: &str| {
        let row = shown["items"].as_array().unwrap().iter().find(|row| row["setting"] == name).unwrap();
        assert_eq!(members(row), ["origin", "setting", "value"]);
        (row["value"].as_str().unwrap().to_owned(), row["origin"].as_str().unwrap().to_owned())
    };
    assert_eq!(find("RESCIND_ACCESS_TTL"), ("5m".into(), "file".into()));
    assert_eq!(find("RESCIND_LEEWAY"), ("20s".into(), "environment".into()));
    assert_eq!(find("RESCIND_ON_STALE"), ("deny".into(), "default".into()));
    assert_eq!(find("RESCIND_ADMIN_PASSWORD").1, "environment");
    let other = home.ok(&["config", "--config", "other.toml", "--data-dir", "elsewhere"]);
    assert!(other.contains("6m") && other.contains("elsewhere"), "{other}");
}

#[test]
fn documents_need_no_store() {
    let home = Home::empty();
    assert!(home.ok(&["config", "--reference"]).contains("| `RESCIND_LISTEN` |"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(home.ok(&["completions", shell]).contains("rescind"), "{shell}");
    }
    assert!(home.ok(&["man"]).contains(".TH rescind 1"));
    let pages = home.root().join("man1");
    home.ok(&["man", "--out", pages.to_str().unwrap()]);
    let listing = std::fs::read_to_string(pages.join("rescind-sessions-list.1")).unwrap();
    assert!(listing.contains(".TH rescind-sessions-list 1") && listing.contains("user"), "{listing}");
    assert!(pages.join("rescind.1").exists() && !pages.join("rescind-help.1").exists());
    let openapi: serde_json::Value = serde_json::from_str(&home.ok(&["openapi"])).unwrap();
    assert!(openapi["openapi"].as_str().unwrap().starts_with("3."));
    assert!(!home.data().exists());
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let home = Home::empty();
    let mut child = home.command(&["config", "--reference"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
}
