//! The program that is built, without an authority. `crates/rescind-cli/tests/examples` runs it with one.

use std::process::Command;

#[test]
fn it_names_the_setting_that_is_missing() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rescind-example-tonic"));
    let output = command.env_clear().env("AUDIENCE", "https://api.example").output().expect("it runs");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("AUTHORITY is not set"), "{output:?}");
}
