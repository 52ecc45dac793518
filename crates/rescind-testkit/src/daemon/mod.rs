//! Programs of others that a test starts for itself: each in a directory of its own, and neither outlives the test.

mod family;
mod guard;
mod user;

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rescind::entropy::random_bytes;
use rescind::system::SystemEntropy;
use rustix::process::Signal;

pub(crate) use self::guard::Ending;
use self::guard::Guard;
pub(crate) use self::user::User;

/// Longer than any start or stop takes on the slowest machine: a hang becomes a failure that shows the log.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// Between two looks at something that tells nobody when it happens.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// A process, its children and its directory. Dropping it ends all of them.
#[derive(Debug)]
pub(crate) struct Daemon {
    directory: PathBuf,
    guard: Guard,
    running: Option<Child>,
}

impl Daemon {
    /// Makes the directory; nothing runs yet.
    pub(crate) fn new(name: &str, ending: Ending) -> Self {
        let prefix = format!("rescind-{name}-");
        let mut builder = tempfile::Builder::new();
        // Nobody else reads the passwords and keys in it.
        builder.prefix(&prefix).permissions(Permissions::from_mode(0o700));
        let directory = builder.tempdir().expect("a temporary directory");
        // The guard removes it: it also does when this process is killed.
        let directory = directory.keep();
        let guard = Guard::of(&directory, ending);
        Self { directory, guard, running: None }
    }

    /// Where it may write; removed with it.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Starts the process; what it prints goes to the log.
    ///
    /// # Panics
    /// If one runs already, or this one cannot be started.
    pub(crate) fn spawn(&mut self, mut command: Command) {
        use std::os::unix::process::CommandExt as _;

        assert!(self.running.is_none(), "end it before starting it again");
        let log = OpenOptions::new().create(true).append(true).open(self.log_file()).expect("a log file");
        // A group of its own: ^C and a runner that kills a test's group leave it to the guard, which cleans up too.
        command.process_group(0).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("the log file once more")).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
        self.guard.watch(child.id());
        self.running = Some(child);
    }

    /// All that it printed since the first start.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(self.log_file()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The id of the process.
    ///
    /// # Panics
    /// If none runs.
    pub(crate) fn pid(&self) -> u32 {
        self.running.as_ref().expect("a running process").id()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// How it ended, if it did by itself.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.running.as_mut()?.try_wait().expect("a child of ours can be waited for")?;
        self.running = None;
        self.guard.forget();
        Some(status)
    }

    /// Sends a signal to the process alone and waits for its end.
    ///
    /// # Panics
    /// If none runs, or it does not end.
    pub(crate) async fn end(&mut self, signal: Signal) -> ExitStatus {
        family::send(self.pid(), signal);
        self.wait().await
    }

    /// SIGKILL for the process and its children at once, as when the power fails; returns when all are gone.
    ///
    /// # Panics
    /// If none runs, or one of them does not end.
    pub(crate) async fn kill(&mut self) {
        // Stopped first, so that none is born while the others die.
        self.pause().await;
        let family = family::of(self.pid());
        for pid in &family {
            family::send(*pid, Signal::KILL);
        }
        self.wait().await;
        self.until("its children are gone", || !family::any_alive(&family)).await;
    }

    /// SIGSTOP for the process and its children: connections stay open and nobody answers.
    ///
    /// # Panics
    /// If none runs, or one of them does not stop.
    pub(crate) async fn pause(&self) {
        let pid = self.pid();
        self.until("it stands still", || family::stop(pid)).await;
    }

    /// SIGCONT for all of them.
    ///
    /// # Panics
    /// If none runs.
    pub(crate) fn resume(&self) {
        family::go_on(self.pid());
    }

    /// Looks again and again until something holds.
    ///
    /// # Panics
    /// With the log, if it does not within [`LIMIT`].
    pub(crate) async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let looking = async {
            while !holds() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        if tokio::time::timeout(LIMIT, looking).await.is_err() {
            panic!("waited in vain until {what}; it printed:\n{}", self.log());
        }
    }

    async fn wait(&mut self) -> ExitStatus {
        let ending = async {
            loop {
                match self.ended() {
                    Some(status) => return status,
                    None => tokio::time::sleep(LOOK_AGAIN).await,
                }
            }
        };
        match tokio::time::timeout(LIMIT, ending).await {
            Ok(status) => status,
            Err(_) => panic!("it does not end; it printed:\n{}", self.log()),
        }
    }

    fn log_file(&self) -> PathBuf {
        self.directory.join("log")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(child) = &mut self.running {
            family::go_on(child.id());
        }
        self.guard.close();
        // Reaped while the guard waits for it to be gone.
        while !self.guard.is_done() {
            drop(self.running.as_mut().map(Child::try_wait));
            std::thread::sleep(LOOK_AGAIN);
        }
        drop(self.running.as_mut().map(Child::try_wait));
    }
}

/// A word that nobody else has: for passwords and the names of what a test makes.
pub(crate) fn random_word() -> String {
    random_bytes::<10>(&SystemEntropy).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Daemon {
        let mut daemon = Daemon::new("test", Ending::Kill);
        let mut command = Command::new("sh");
        command.args(["-c", "echo begun; sleep 1000 & wait"]);
        daemon.spawn(command);
        daemon
    }

    #[tokio::test]
    async fn a_dropped_daemon_is_gone_with_its_directory_even_when_it_stood_still() {
        let daemon = sleeper();
        daemon.until("it printed", || daemon.log() == "begun\n").await;
        daemon.pause().await;
        let (pid, directory) = (daemon.pid(), daemon.directory().to_owned());
        drop(daemon);
        assert!(!family::any_alive(&[pid]));
        assert!(!directory.exists());
    }

    #[tokio::test]
    async fn killing_takes_the_children_along() {
        let mut daemon = sleeper();
        daemon.until("it has a child", || family::of(daemon.pid()).len() == 2).await;
        let family = family::of(daemon.pid());
        daemon.kill().await;
        assert!(!daemon.is_running());
        assert!(!family::any_alive(&family));
    }

    #[tokio::test]
    async fn one_that_ended_by_itself_is_noticed_and_can_be_started_again() {
        let mut daemon = Daemon::new("test", Ending::Kill);
        for _ in 0..2 {
            let mut command = Command::new("sh");
            command.args(["-c", "echo once more; exit 3"]);
            daemon.spawn(command);
            assert_eq!(daemon.wait().await.code(), Some(3));
        }
        assert_eq!(daemon.log(), "once more\nonce more\n");
    }
}
