//! Commands that come with the operating system.

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

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.arg("--quiet").env("DEBIAN_FRONTEND", "noninteractive");
    command
}
