//! Who runs what refuses to be run by root.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// An ordinary user: the caller, or somebody powerless if the caller is root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User(Option<Ids>);

#[derive(Clone, Copy, Debug)]
struct Ids {
    user: u32,
    group: u32,
}

impl User {
    /// The caller; for root `postgres`, where that exists, or else `nobody`.
    ///
    /// # Panics
    /// If we are root and there is neither.
    pub(crate) fn ordinary() -> Self {
        if !rustix::process::geteuid().is_root() {
            return Self(None);
        }
        let found = ["postgres", "nobody"].into_iter().find_map(Ids::of);
        Self(Some(found.expect("root runs no server of a test, and there is no user `postgres` or `nobody`")))
    }

    /// A command that this user runs.
    pub(crate) fn command(self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        if let Self(Some(ids)) = self {
            command.uid(ids.user).gid(ids.group);
        }
        command
    }

    /// Gives this user what we have made.
    pub(crate) fn own(self, path: &Path) {
        if let Self(Some(ids)) = self {
            std::os::unix::fs::chown(path, Some(ids.user), Some(ids.group)).expect("root may give away");
        }
    }
}

impl Ids {
    fn of(name: &str) -> Option<Self> {
        let ask = |what: &str| {
            let output = Command::new("id").args([what, name]).output().ok()?;
            String::from_utf8_lossy(&output.stdout).trim().parse().ok()
        };
        Some(Self { user: ask("-u")?, group: ask("-g")? })
    }
}
