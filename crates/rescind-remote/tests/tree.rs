//! What comes along with the crate: a verifier for any program must not bring a database with it.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::process::Command;

#[test]
fn no_database_and_no_server_comes_along() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--package", "rescind-remote", "--edges", "normal"])
        .args(["--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    let names: Vec<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains(&"rescind") && names.contains(&"hyper"), "{names:?}");
    for unwanted in [
        "rusqlite",
        "libsqlite3-sys",
        "tokio-postgres",
        "deadpool-postgres",
        "sqlx",
        "redis",
        "axum",
        "rescind-server",
        "rescind-sqlite",
        "rescind-postgres",
        "rescind-redis",
    ] {
        assert!(!names.contains(&unwanted), "{unwanted} comes along");
    }
}
