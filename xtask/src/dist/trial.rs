//! The archive as whoever downloads it meets it: checked, unpacked, and started in an empty directory.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::places::Places;
use crate::shell::{self, Failure, Outcome};

use super::release::Release;
use super::sums;

/// Tries what is in `home`.
pub(super) fn run(places: &Places, home: &Path, release: &Release) -> Outcome {
    shell::run(Command::new("sha256sum").args(["--check", "--strict", sums::NAME]).current_dir(home))?;
    let scratch = places.target.join("dist-trial");
    if scratch.exists() {
        fs::remove_dir_all(&scratch)?;
    }
    fs::create_dir_all(&scratch)?;
    let archive = home.join(format!("{}.tar.gz", release.name()));
    shell::run(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(&scratch))?;
    let program = scratch.join(release.name()).join("rescind");
    let version = shell::read(alone(&program).arg("--version"))?;
    if version.trim() != format!("rescind {}", release.version()) {
        return Err(Failure::new(format!("the program calls itself `{}`", version.trim())));
    }
    serve(&program, &scratch)?;
    Ok(fs::remove_dir_all(scratch)?)
}

/// Starts an authority from nothing, waits until it is ready, and ends it.
fn serve(program: &Path, scratch: &Path) -> Outcome {
    let empty = scratch.join("empty");
    fs::create_dir(&empty)?;
    let mut server = Server::start(program, &empty, &scratch.join("log"))?;
    let address = server.address()?;
    shell::run(alone(program).args(["healthcheck", "--ready"]).env("RESCIND_LISTEN", address))?;
    server.end()
}

/// The program without anything of our own environment.
fn alone(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    command
}

/// A running server, which does not outlive this value.
struct Server {
    child: Child,
    log: String,
}

impl Server {
    fn start(program: &Path, directory: &Path, log: &Path) -> Outcome<Self> {
        let mut command = alone(program);
        command.args(["serve", "--listen", "127.0.0.1:0"]).current_dir(directory);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(log)?).spawn()?;
        Ok(Self { child, log: log.display().to_string() })
    }

    /// Where it listens, as soon as it does.
    fn address(&mut self) -> Outcome<String> {
        let output = self.child.stdout.as_mut().ok_or_else(|| Failure::new("the server prints nothing"))?;
        for line in BufReader::new(output).lines() {
            if let Some(address) = line?.strip_prefix("listening on http://") {
                return Ok(address.to_owned());
            }
        }
        Err(Failure::new(format!("the server ended before it listened: see {}", self.log)))
    }

    /// Asks it to end, and says if it does so badly.
    fn end(mut self) -> Outcome {
        shell::run(Command::new("kill").arg("-TERM").arg(self.child.id().to_string()))?;
        let status = self.child.wait()?;
        if status.success() {
            return Ok(());
        }
        Err(Failure::new(format!("the server ended with {status}: see {}", self.log)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Where it has ended already, there is nothing to do.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
