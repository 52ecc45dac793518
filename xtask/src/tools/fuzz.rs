//! cargo-fuzz, which compiles the fuzz targets so that libFuzzer sees where they go.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::subcommand;
use crate::places::Places;
use crate::shell::{self, Failure, Outcome};

const VERSION: &str = "0.13.2";

/// Compiles these targets and returns the directory of their binaries.
///
/// Without a sanitizer: those need a nightly compiler, and what is fuzzed forbids `unsafe`. With debug assertions and overflow
/// checks, as cargo-fuzz has them, and without `cfg(fuzzing)`, by which some crates change what they do.
pub(crate) fn build(places: &Places, targets: &[String]) -> Outcome<PathBuf> {
    let program = subcommand::ensure(places, "cargo-fuzz", VERSION)?;
    let host = host()?;
    let out = places.target.join("fuzz/instrumented");
    for target in targets {
        shell::run(
            Command::new(&program)
                .args(["fuzz", "build", "--fuzz-dir", "fuzz", "--features", "libfuzzer"])
                .args(["--sanitizer", "none", "--no-cfg-fuzzing", "--target", &host, "--target-dir"])
                .arg(&out)
                .arg(target)
                .current_dir(&places.root)
                // Linking them all together takes minutes, for nothing.
                .env("CARGO_PROFILE_RELEASE_LTO", "false")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
        )?;
    }
    Ok(out.join(host).join("release"))
}

/// Where everything goes that a run writes for a target.
pub(crate) fn scratch(places: &Places, target: &str) -> PathBuf {
    places.target.join("fuzz/runs").join(target)
}

/// Every target: the files of `fuzz/fuzz_targets`, by name.
pub(crate) fn targets(root: &Path) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root.join("fuzz/fuzz_targets"))? {
        names.extend(entry?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn host() -> Outcome<String> {
    let told = shell::read(Command::new("rustc").arg("-vV"))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::new("rustc -vV names no host"))
}
