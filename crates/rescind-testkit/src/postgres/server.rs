//! Starting, breaking and restarting a server.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tokio_postgres::{Client, Config, NoTls};

use super::options::PostgresOptions;
use super::programs::Programs;
use crate::certificate::Certificate;
use crate::daemon::{Daemon, Ending, LIMIT, LOOK_AGAIN, User, random_word};
use crate::port::free_port;

/// The superuser of every server that is started here.
pub const USER: &str = "rescind";
/// Children of a killed server may hold on to its memory for a moment, and it refuses to start beside them.
const TRIES: u32 = 100;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// A private server on a port of the loopback address. Dropping it ends it and removes its data; so does the end of
/// the test, even by SIGKILL.
#[derive(Debug)]
pub struct Postgres {
    options: PostgresOptions,
    programs: Programs,
    user: User,
    port: u16,
    password: String,
    certificate: Option<Certificate>,
    daemon: Daemon,
}

impl Postgres {
    /// Starts a durable server with new, empty data.
    ///
    /// # Panics
    /// If PostgreSQL is not installed, or, with what it printed, if it does not become ready.
    pub async fn start() -> Self {
        Self::start_with(PostgresOptions::default()).await
    }

    /// Starts a server with new, empty data.
    ///
    /// # Panics
    /// As [`Postgres::start`].
    pub async fn start_with(options: PostgresOptions) -> Self {
        let daemon = Daemon::new("postgres", Ending::Quit);
        let certificate = options.tls.then(|| Certificate::make(daemon.directory()));
        let mut server = Self {
            options,
            programs: Programs::find(),
            user: User::ordinary(),
            port: free_port(),
            password: random_word(),
            certificate,
            daemon,
        };
        server.make_data().await;
        server.launch().await;
        server
    }

    /// `postgres://rescind:password@127.0.0.1:PORT/database`, of a database that exists or not.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// The port, the same after every restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The superuser's password, which every connection must give.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The file with the authority that signed the server's certificate.
    ///
    /// # Panics
    /// If the server was started without TLS.
    pub fn ca(&self) -> &Path {
        &self.certificate.as_ref().expect("a server that was started with TLS").ca
    }

    /// All that it printed since the first start.
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    /// Makes an empty database of a name that nobody else has, and returns its URL.
    ///
    /// # Panics
    /// If the server does not do it.
    pub async fn create_database(&self) -> String {
        let name = format!("test_{}", random_word());
        self.execute(&format!("CREATE DATABASE {name}")).await;
        self.url(&name)
    }

    /// Removes a database, whoever is connected to it.
    ///
    /// # Panics
    /// If there is none, or `url` is not one that this server gave.
    pub async fn drop_database(&self, url: &str) {
        let name = url.strip_prefix(&self.url("")).expect("a URL of this server");
        self.execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }

    /// A superuser's connection for the test's own look at a database, past TCP and TLS.
    ///
    /// # Panics
    /// If the server does not take it.
    pub async fn connect(&self, database: &str) -> Client {
        let mut config = Config::new();
        config.host_path(self.daemon.directory()).port(self.port);
        config.user(USER).password(&self.password).dbname(database);
        connect(&config).await.unwrap_or_else(|error| panic!("no connection: {error}\n{}", self.log()))
    }

