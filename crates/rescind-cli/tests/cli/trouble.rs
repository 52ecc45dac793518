//! Surroundings that are not as they should be, and the doctor's word on them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::home::{Home, members};

fn finding<'a>(report: &'a Value, check: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("{check}: {report}"))
}

/// The doctor also looks at whoever listens at our address, and the default one may be somebody else's.
pub(crate) const NOBODY_LISTENS: (&str, &str) = ("RESCIND_LISTEN", "127.0.0.1:1");

fn word(finding: &Value) -> &str {
    finding["status"].as_str().unwrap()
}

/// What was looked at and found wrong.
fn wrong(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| word(finding) == "wrong")
        .map(|finding| finding["check"].as_str().unwrap())
        .collect()
}

fn doctor(home: &Home, exit: i32) -> Value {
    let answer = home.run_set(&[NOBODY_LISTENS], &["doctor", "--json"]);
    assert_eq!(answer.code, exit, "{}{}", answer.out, answer.err);
    let report: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(report["healthy"], exit == 0);
    for finding in report["findings"].as_array().unwrap() {
        assert_eq!(members(finding), ["check", "detail", "mend", "status"]);
        assert_eq!(finding["mend"].is_null(), matches!(word(finding), "ok" | "skipped"), "{finding}");
    }
    report
}

#[test]
fn a_command_makes_no_authority() {
    let home = Home::empty();
    for command in [&["users", "list"][..], &["keys", "rotate"], &["backup", "x"], &["purge"]] {
        let answer = home.refused(command, 1, "not_started");
        assert!(answer.err.contains("rescind serve"), "{}", answer.err);
    }
    assert!(!home.data().exists());
    doctor(&home, 1);
}

#[test]
fn a_healthy_authority_is_called_so() {
    let home = Home::started();
    let report = doctor(&home, 0);
    for check in [
        "settings",
        "data directory",
        "database",
        "schema",
        "integrity",
        "master key",
        "signing keys",
        "clock",
    ] {
        assert_eq!(finding(&report, check)["status"], "ok", "{report}");
    }
    let told = home.run_set(&[NOBODY_LISTENS], &["doctor"]).must(0, &["doctor"]);
    assert!(told.lines().all(|line| line.starts_with("ok ")), "{told}");
}

#[test]
fn what_others_may_read_is_a_warning() {
    let home = Home::started();
    home.chmod("master.key", 0o644);
    home.chmod("rescind.db", 0o640);
    let report = doctor(&home, 0);
    assert_eq!(finding(&report, "master key file")["status"], "warning");
    assert!(finding(&report, "master key file")["mend"].as_str().unwrap().contains("chmod 600"));
    assert_eq!(finding(&report, "database")["status"], "warning");
}

#[test]
fn a_wrong_a_broken_and_a_missing_master_key_are_told_apart_and_none_is_made_anew() {
    let home = Home::started();
    let path = home.data().join("master.key");
    let right = fs::read_to_string(&path).unwrap();
    for (text, code) in [
        ("aHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMi4=", "wrong_master_key"),
        ("rubbish", "invalid_master_key"),
        ("", "invalid_master_key"),
    ] {
        fs::write(&path, text).unwrap();
        for command in [&["users", "list"][..], &["serve"]] {
            let answer = home.refused(command, 1, code);
            assert!(answer.err.contains("master.key"), "{}", answer.err);
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(finding(&doctor(&home, 1), "master key")["status"], "wrong");
    }
    fs::remove_file(&path).unwrap();
    for command in [&["users", "list"][..], &["serve"]] {
        home.refused(command, 1, "master_key_gone");
    }
    assert!(!path.exists());
    fs::write(&path, right).unwrap();
    home.ok(&["users", "list"]);
    let given = [("RESCIND_MASTER_KEY", "aHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMi4=")];
    let answer = home.run_set(&given, &["users", "list"]);
    answer.assert_refused(1, "wrong_master_key");
    assert!(answer.err.contains("RESCIND_MASTER_KEY") && !answer.err.contains("aHVudGVy"), "{}", answer.err);
}

#[test]
fn a_data_directory_that_is_none_is_named() {
    let home = Home::empty();
    fs::write(home.data(), "a file").unwrap();
    for command in [&["serve"][..], &["migrate"], &["restore", "x"]] {
        let answer = home.run(command);
        assert_eq!(answer.code, 1);
        assert!(answer.out.is_empty(), "{}", answer.out);
    }
    let answer = home.refused(&["serve"], 1, "data_dir_unusable");
    assert!(answer.err.contains("data") && answer.err.contains("--data-dir"), "{}", answer.err);
    assert_eq!(finding(&doctor(&home, 1), "data directory")["status"], "wrong");
    assert_eq!(fs::read_to_string(home.data()).unwrap(), "a file");
}

#[test]
fn a_database_of_a_newer_program_is_left_alone() {
    let home = Home::started();
    home.sql("PRAGMA user_version = 99");
    for command in [&["users", "list"][..], &["serve"], &["migrate"], &["migrate", "--dry-run"]] {
        let answer = home.refused(command, 1, "schema_too_new");
        assert!(answer.err.contains("99"), "{}", answer.err);
    }
    assert_eq!(finding(&doctor(&home, 1), "schema")["status"], "wrong");
}

#[test]
fn another_file_is_no_database() {
    let home = Home::started();
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(home.data().join(format!("rescind.db{suffix}")));
    }
    fs::write(home.database(), "not a database, whatever its name is ".repeat(200)).unwrap();
    for command in [&["users", "list"][..], &["serve"], &["migrate"]] {
        home.refused(command, 1, "database_corrupt");
    }
    assert_eq!(finding(&doctor(&home, 1), "database")["status"], "wrong");
    assert!(fs::read_to_string(home.database()).unwrap().starts_with("not a database"));
}

