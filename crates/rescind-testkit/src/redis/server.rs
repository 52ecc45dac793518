//! Starting, breaking and restarting a server.

use std::fmt::Write as _;
use std::io::Result;
use std::path::{Path, PathBuf};

use super::node::Node;
use super::options::RedisOptions;
use super::resp::Endpoint;
use crate::certificate::Certificate;

/// A private server on a port of the loopback address. Dropping it ends it; so does the end of the test, even by
/// SIGKILL.
#[derive(Debug)]
pub struct Redis {
    options: RedisOptions,
    node: Node,
}

impl Redis {
    /// Starts an empty server.
    ///
    /// # Panics
    /// If Redis is not installed, or, with what it printed, if it does not answer.
    pub async fn start() -> Self {
        Self::start_with(RedisOptions::default()).await
    }

    /// Starts an empty server.
    ///
    /// # Panics
    /// As [`Redis::start`].
    pub async fn start_with(options: RedisOptions) -> Self {
        let socket = |directory: &Path, _| Endpoint::Socket(directory.join("socket"));
        let node = Node::start(&[], socket, |directory, port| configuration(&options, directory, port)).await;
        Self { options, node }
    }

    /// `redis://127.0.0.1:PORT`, `rediss://` over TLS, with the password if there is one.
    pub fn url(&self) -> String {
        let scheme = if self.options.tls { "rediss" } else { "redis" };
        let password =
            self.options.password.as_ref().map(|password| format!(":{password}@")).unwrap_or_default();
        format!("{scheme}://{password}127.0.0.1:{}", self.port())
    }

    /// The port, the same after every restart.
    pub fn port(&self) -> u16 {
        self.node.port
    }

    /// The file with the authority that signed the server's certificate.
    ///
    /// # Panics
    /// If the server was started without TLS.
    pub fn ca(&self) -> PathBuf {
        assert!(self.options.tls, "the server was started without TLS");
        Certificate::at(self.node.daemon.directory()).ca
    }

    /// All that it printed since the first start.
    pub fn log(&self) -> String {
        self.node.daemon.log()
    }

    /// Sends a command, past TCP and TLS, and returns the answer: the parts of an array as lines, nil as nothing.
    ///
    /// # Panics
    /// If Redis is not there, or answers with an error.
    pub async fn command(&self, words: &[&str]) -> String {
        self.try_command(words).await.unwrap_or_else(|error| panic!("{words:?}: {error}\n{}", self.log()))
    }

    /// As [`Redis::command`], of a server that may refuse.
    ///
    /// # Errors
    /// If Redis is not there, or answers with an error: then that is the message.
    pub async fn try_command(&self, words: &[&str]) -> Result<String> {
        match &self.options.password {
            Some(password) => self.node.ask(&[&["AUTH", password], words]).await,
            None => self.node.ask(&[words]).await,
        }
    }

    /// SIGKILL, then waits for the end.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn kill(&mut self) {
        self.node.daemon.kill().await;
    }

    /// Starts it again on the same port, empty unless it was told to keep something, and waits until it answers.
    ///
    /// # Panics
    /// If it runs, or does not answer.
    pub async fn restart(&mut self) {
        self.node.restart().await;
    }

    /// SIGSTOP: connections stay open, new ones are taken by the system, and nobody answers.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn pause(&self) {
        self.node.daemon.pause().await;
    }

    /// Lets a paused server go on.
    ///
    /// # Panics
    /// If it does not run.
    pub fn resume(&self) {
        self.node.daemon.resume();
    }

    pub(super) fn is_running(&self) -> bool {
        self.node.daemon.is_running()
    }
}

fn configuration(options: &RedisOptions, directory: &Path, port: u16) -> String {
    let mut lines = String::from("bind 127.0.0.1\nunixsocket socket\nsave \"\"\nappendonly no\n");
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        writeln!(lines, "{name} {value}").expect("a string takes everything");
    };
    if options.tls {
        let certificate = Certificate::make(directory);
        line("port", &0);
        line("tls-port", &port);
        line("tls-ca-cert-file", &certificate.ca.display());
        line("tls-cert-file", &certificate.chain.display());
        line("tls-key-file", &certificate.key.display());
        // A client shows no certificate.
        line("tls-auth-clients", &"no");
    } else {
        line("port", &port);
    }
    if let Some(password) = &options.password {
        line("requirepass", password);
    }
    for (name, value) in &options.settings {
        line(name, value);
    }
    lines
}