    /// SIGINT, the fast shutdown: ends all connections, writes everything back, and waits for the end.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn stop_fast(&mut self) {
        self.daemon.end(Signal::INT).await;
    }

    /// SIGQUIT, the immediate shutdown: writes nothing back and recovers at the next start. Waits for the end.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn stop_immediate(&mut self) {
        self.daemon.end(Signal::QUIT).await;
    }

    /// SIGKILL for the server and all its children, and waits for their end: what a power cut does to them.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn kill(&mut self) {
        self.daemon.kill().await;
    }

    /// Starts it again on the same port and data, and waits until it is ready.
    ///
    /// # Panics
    /// If it runs, or does not become ready.
    pub async fn restart(&mut self) {
        self.launch().await;
    }

    /// As [`Postgres::restart`], with one setting changed.
    ///
    /// # Panics
    /// As [`Postgres::restart`].
    pub async fn restart_with(&mut self, name: &str, value: &str) {
        self.options = self.options.clone().set(name, value);
        self.restart().await;
    }

    /// SIGSTOP for the server and all its children: connections stay open, new ones are taken by the system, and
    /// nobody answers.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn pause(&self) {
        self.daemon.pause().await;
    }

    /// Lets a paused server go on.
    ///
    /// # Panics
    /// If it does not run.
    pub fn resume(&self) {
        self.daemon.resume();
    }

    pub(super) fn data(&self) -> PathBuf {
        self.daemon.directory().join("data")
    }

    pub(super) fn directory(&self) -> &Path {
        self.daemon.directory()
    }

    pub(super) fn is_running(&self) -> bool {
        self.daemon.is_running()
    }

    /// A command that whoever runs the server runs, so that the files are theirs.
    pub(super) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = self.user.command(program);
        command.current_dir(self.daemon.directory());
        command
    }

    async fn execute(&self, statement: &str) {
        let done = self.connect("postgres").await.batch_execute(statement).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}\n{}", self.log()));
    }

    async fn make_data(&self) {
        let directory = self.daemon.directory();
        let password = directory.join("password");
        std::fs::write(&password, &self.password).expect("a file of ours");
        self.user.own(directory);
        self.user.own(&password);
        if let Some(certificate) = &self.certificate {
            self.user.own(&certificate.chain);
            self.user.own(&certificate.key);
        }
        let mut command = self.command(self.programs.initdb());
        command.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256"]);
        command.args(["--username", USER, "--pwfile"]).arg(password).arg("--pgdata").arg(self.data());
        run(command).await;
        // By socket for the fixture itself; everybody else comes over TCP.
        let host = if self.options.tls { "hostssl" } else { "host" };
        let rules = format!("local all all scram-sha-256\n{host} all all 127.0.0.1/32 scram-sha-256\n");
        std::fs::write(self.data().join("pg_hba.conf"), rules).expect("a file of ours");
    }

    /// Starts the server, and once more after a refusal that passes by itself.
    async fn launch(&mut self) {
        for _ in 0..TRIES {
            let Err(printed) = self.try_launch().await else { return };
            if printed.contains("could not create any TCP/IP sockets") && !self.was_ready() {
                // Somebody else took it since we looked.
                self.port = free_port();
            } else if !printed.contains("is still in use") && !printed.contains("already exists") {
                panic!("PostgreSQL does not start; it printed:\n{printed}");
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        panic!("PostgreSQL does not start; it printed:\n{}", self.log());
    }

    /// # Errors
    /// With what it printed, if it ended.
    async fn try_launch(&mut self) -> Result<(), String> {
        let before = self.log().len();
        self.daemon.spawn(self.serve());
        let starting = async {
            while !self.is_ready() {
                if self.daemon.ended().is_some() {
                    return Err(());
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok(())
        };
        let ready = tokio::time::timeout(LIMIT, starting).await;
        let printed = || self.log().split_off(before);
        match ready {
            Ok(outcome) => outcome.map_err(|()| printed()),
            Err(_) => panic!("PostgreSQL does not become ready; it printed:\n{}", printed()),
        }
    }

    fn serve(&self) -> Command {
        let directory = self.daemon.directory().display();
        let mut command = self.command(self.programs.postgres());
        command.arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
        command.args(["-c", &format!("unix_socket_directories={directory}")]);
        if let Some(certificate) = &self.certificate {
            command.args(["-c", "ssl=on"]);
            command.args(["-c", &format!("ssl_cert_file={}", certificate.chain.display())]);
            command.args(["-c", &format!("ssl_key_file={}", certificate.key.display())]);
        }
        command.args(self.options.arguments());
        command
    }

    /// As `pg_ctl` looks: the last line of its file says so once it takes connections. A file of an earlier start,
    /// left behind by a kill or copied, has another process in its first line.
    fn is_ready(&self) -> bool {
        let text = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = text.lines();
        lines.next() == Some(&self.daemon.pid().to_string()) && lines.nth(6).map(str::trim) == Some("ready")
    }

    fn was_ready(&self) -> bool {
        self.log().contains("database system is ready to accept connections")
    }
}

/// Connects, and speaks with the server until the client is dropped.
pub(super) async fn connect(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Runs a command to its end, which must be a good one.
pub(super) async fn run(command: Command) {
    let spelled = format!("{command:?}");
    let output = tokio::process::Command::from(command).output().await;
    let output = output.unwrap_or_else(|error| panic!("{spelled} cannot be started: {error}"));
    assert!(output.status.success(), "{spelled}: {}", String::from_utf8_lossy(&output.stderr));
}
