//! One process of Redis, be it a server or a sentinel.

use std::io::Result;
use std::path::Path;
use std::process::Command;

use super::resp::Endpoint;
use crate::daemon::{Daemon, Ending, LIMIT, LOOK_AGAIN};
use crate::port::free_port;

/// How often another port is tried, when somebody else took one since we looked.
const TRIES: u32 = 10;

/// A process with a configuration of its own, on a port that it keeps.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) daemon: Daemon,
    pub(super) port: u16,
    pub(super) endpoint: Endpoint,
    arguments: &'static [&'static str],
}

impl Node {
    /// Starts a node with the configuration that `configure` writes for a directory and a port, and waits until it
    /// answers.
    ///
    /// # Panics
    /// If Redis is not installed, or, with what it printed, if it does not answer.
    pub(super) async fn start(
        arguments: &'static [&'static str],
        endpoint: impl Fn(&Path, u16) -> Endpoint,
        configure: impl Fn(&Path, u16) -> String,
    ) -> Self {
        let mut node = Self {
            daemon: Daemon::new("redis", Ending::Kill),
            port: 0,
            endpoint: Endpoint::Port(0),
            arguments,
        };
        for _ in 0..TRIES {
            let directory = node.daemon.directory();
            node.port = free_port();
            node.endpoint = endpoint(directory, node.port);
            std::fs::write(directory.join("redis.conf"), configure(directory, node.port))
                .expect("a file of ours");
            if node.try_launch().await {
                return node;
            }
            assert!(node.daemon.log().contains("Address already in use"), "{}", node.refusal());
        }
        panic!("{}", node.refusal());
    }

    /// Starts it again with the configuration it has: its own changes to it count, too.
    pub(super) async fn restart(&mut self) {
        assert!(self.try_launch().await, "{}", self.refusal());
    }

    /// Whether it answers. It does not if it has ended.
    async fn try_launch(&mut self) -> bool {
        let mut command = Command::new("redis-server");
        command.arg("redis.conf").args(self.arguments).current_dir(self.daemon.directory());
        self.daemon.spawn(command);
        let starting = async {
            while !self.answers().await {
                if self.daemon.ended().is_some() {
                    return false;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            true
        };
        tokio::time::timeout(LIMIT, starting).await.unwrap_or(false)
    }

    async fn answers(&self) -> bool {
        match self.endpoint.ask(&[&["PING"]]).await {
            Ok(answer) => answer == "PONG",
            // Up, and wants a password first.
            Err(error) => error.to_string().starts_with("NOAUTH"),
        }
    }

    pub(super) async fn ask(&self, commands: &[&[&str]]) -> Result<String> {
        self.endpoint.ask(commands).await
    }

    fn refusal(&self) -> String {
        format!("redis-server does not start; it printed:\n{}", self.daemon.log())
    }
}
