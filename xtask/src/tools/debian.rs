//! Commands that come with the operating system.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Command;

use crate::shell::{self, Failure, Outcome};

/// Makes sure that `probe` works: it does, or the Debian packages that bring it are installed, or the caller is told
/// which command to install.
pub(crate) fn ensure(name: &str, packages: &[&str], probe: impl Fn() -> Command) -> Outcome {
    if shell::works(&mut probe()) {
        return Ok(());
    }
    if !may_install() {
        return Err(missing(name, packages));
    }
    eprintln!("{name} is missing: installing {}", packages.join(", "));
    shell::run_quietly(apt().arg("update"))?;
    let _quiet = NoDaemons::begin()?;
    shell::run_quietly(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))?;
    if shell::works(&mut probe()) { Ok(()) } else { Err(missing(name, packages)) }
}

fn missing(name: &str, packages: &[&str]) -> Failure {
    Failure::new(format!(
        "{name} is missing. Install it (on Debian: apt-get install {}) and start again",
        packages.join(" ")
    ))
}

fn may_install() -> bool {
    let root = shell::read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    root && shell::works(Command::new("apt-get").arg("--version"))
}

/// While this lives, a package that brings a daemon does not start it: a test starts its own, and uses no other.
struct NoDaemons {
    /// Whether the file that says so is ours, or was there before.
    ours: bool,
}

/// Where Debian asks; it is there in most containers, saying the same.
const POLICY: &str = "/usr/sbin/policy-rc.d";

impl NoDaemons {
    fn begin() -> Outcome<Self> {
        let mut options = fs::OpenOptions::new();
        match options.create_new(true).write(true).mode(0o755).open(POLICY) {
            Ok(mut file) => {
                file.write_all(b"#!/bin/sh\nexit 101\n")?;
                Ok(Self { ours: true })
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Self { ours: false }),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for NoDaemons {
    fn drop(&mut self) {
        if self.ours {
            drop(fs::remove_file(POLICY));
        }
    }
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.arg("--quiet").env("DEBIAN_FRONTEND", "noninteractive");
    command
}
