//! Backup, restore, migrate.

use std::fs;

use crate::home::Home;

const ADA: &str = "ada@example.com";

#[test]
fn a_restored_backup_ends_every_session_unless_told_otherwise() {
    let home = Home::started();
    let (kept, later_cut) = (home.sign_in(ADA), home.sign_in(ADA));
    let file = home.root().join("backup.db");
    let file = file.to_str().unwrap();
    let made = home.json(&["backup", file]);
    assert!(made["bytes"].as_u64().unwrap() > 0);
    home.refused(&["backup", file], 1, "file_exists");
    home.refused(&["backup", "no-such-directory/backup.db"], 1, "file_unusable");
    home.ok(&["sessions", "revoke", &later_cut.session]);

    home.refused(&["restore", file], 1, "database_exists");
    home.refused(&["restore", file, "--replace"], 2, "confirmation_needed");
    home.refused(&["restore", "nowhere.db", "--replace"], 1, "file_unusable");
    let would = home.json(&["restore", file, "--replace", "--dry-run"]);
    assert_eq!((&would["revoked"], &would["replaced"]), (&2.into(), &true.into()));
    assert_eq!(home.active(ADA), 1, "nothing was done yet");

    home.ok(&["restore", file, "--replace", "--yes"]);
    assert_eq!(home.active(ADA), 0);
    assert!(!home.takes(&kept.access) && !home.takes(&later_cut.access));
    home.ok(&["restore", file, "--replace", "--yes", "--keep-sessions"]);
    assert_eq!(home.active(ADA), 2);
    assert!(home.takes(&kept.access));
    let beside =
        fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let beside: Vec<_> =
        beside.filter(|name| name.contains("before-") && name.ends_with(char::is_numeric)).collect();
    assert_eq!(beside.len(), 2, "each replaced database is kept: {beside:?}");
}

/// Or the server, which opens the file by its own name, would go on with the sessions that were said to have ended.
#[test]
fn a_restore_by_a_link_replaces_the_database_and_not_the_link() {
    let home = Home::started();
    let tokens = home.sign_in(ADA);
    let (file, real) = (home.root().join("backup.db"), home.root().join("real.db"));
    home.ok(&["backup", file.to_str().unwrap()]);
    fs::rename(home.database(), &real).unwrap();
    std::os::unix::fs::symlink(&real, home.database()).unwrap();
    assert!(home.takes(&tokens.access));
    home.ok(&["restore", file.to_str().unwrap(), "--replace", "--yes"]);
    assert!(fs::symlink_metadata(home.database()).unwrap().is_symlink());
    assert!(fs::symlink_metadata(&real).unwrap().is_file());
    assert!(!home.takes(&tokens.access));
}

#[test]
fn a_restore_into_nothing_needs_the_right_master_key() {
    let home = Home::started();
    let file = home.root().join("backup.db");
    home.ok(&["backup", file.to_str().unwrap()]);
    let other = Home::empty();
    let args = ["restore", file.to_str().unwrap(), "--yes"];
    other.refused(&args, 1, "master_key_gone");
    fs::copy(home.data().join("master.key"), other.data().join("master.key")).unwrap();
    other.ok(&args);
    assert_eq!(other.json(&["users", "list", "--query", ADA])["items"].as_array().unwrap().len(), 1);
    let left: Vec<_> = fs::read_dir(other.data()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("trial")), "{left:?}");
}

#[test]
fn a_database_in_use_is_not_replaced() {
    let home = Home::started();
    let file = home.root().join("backup.db");
    home.ok(&["backup", file.to_str().unwrap()]);
    let lock = fs::File::open(home.data().join("rescind.db.lock")).unwrap();
    lock.lock_shared().unwrap();
    home.ok(&["users", "list"]);
    home.refused(&["restore", file.to_str().unwrap(), "--replace", "--yes"], 1, "in_use");
}

#[test]
fn rubbish_is_no_backup() {
    let home = Home::started();
    let file = home.root().join("rubbish");
    fs::write(&file, "rubbish".repeat(1000)).unwrap();
    let before = fs::read(home.database()).unwrap();
    home.refused(&["restore", file.to_str().unwrap(), "--replace", "--yes"], 1, "database_corrupt");
    assert_eq!(fs::read(home.database()).unwrap(), before);
}

#[test]
fn migrate_makes_and_reports_the_schema() {
    let home = Home::empty();
    let would = home.json(&["migrate", "--dry-run"]);
    assert_eq!((&would["from"], &would["dry_run"]), (&0.into(), &true.into()));
    assert!(!home.data().exists());
    let done = home.json(&["migrate"]);
    assert_eq!((&done["from"], &done["to"]), (&0.into(), &would["to"]));
    assert_eq!(home.json(&["migrate"])["from"], would["to"]);
    home.refused(&["users", "list"], 1, "not_started");
}
