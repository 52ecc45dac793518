//! Running commands so that a failure names the command.

use std::fmt;
use std::process::{Command, Output, Stdio};

/// Why a chore stopped: one line for the person who started it.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self(line.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// What a chore, or a part of one, comes to.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// The cargo that started us, in the workspace.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    command
}

/// Runs a command whose output is for the reader.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| cannot_start(command, &error))?;
    if status.success() { Ok(()) } else { Err(Failure(format!("`{}` ended with {status}", spell(command)))) }
}

/// Runs a command whose output is of interest only when it fails.
pub(crate) fn run_quietly(command: &mut Command) -> Outcome {
    read(command).map(drop)
}

/// Runs a command and returns what it printed.
pub(crate) fn read(command: &mut Command) -> Outcome<String> {
    let Output { status, stdout, stderr } =
        command.stdin(Stdio::null()).output().map_err(|error| cannot_start(command, &error))?;
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    if status.success() {
        return Ok(stdout);
    }
    eprint!("{stdout}{}", String::from_utf8_lossy(&stderr));
    Err(Failure(format!("`{}` ended with {status}", spell(command))))
}

/// Runs a command whose errors and progress are for the reader, and returns what it printed beside them.
pub(crate) fn read_beside(command: &mut Command) -> Outcome<String> {
    let Output { status, stdout, .. } = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| cannot_start(command, &error))?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    Err(Failure(format!("`{}` ended with {status}", spell(command))))
}

/// Whether a command starts and ends well; prints nothing.
pub(crate) fn works(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The command as one would type it (without its path: the reader has their own).
pub(crate) fn spell(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut line = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

fn cannot_start(command: &Command, error: &std::io::Error) -> Failure {
    Failure(format!("`{}` cannot be started: {error}", spell(command)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_and_its_status() {
        let failure = run(Command::new("sh").args(["-c", "exit 3"])).expect_err("status 3 is a failure");
        assert_eq!(failure.to_string(), "`sh -c exit 3` ended with exit status: 3");
    }

    #[test]
    fn a_missing_command_is_named() {
        let failure = run(&mut Command::new("no-such-command-here")).expect_err("nothing to start");
        assert!(failure.to_string().starts_with("`no-such-command-here` cannot be started"), "{failure}");
    }
}
