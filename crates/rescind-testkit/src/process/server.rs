//! Starting, killing and restarting the binary.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rescind::keys::MasterKey;
use rescind::system::SystemEntropy;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::api::{Api, Credentials};
use super::options::{self, Options};
use super::output::Output;
use crate::port::free_port;

/// Longer than a start takes on the slowest machine: a hang becomes a failure that shows what was printed.
pub(super) const START_LIMIT: Duration = Duration::from_secs(60);
/// Between two looks at `/readyz`, which has no event to wait for from outside.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// A running server. Dropping it kills it and removes its data directory, unless the directory is the caller's.
#[derive(Debug)]
pub struct Server {
    /// Dropped first, so that nobody serves when what it serves from goes.
    running: Option<Running>,
    options: Options,
    data: PathBuf,
    /// Removes the directory when the server is dropped.
    _temporary: Option<TempDir>,
    output: Output,
    api: Api,
}

/// A server that did not become ready.
#[derive(Debug)]
pub struct Refused {
    /// How it ended; none if it was still running when the wait was given up.
    pub status: Option<ExitStatus>,
    /// All that it printed.
    pub output: String,
}

impl Server {
    /// Starts a server and waits until it is ready.
    ///
    /// # Panics
    /// With all that it printed, if it does not become ready.
    pub async fn start(options: Options) -> Self {
        match Self::try_start(options).await {
            Ok(server) => server,
            Err(refused) => panic!("no ready server ({:?}); it printed:\n{}", refused.status, refused.output),
        }
    }

    /// Starts a server that may refuse to start, as with an impossible setting.
    ///
    /// # Errors
    /// If it ends, or is not ready in a minute.
    pub async fn try_start(options: Options) -> Result<Self, Refused> {
        let mut server = Self::prepare(options);
        server.launch().await?;
        Ok(server)
    }

    /// Starts a server that waits for something, and returns at once; [`Server::ready`] waits for it.
    pub fn begin(options: Options) -> Self {
        let mut server = Self::prepare(options);
        server.running = Some(Running::spawn(server.serve(), &server.output));
        server
    }

    /// Waits until a server that runs is ready.
    ///
    /// # Panics
    /// With all that it printed, if it is not in a minute.
    pub async fn ready(&self) {
        let ready = async {
            while !self.is_ready().await {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let waited = tokio::time::timeout(START_LIMIT, ready).await;
        assert!(waited.is_ok(), "it never became ready; it printed:\n{}", self.output.text());
    }

    fn prepare(mut options: Options) -> Self {
        let port = *options.port.get_or_insert_with(free_port);
        let temporary = options.data.is_none().then(|| TempDir::new().expect("a temporary directory"));
        let data = match &temporary {
            // Below the temporary directory, so that the server makes it itself, with the modes that it chooses.
            Some(directory) => directory.path().join("data"),
            None => options.data.clone().unwrap_or_default(),
        };
        if options.database.is_some() {
            options = options.env("RESCIND_MASTER_KEY_FILE", made_master_key(&data));
        }
        let api = Api::new(format!("http://127.0.0.1:{port}"));
        let issuer = options.get("RESCIND_ISSUER").map(str::to_owned);
        let api = issuer.into_iter().fold(api, Api::of_issuer);
        Self { running: None, options, data, _temporary: temporary, output: Output::new(), api }
    }

    /// A client of this server.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// `http://127.0.0.1:PORT`, also its issuer unless it was told another.
    pub fn base(&self) -> &str {
        self.api.base()
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        self.base().trim_start_matches("http://")
    }

    /// Where its master key is, and its database unless it has one of PostgreSQL's.
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// The URL of its database, if that is one of PostgreSQL's.
    pub fn database_url(&self) -> Option<&str> {
        self.setting("RESCIND_DATABASE_URL")
    }

    /// All that it printed since the first start.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// The e-mail of the first operator.
    pub fn admin_email(&self) -> &str {
        self.setting("RESCIND_ADMIN_EMAIL").unwrap_or("admin@localhost")
    }

    /// The password of the first operator: as set, or as printed at the first start.
    ///
    /// # Panics
    /// If it was neither set nor printed.
    pub fn admin_password(&self) -> String {
        let set = self.setting("RESCIND_ADMIN_PASSWORD").map(str::to_owned);
        let printed = || self.output.lines().iter().find_map(|line| printed(line, "admin password: "));
        set.or_else(printed).expect("a first password, set or printed")
    }

    /// An access token of the first operator for calls under `/api/v1/admin`.
    ///
    /// # Panics
    /// If the sign-in is refused.
    pub async fn admin_token(&self) -> String {
        let pair = self.api.login_as_admin(self.admin_email(), &self.admin_password()).await.expect(200);
        pair.text("access_token").to_owned()
    }

    /// An API client with these scopes, bound to no tenant, made by the first operator.
    pub async fn client(&self, name: &str, scopes: &[&str]) -> super::api::Client {
        let token = self.admin_token().await;
        self.api.create_client(Credentials::Bearer(&token), name, scopes, None).await
    }

    /// The binary, ready to be given an administration command, on this server's data.
    pub fn command(&self) -> Command {
        let mut command = options::command(&self.options.binary, &self.data);
        command.envs(self.options.where_the_data_is());
        command
    }

    /// The id of the process.
    ///
    /// # Panics
    /// If it does not run.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().and_then(|running| running.child.id()).expect("a running server")
    }

    /// SIGKILL, then waits for the end: what a power cut does to the process.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn kill9(&mut self) -> ExitStatus {
        self.end(Signal::KILL).await
    }