#[test]
fn what_is_no_file_is_no_database_and_is_left_alone() {
    let home = Home::started();
    let directory = home.root().join("directory");
    fs::create_dir(&directory).unwrap();
    let mode = || fs::metadata(&directory).unwrap().permissions().mode() & 0o777;
    let before = mode();
    for args in [&["users", "list"][..], &["serve"]] {
        let mut command = home.command(args);
        command.env("RESCIND_DATABASE_URL", format!("sqlite:{}", directory.display()));
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains("error[no_file]"), "{args:?}: {told}");
    }
    assert_eq!(mode(), before);
    let beside: Vec<_> = fs::read_dir(home.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(beside.iter().all(|name| !name.to_string_lossy().starts_with("directory.")), "{beside:?}");
}

#[test]
fn a_damaged_database_is_found_by_the_doctor() {
    let home = Home::started();
    home.sql("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'ledger_expiry';");
    assert_eq!(finding(&doctor(&home, 1), "integrity")["status"], "wrong");
}

#[test]
fn a_clock_behind_the_database_and_a_lazy_purge_are_found() {
    let home = Home::started();
    home.ok(&["revoke", "--jti", "one"]);
    home.sql("UPDATE ledger SET expires_at = 1000; UPDATE audit SET at = at + 100000000");
    let report = doctor(&home, 1);
    assert_eq!(finding(&report, "clock")["status"], "wrong");
    assert_eq!(finding(&report, "purge")["status"], "warning");
}

#[test]
fn settings_that_stop_the_start_are_the_doctors_first_finding() {
    let home = Home::started();
    let answer = home.run_set(&[("RESCIND_COLOUR", "red")], &["doctor", "--json"]);
    assert_eq!(answer.code, 1);
    let report: Value = serde_json::from_str(&answer.out).unwrap();
    assert!(finding(&report, "settings")["detail"].as_str().unwrap().contains("RESCIND_COLOUR"));
}

#[test]
fn one_cause_is_one_finding_and_what_was_not_looked_at_is_said() {
    let home = Home::empty();
    let report = doctor(&home, 1);
    assert_eq!(wrong(&report), ["data directory"], "{report}");
    assert!(finding(&report, "data directory")["mend"].as_str().unwrap().contains("rescind serve"));
    for check in ["database", "master key file", "master key", "signing keys", "purge", "clock"] {
        assert_eq!(word(finding(&report, check)), "skipped", "{report}");
    }
    let told = home.run_set(&[NOBODY_LISTENS], &["doctor"]).must(1, &["doctor"]);
    let line = "skipped  clock: not looked at, since something is wrong with the data directory";
    assert!(told.lines().any(|told| told == line), "{told}");

    fs::create_dir(home.data()).unwrap();
    let report = doctor(&home, 1);
    assert_eq!(wrong(&report), ["database"], "{report}");
    assert_eq!(word(finding(&report, "master key file")), "skipped", "the first start makes it: {report}");

    let home = Home::started();
    home.sql("PRAGMA user_version = 99");
    assert_eq!(wrong(&doctor(&home, 1)), ["schema"]);
}

#[test]
fn a_master_key_that_is_gone_is_not_called_well() {
    let home = Home::started();
    fs::remove_file(home.data().join("master.key")).unwrap();
    let report = doctor(&home, 1);
    assert_eq!(wrong(&report), ["master key"], "{report}");
    for check in ["master key file", "signing keys", "purge", "clock"] {
        assert_eq!(word(finding(&report, check)), "skipped", "{report}");
    }
}

#[test]
fn another_issuer_than_the_last_servers_is_told() {
    let home = Home::started();
    home.authority(|authority| async move { assert_eq!(authority.note_issuer().await, Ok(None)) });
    let issuer = |settings: &[(&str, &str)]| {
        let settings = [&[NOBODY_LISTENS], settings].concat();
        let answer = home.run_set(&settings, &["doctor", "--json"]);
        finding(&serde_json::from_str(&answer.must(0, &["doctor"])).unwrap(), "issuer").clone()
    };
    let changed = issuer(&[]);
    assert_eq!(word(&changed), "warning", "{changed}");
    let (noted, ours) = ("http://127.0.0.1:8080", "http://127.0.0.1:1");
    let detail = changed["detail"].as_str().unwrap();
    assert!(detail.contains(noted) && detail.contains(ours), "{detail}");
    assert!(changed["mend"].as_str().unwrap().contains(&format!("RESCIND_ISSUER={noted}")), "{changed}");
    assert_eq!(word(&issuer(&[("RESCIND_ISSUER", noted)])), "ok");
}
