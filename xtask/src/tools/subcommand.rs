//! Subcommands of cargo: found, or compiled once below the target directory.

use std::path::PathBuf;
use std::process::Command;

use crate::places::Places;
use crate::shell::{self, Outcome, cargo};

/// The program of that name, whichever version is installed; else this one.
pub(super) fn ensure(places: &Places, name: &str, version: &str) -> Outcome<PathBuf> {
    if shell::works(Command::new(name).arg("--version")) {
        return Ok(name.into());
    }
    let home = places.tools().join("cargo");
    let program = home.join("bin").join(name);
    if !shell::works(Command::new(&program).arg("--version")) {
        println!("{name} is missing: compiling it once, below the target directory");
        shell::run(
            cargo()
                .args(["install", name, "--version", version, "--locked", "--quiet", "--root"])
                .arg(&home)
                .env("CARGO_TARGET_DIR", home.join("build")),
        )?;
    }
    Ok(program)
}
