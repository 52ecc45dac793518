//! Any other program that listens: a service under load, or somebody else's.

use std::process::Command;
use std::time::Duration;

use crate::daemon::{Daemon, Ending, LIMIT, LOOK_AGAIN};
use crate::port::free_port;
use crate::process::{Api, Credentials};

/// A running program in a process group of its own. Dropping it ends it by SIGTERM, and so does the end of the caller, even by SIGKILL.
#[derive(Debug)]
pub struct Program {
    address: String,
    daemon: Daemon,
}

impl Program {
    /// Starts what `command` makes of the address to listen at, `127.0.0.1:PORT`, and waits until a `GET` of the path `ready` is
    /// answered with 200.
    ///
    /// # Panics
    /// With what it printed, if it ends, or is not ready in a minute.
    pub async fn start(name: &str, ready: &str, command: impl FnOnce(&str) -> Command) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let mut daemon = Daemon::new(name, Ending::Term);
        daemon.spawn(command(&address));
        let mut program = Self { address, daemon };
        let started = tokio::time::timeout(LIMIT, program.is_ready(ready)).await;
        assert!(started == Ok(true), "{name} does not start; it printed:\n{}", program.log());
        program
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A client of it.
    pub fn api(&self) -> Api {
        Api::new(format!("http://{}", self.address))
    }

    /// All that it printed.
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    /// Whether it is, sooner or later: not if it has ended.
    async fn is_ready(&mut self, path: &str) -> bool {
        let api = self.api();
        while self.daemon.ended().is_none() {
            let request = api.request(reqwest::Method::GET, path, Credentials::Nobody);
            let answer = api.try_finish(request.timeout(Duration::from_secs(5))).await;
            if answer.is_ok_and(|answer| answer.status == 200) {
                return true;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        false
    }
}
