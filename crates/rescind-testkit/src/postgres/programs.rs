//! Where PostgreSQL's own programs are. Distributions keep those of the server off the `PATH`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest version that Rescind promises to work with.
const OLDEST: u32 = 13;
/// Each holds one directory per version, with `bin` in it.
const HOMES: [&str; 4] = ["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt", "/usr"];

/// The programs of one version of the server.
#[derive(Clone, Debug)]
pub(super) struct Programs(PathBuf);

impl Programs {
    /// The newest that is installed; what is on the `PATH` comes first.
    ///
    /// # Panics
    /// If none is, or only older ones: a test that needs a database fails without one.
    pub(super) fn find() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = std::env::split_paths(&path).find_map(Installed::at);
        let beside =
            || HOMES.iter().flat_map(|home| below(Path::new(home))).max_by_key(|found| found.version);
        let found = on_path.or_else(beside).unwrap_or_else(|| {
            panic!(
                "PostgreSQL's server ({OLDEST} or later) is missing; `cargo xtask tools` installs or names it"
            )
        });
        Self(found.directory)
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.0.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.0.join("postgres")
    }
}

struct Installed {
    directory: PathBuf,
    version: u32,
}

impl Installed {
    /// What is in this directory, if it is whole and not too old.
    fn at(directory: PathBuf) -> Option<Self> {
        if !directory.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(directory.join("postgres")).arg("--version").output().ok()?;
        let version = parse(&String::from_utf8_lossy(&output.stdout))?;
        (version >= OLDEST).then_some(Self { directory, version })
    }
}

fn below(home: &Path) -> Vec<Installed> {
    let Ok(versions) = std::fs::read_dir(home) else { return Vec::new() };
    versions.filter_map(|version| Installed::at(version.ok()?.path().join("bin"))).collect()
}

/// `postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)`.
fn parse(line: &str) -> Option<u32> {
    let (_, version) = line.split_once("(PostgreSQL) ")?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_its_first_number() {
        assert_eq!(parse("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n"), Some(15));
        assert_eq!(parse("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse("something else"), None);
    }
}
