//! What is written for Docker and systemd, read by the tools that are made for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::places::Places;
use crate::shell::{self, Failure, Outcome};
use crate::tools::{hadolint, systemd};

const UNITS: &str = "deploy/systemd";
const DOCKERFILE: &str = "Dockerfile";

/// The most that `systemd-analyze security` may find a unit exposed, times ten: 1.5 of 10.
const MOST_EXPOSED: &str = "--threshold=15";

/// Lints the Dockerfile and the units.
pub(crate) fn check(places: &Places) -> Outcome {
    let hadolint = hadolint::ensure(places)?;
    shell::run(Command::new(hadolint).arg(DOCKERFILE).current_dir(&places.root))?;
    if !cfg!(target_os = "linux") {
        println!("Not checked here: {UNITS}, since systemd-analyze is of Linux alone.");
        return Ok(());
    }
    systemd::ensure()?;
    let units = place(places)?;
    verify(&units)?;
    // Its table is of interest only where the threshold is passed.
    shell::run_quietly(systemd_analyze("security").args(["--offline=true", MOST_EXPOSED]).args(&units))
}

/// Copies of the units whose program is there, and which have an instance where they are templates.
fn place(places: &Places) -> Outcome<Vec<PathBuf>> {
    let folder = places.target.join("deploy/units");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut units = Vec::new();
    for unit in fs::read_dir(places.root.join(UNITS))? {
        let unit = unit?;
        let copy = folder.join(unit.file_name().to_string_lossy().replace('@', "@8081"));
        fs::write(&copy, with_a_program(&fs::read_to_string(unit.path())?))?;
        units.push(copy);
    }
    units.sort();
    if units.is_empty() { Err(Failure::new(format!("{UNITS} is empty"))) } else { Ok(units) }
}

/// systemd looks whether the program is there; here it is not installed.
fn with_a_program(unit: &str) -> String {
    unit.replace("\nExecStart=/usr/local/bin/rescind ", "\nExecStart=/bin/true ")
}

/// `systemd-analyze verify` warns of a misspelt word and calls that a success.
fn verify(units: &[PathBuf]) -> Outcome {
    let output = systemd_analyze("verify").arg("--man=no").args(units).output()?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let ours = about(&said, units);
    if output.status.success() && ours.is_empty() {
        return Ok(());
    }
    let words = if ours.is_empty() { said.as_str() } else { &ours };
    Err(Failure::new(format!("systemd-analyze verify ended with {}:\n{words}", output.status)))
}

/// It follows what a unit needs, and tells of the machine's own units too.
fn about(said: &str, units: &[PathBuf]) -> String {
    let names: Vec<_> = units.iter().filter_map(|unit| Path::file_name(unit)?.to_str()).collect();
    let ours = said.lines().filter(|line| names.iter().any(|name| line.contains(name)));
    ours.collect::<Vec<_>>().join("\n")
}

fn systemd_analyze(verb: &str) -> Command {
    let mut command = Command::new("systemd-analyze");
    command.arg(verb).arg("--no-pager");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    fn read(name: &str) -> String {
        fs::read_to_string(root().join(name)).expect("a file of the workspace")
    }

    /// The value behind `key = "`, the first that there is.
    fn quoted<'a>(text: &'a str, key: &str) -> &'a str {
        let rest = text.split_once(&format!("{key} = \"")).expect("the key").1;
        rest.split_once('"').expect("the end").0
    }

    #[test]
    fn the_program_of_every_unit_is_replaced_or_systemd_would_miss_it() {
        for unit in ["rescind.service", "rescind@.service"] {
            let placed = with_a_program(&read(&format!("{UNITS}/{unit}")));
            assert!(placed.contains("\nExecStart=/bin/true serve\n"), "{unit}");
        }
    }

    #[test]
    fn what_is_said_of_other_units_is_not_ours() {
        let units = [PathBuf::from("/x/rescind.service")];
        let said = "/lib/a.service:3: odd\n/x/rescind.service:79: Unknown key\n";
        assert_eq!(about(said, &units), "/x/rescind.service:79: Unknown key");
    }

    #[test]
    fn the_image_is_built_by_the_compiler_and_bears_the_version_that_the_manifest_names() {
        let (manifest, dockerfile) = (read("Cargo.toml"), read(DOCKERFILE));
        let compiler = quoted(&manifest, "rust-version");
        assert!(dockerfile.contains(&format!("\nFROM rust:{compiler}-")), "{compiler}");
        let version = quoted(&manifest, "\nversion");
        assert!(dockerfile.contains(&format!("image.version=\"{version}\"")), "{version}");
    }

    /// Cargo reads the manifest of every member before it builds one, so that one that is left out of the image breaks it.
    #[test]
    fn every_member_of_the_workspace_goes_into_the_image() {
        let ignored = read(".dockerignore");
        let manifest = read("Cargo.toml");
        let members =
            manifest.split_once("members = [").expect("members").1.split_once(']').expect("an end").0;
        for member in members.split('"').skip(1).step_by(2) {
            let folder = member.split('/').next().expect("a first part");
            assert!(ignored.lines().any(|line| line == format!("!/{folder}")), "{folder}");
        }
        assert_eq!(ignored.lines().find(|line| !line.starts_with('#')), Some("*"), "nothing else does");
    }
}
