//! A program that serves HTTP, other than the server itself.

use std::process::{ExitStatus, Stdio};

use rustix::process::Signal;
use tokio::process::Command;

use super::api::Api;
use super::output::Output;
use super::server::{Running, START_LIMIT, printed, send};

/// A program that listens, such as a service that checks tokens. Dropping it kills it.
#[derive(Debug)]
pub struct Program {
    running: Option<Running>,
    output: Output,
    api: Api,
}

impl Program {
    /// Starts a program and waits until it prints where it listens: `label`, and then its URL.
    ///
    /// Of this process's environment it gets nothing that begins with `RESCIND_`, and it is told to use no proxy on this machine.
    ///
    /// # Panics
    /// With all that it printed, if it ends, or does not listen in a minute.
    pub async fn start(mut command: Command, label: &str) -> Self {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RESCIND_") {
                command.env_remove(name);
            }
        }
        command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = Output::new();
        let mut running = Running::spawn(command, &output);
        tokio::select! {
            base = output.after(0, |line| printed(line, label)) => {
                Self { running: Some(running), output, api: Api::new(base) }
            }
            status = running.child.wait() => {
                running.stop_reading(true).await;
                panic!("it ended ({status:?}) and printed:\n{}", output.text())
            }
            () = tokio::time::sleep(START_LIMIT) => panic!("it does not listen; it printed:\n{}", output.text()),
        }
    }

    /// A client of it.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// All that it printed.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// SIGKILL, then waits for the end: what a crash does.
    ///
    /// # Panics
    /// If it cannot be killed.
    pub async fn kill(mut self) {
        let mut running = self.running.take().expect("a running program");
        running.child.kill().await.expect("it is ours");
    }

    /// SIGTERM, then waits for the end: what a deployment does.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn terminate(&mut self) -> ExitStatus {
        let running = self.running.take().expect("a running program");
        send(running.child.id().expect("not waited for yet"), Signal::TERM);
        running.ended().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_is_known_by_what_it_prints_and_ended_by_a_signal() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo 'Running on http://127.0.0.1:1 (for ever)'; exec sleep 600"]);
        let mut program = Program::start(command, "Running on ").await;
        assert_eq!(program.api().base(), "http://127.0.0.1:1");
        assert_eq!(program.output().len(), 1);
        assert!(!program.terminate().await.success());
    }

    #[tokio::test]
    #[should_panic(expected = "no such luck")]
    async fn one_that_ends_shows_what_it_printed() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such luck"]);
        Program::start(command, "listening on ").await;
    }
}
