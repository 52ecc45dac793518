//! A data directory of a test's own, the command on it, and the authority on it without a server.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use rescind::authority::{
    Authority, AuthoritySettings, Busy, Caller, Offload, Operator, Ports, SignIn, TokenPair,
};
use rescind::keys::MasterKey;
use rescind::session::Device;
use rescind::system::{SystemClock, SystemEntropy};
use rescind_sqlite::{Options, SqliteStore};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const OPERATOR: &str = "admin@localhost";

/// A data directory and the command on it.
pub(crate) struct Home {
    root: TempDir,
}

/// What the command answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    /// With nothing in it.
    pub(crate) fn empty() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    /// After a first start, with the operator and the user `ada@example.com` of the tenant `default`, both with [`PASSWORD`].
    pub(crate) fn started() -> Self {
        let home = Self::empty();
        fs::create_dir(home.data()).unwrap();
        let key = MasterKey::generate(&SystemEntropy);
        fs::write(home.data().join("master.key"), format!("{}\n", *key.to_base64())).unwrap();
        home.chmod("master.key", 0o600);
        home.chmod(".", 0o700);
        home.authority(|_| async {});
        home.ok_with(
            &["users", "create", "ada@example.com", "--role", "member", "--password-stdin"],
            PASSWORD,
        );
        home
    }

    /// The directory that holds everything of the test.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root().join("data")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.data().join("rescind.db")
    }

    pub(crate) fn chmod(&self, file: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(self.data().join(file), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The command, with no settings but the data directory; a server takes a port that is free, whoever else has the default
    /// one.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rescind"));
        let inherited = std::env::vars_os().map(|(name, _)| name);
        for name in inherited.filter(|name| name.to_string_lossy().starts_with("RESCIND_")) {
            command.env_remove(name);
        }
        command.current_dir(self.root()).env("RESCIND_DATA_DIR", self.data());
        if args.first() == Some(&"serve") {
            command.env("RESCIND_LISTEN", "127.0.0.1:0");
        }
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Answer {
        Answer::of(self.command(args).output().unwrap())
    }

    /// With settings.
    pub(crate) fn run_set(&self, settings: &[(&str, &str)], args: &[&str]) -> Answer {
        Answer::of(self.command(args).envs(settings.iter().copied()).output().unwrap())
    }

    /// With something on its standard input.
    pub(crate) fn run_with(&self, args: &[&str], input: &str) -> Answer {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        // One that refuses its arguments does not read.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Answer::of(child.wait_with_output().unwrap())
    }

    /// Must succeed; answers with its standard output.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        self.run(args).must(0, args)
    }

    #[track_caller]
    pub(crate) fn ok_with(&self, args: &[&str], input: &str) -> String {
        self.run_with(args, input).must(0, args)
    }

    /// Must succeed; answers with the JSON that it prints.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let args = [args, &["--json"]].concat();
        serde_json::from_str(&self.ok(&args)).unwrap()
    }

    /// Must fail so, with this code in its error.
    #[track_caller]
    pub(crate) fn refused(&self, args: &[&str], exit: i32, code: &str) -> Answer {
        let answer = self.run(args);
        answer.assert_refused(exit, code);
        answer
    }

    /// The authority on the same file, as the server would have it.
    pub(crate) fn authority<T, F: Future<Output = T>>(&self, act: impl FnOnce(Arc<Authority>) -> F) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = SqliteStore::open(&self.database(), &Options::new(Arc::new(SystemEntropy))).unwrap();
            let key = fs::read_to_string(self.data().join("master.key")).unwrap();
            let ports = Ports {
                store: store.clone(),
                clock: Arc::new(SystemClock),
                entropy: Arc::new(SystemEntropy),
                offload: Arc::new(OwnThread),
                master_keys: Arc::new(MasterKey::from_base64(&key).unwrap()),
                cache: None,
            };
            let operator = || Operator { email: OPERATOR.to_owned(), password: PASSWORD.into() };
            let started = Authority::start(ports, settings(), operator).await.unwrap();
            let outcome = act(Arc::new(started.authority)).await;
            store.close();
            outcome
        })
    }

    /// Opens a session by password.
    pub(crate) fn sign_in(&self, email: &str) -> Tokens {
        let sign_in = SignIn {
            email: email.to_owned(),
            password: PASSWORD.into(),
            tenant: None,
            audience: None,
            device: Device { name: Some("laptop\u{202e}x".to_owned()), ..Device::default() },
        };
        let pair = self.authority(|authority| async move {
            authority.sign_in(&Caller::command_line(), sign_in).await.unwrap()
        });
        pair.into()
    }

    /// Whether an access token is taken, cuts and all.
    pub(crate) fn takes(&self, token: &str) -> bool {
        self.authority(|authority| async move { authority.authenticate_user(token).await.is_ok() })
    }

    /// How many sessions of a user are active.
    pub(crate) fn active(&self, user: &str) -> usize {
        let listed = self.json(&["sessions", "list", "--user", user, "--status", "active"]);
        listed["items"].as_array().unwrap().len()
    }

    /// Runs SQL on the file, behind everybody's back.
    pub(crate) fn sql(&self, sql: &str) {
        rusqlite::Connection::open(self.database()).unwrap().execute_batch(sql).unwrap();
    }
}

/// A token pair as text.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) session: String,
}

impl From<TokenPair> for Tokens {
    fn from(pair: TokenPair) -> Self {
        Self {
            access: pair.access_token.expose_secret().to_owned(),
            refresh: pair.refresh_token.expose_secret().to_owned(),
            session: pair.session_id.to_string(),
        }
    }
}

impl Answer {
    fn of(output: Output) -> Self {
        let answer = Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!answer.err.contains("panicked"), "{}", answer.err);
        answer
    }

    #[track_caller]
    pub(crate) fn must(self, code: i32, args: &[&str]) -> String {
        assert_eq!(self.code, code, "{args:?}: {}{}", self.out, self.err);
        self.out
    }

    #[track_caller]
    pub(crate) fn assert_refused(&self, exit: i32, code: &str) {
        assert_eq!(self.code, exit, "{}{}", self.out, self.err);
        assert!(self.err.contains(&format!("error[{code}]: ")), "{}", self.err);
        assert_eq!(self.out, "");
    }
}

/// The names of an object's members.
pub(crate) fn members(object: &Value) -> Vec<&str> {
    let mut names: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

struct OwnThread;

impl Offload for OwnThread {
    fn run(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), Busy> {
        std::thread::spawn(job);
        Ok(())
    }
}

/// The defaults.
fn settings() -> AuthoritySettings {
    AuthoritySettings::new("http://127.0.0.1:8080")
}