    /// SIGTERM, then waits for the end: what a deployment does.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.end(Signal::TERM).await
    }

    /// Sends SIGTERM and does not wait; [`Server::wait`] does.
    ///
    /// # Panics
    /// If it does not run.
    pub fn signal_term(&self) {
        send(self.pid(), Signal::TERM);
    }

    /// Waits for the process to end and for all its output to be read.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn wait(&mut self) -> ExitStatus {
        self.running.take().expect("a running server").ended().await
    }

    /// Starts it again on the same data directory and the same port, and waits until it is ready.
    ///
    /// # Panics
    /// If it runs, or does not become ready.
    pub async fn restart(&mut self) {
        assert!(self.running.is_none(), "end the server before starting it again");
        if let Err(refused) = self.launch().await {
            panic!("no ready server after a restart ({:?}); it printed:\n{}", refused.status, refused.output);
        }
    }

    /// As [`Server::restart`], with one setting changed.
    ///
    /// # Panics
    /// As [`Server::restart`].
    pub async fn restart_with(&mut self, name: &str, value: &str) {
        self.options = self.options.clone().env(name, value);
        self.restart().await;
    }

    async fn end(&mut self, signal: Signal) -> ExitStatus {
        send(self.pid(), signal);
        self.wait().await
    }

    async fn launch(&mut self) -> Result<(), Refused> {
        let before = self.output.len();
        let mut running = Running::spawn(self.serve(), &self.output);
        let ready = async {
            let base = self.output.after(before, |line| printed(line, "listening on ")).await;
            assert_eq!(base, self.api.base(), "the server listens elsewhere than it was told to");
            while !self.is_ready().await {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let status = tokio::select! {
            () = ready => { self.running = Some(running); return Ok(()) }
            status = running.child.wait() => status.ok(),
            () = tokio::time::sleep(START_LIMIT) => None,
        };
        running.stop_reading(status.is_some()).await;
        Err(Refused { status, output: self.output.text() })
    }

    fn serve(&self) -> Command {
        let mut command = self.command();
        command.arg("serve").envs(self.options.settings.iter().map(|(name, value)| (name, value)));
        if self.setting("RESCIND_LISTEN").is_none() {
            command.env("RESCIND_LISTEN", self.address());
        }
        command
    }

    async fn is_ready(&self) -> bool {
        let request = self.api.request(reqwest::Method::GET, "/readyz", Credentials::Nobody);
        self.api.try_finish(request).await.is_ok_and(|reply| reply.status == 200)
    }

    fn setting(&self, name: &str) -> Option<&str> {
        self.options.get(name)
    }
}

/// The process and the tasks that read what it prints.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) child: Child,
    readers: [JoinHandle<()>; 2],
}

impl Running {
    pub(super) fn spawn(mut command: Command, output: &Output) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
        let stdout = child.stdout.take().expect("piped above");
        let stderr = child.stderr.take().expect("piped above");
        Self { child, readers: [output.follow(stdout), output.follow(stderr)] }
    }

    pub(super) async fn ended(mut self) -> ExitStatus {
        let status = self.child.wait().await.expect("a child of ours can be waited for");
        self.stop_reading(true).await;
        status
    }

    /// After the end of the process the pipes end too; before it, reading them to the end would wait for ever.
    pub(super) async fn stop_reading(&mut self, ended: bool) {
        for reader in &mut self.readers {
            if ended {
                reader.await.expect("reading output does not panic");
            } else {
                reader.abort();
            }
        }
    }
}

/// A master key in the data directory, for a server that makes none because it shares its database; returns its path.
fn made_master_key(data: &Path) -> String {
    let path = data.join("master.key");
    if !path.exists() {
        std::fs::create_dir_all(data).expect("a data directory");
        let mut file = OpenOptions::new();
        let file = file.write(true).create_new(true).mode(0o600).open(&path);
        let key = MasterKey::generate(&SystemEntropy).to_base64();
        file.and_then(|mut file| file.write_all(key.as_bytes())).expect("a file of ours");
    }
    path.to_str().expect("a path in UTF-8").to_owned()
}

pub(super) fn send(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("a child of ours can be signalled");
}

/// What follows `label` in a line, up to white space or the end of a JSON text.
pub(super) fn printed(line: &str, label: &str) -> Option<String> {
    let (_, rest) = line.split_once(label)?;
    let value = rest.split(['"', ' ', '\t']).next().unwrap_or_default();
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_values_end_where_their_line_or_text_does() {
        assert_eq!(
            printed("listening on http://127.0.0.1:8080", "listening on ").as_deref(),
            Some("http://127.0.0.1:8080")
        );
        assert_eq!(
            printed(r#"{"message":"listening on http://127.0.0.1:1","x":1}"#, "listening on ").as_deref(),
            Some("http://127.0.0.1:1")
        );
        assert_eq!(printed("  admin password: Abc-1  (once)", "admin password: ").as_deref(), Some("Abc-1"));
        assert_eq!(printed("nothing of the kind", "admin password: "), None);
    }

    #[tokio::test]
    async fn a_server_that_ends_at_once_is_refused_with_what_it_printed() {
        let refused = Server::try_start(Options::new("false")).await.expect_err("`false` serves nothing");
        assert_eq!(refused.status.and_then(|status| status.code()), Some(1));
        assert_eq!(refused.output, "");
    }
}
