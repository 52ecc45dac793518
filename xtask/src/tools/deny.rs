//! cargo-deny: licences, banned and doubled crates, where crates come from.

use std::path::PathBuf;
use std::process::Command;

use crate::places::Places;
use crate::shell::{self, Outcome, cargo};

const VERSION: &str = "0.20.2";

/// Checks the dependency graph against deny.toml. Compiling cargo-deny takes minutes, hence only under `--full`.
pub(crate) fn check(places: &Places) -> Outcome {
    let program = ensure(places)?;
    shell::run(
        Command::new(program)
            .args(["--workspace", "--locked", "check", "licenses", "bans", "sources"])
            .current_dir(&places.root),
    )?;
    println!(
        "Not checked here: advisories. Their database is fetched from a git host, which this run must not depend on; \
         where it can be reached, run `cargo deny check advisories`."
    );
    Ok(())
}

fn ensure(places: &Places) -> Outcome<PathBuf> {
    if shell::works(Command::new("cargo-deny").arg("--version")) {
        return Ok("cargo-deny".into());
    }
    let home = places.tools().join("cargo");
    let program = home.join("bin/cargo-deny");
    if !shell::works(Command::new(&program).arg("--version")) {
        println!("cargo-deny is missing: compiling it once, below the target directory");
        shell::run(
            cargo()
                .args(["install", "cargo-deny", "--version", VERSION, "--locked", "--quiet", "--root"])
                .arg(&home)
                .env("CARGO_TARGET_DIR", home.join("build")),
        )?;
    }
    Ok(program)
}
