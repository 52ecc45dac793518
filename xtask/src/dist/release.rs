//! Of what version, for which machine, and when.

use std::process::Command;

use crate::places::Places;
use crate::shell::{self, Failure, Outcome};

use super::packages;

/// What names a release.
pub(super) struct Release {
    version: String,
    target: String,
    epoch: u64,
}

impl Release {
    /// The version of the manifest, at the time of the last commit or of `SOURCE_DATE_EPOCH` (seconds since 1970).
    pub(super) fn of(places: &Places) -> Outcome<Self> {
        let program = packages::read()?.into_values().find(|package| package.name == "rescind-cli");
        let program = program.ok_or_else(|| Failure::new("there is no package rescind-cli"))?;
        Ok(Self { version: program.version, target: target()?, epoch: epoch(places)? })
    }

    /// As its folder and its files are called.
    pub(super) fn name(&self) -> String {
        format!("rescind-{}-{}", self.version, self.target)
    }

    pub(super) fn version(&self) -> &str {
        &self.version
    }

    pub(super) fn target(&self) -> &str {
        &self.target
    }

    /// Seconds since 1970: the one time that a release knows of.
    pub(super) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The same as RFC 3339 has it.
    pub(super) fn time(&self) -> Outcome<String> {
        let second = i64::try_from(self.epoch).map_err(|_| Failure::new("a time beyond all times"))?;
        let time = jiff::Timestamp::from_second(second);
        time.map(|time| time.to_string()).map_err(|error| Failure::new(error.to_string()))
    }

    #[cfg(test)]
    pub(super) fn for_tests(epoch: u64) -> Self {
        Self { version: "1.2.3".to_owned(), target: "x86_64-unknown-linux-musl".to_owned(), epoch }
    }
}

/// This machine's, with musl as its C library.
pub(super) fn target() -> Outcome<String> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", arch @ ("x86_64" | "aarch64")) => Ok(format!("{arch}-unknown-linux-musl")),
        (os, arch) => Err(Failure::new(format!(
            "releases are made on Linux, for x86_64 and aarch64; this is {os} on {arch}. `docker build .` makes an image elsewhere"
        ))),
    }
}

/// A line of `rustc -vV`.
pub(super) fn rustc(field: &str) -> Outcome<String> {
    let told = shell::read(Command::new("rustc").arg("-vV"))?;
    let value = told.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(": "));
    value.map(str::to_owned).ok_or_else(|| Failure::new(format!("rustc -vV names no {field}")))
}

fn epoch(places: &Places) -> Outcome<u64> {
    let told = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(given) => given,
        Err(_) => {
            shell::read(Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(&places.root))
                .map_err(|failure| {
                    Failure::new(format!("{failure}: SOURCE_DATE_EPOCH says when, outside of git"))
                })?
        }
    };
    told.trim().parse().map_err(|_| Failure::new(format!("`{}` are no seconds since 1970", told.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_named_after_its_version_and_its_target() {
        let release = Release::for_tests(1_700_000_000);
        assert_eq!(release.name(), "rescind-1.2.3-x86_64-unknown-linux-musl");
        assert_eq!(release.time().expect("a time"), "2023-11-14T22:13:20Z");
    }
}
