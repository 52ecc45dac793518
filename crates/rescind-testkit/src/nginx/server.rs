//! Starting nginx.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::site::Site;
use crate::daemon::{Daemon, Ending, LIMIT, LOOK_AGAIN, User};
use crate::port::free_port;

/// What distributions put around `conf.d`. It writes below its own directory only, and to standard error.
const MAIN: &str = "\
worker_processes 2;
daemon off;
pid nginx.pid;
error_log stderr info;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include conf.d/*.conf;
}
";
/// Where it is, beside the `PATH`: an ordinary user's knows nothing of daemons.
const HOMES: [&str; 4] = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];
/// How often another port is tried, when somebody else took one since we looked.
const TRIES: u32 = 10;

/// A private nginx, of version 1.19.5 or later, with two workers. Dropping it ends them; so does the end of the test, even by
/// SIGKILL.
#[derive(Debug)]
pub struct Nginx {
    site: Site,
    program: PathBuf,
    user: User,
    port: u16,
    daemon: Daemon,
}

impl Nginx {
    /// Has nginx check a configuration, and starts it.
    ///
    /// # Panics
    /// If nginx is not installed; if it has anything to say against the configuration, be it a warning; or, with what it printed, if
    /// it does not start.
    pub async fn start(site: Site) -> Self {
        let daemon = Daemon::new("nginx", Ending::Term);
        let mut nginx = Self { site, program: find(), user: User::ordinary(), port: 0, daemon };
        for _ in 0..TRIES {
            nginx.configure();
            nginx.check();
            if nginx.try_launch().await {
                return nginx;
            }
            assert!(nginx.log().contains("Address already in use"), "{}", nginx.refusal());
        }
        panic!("{}", nginx.refusal());
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> String {
        format!("http://{}", self.address())
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// All that it logged, errors and warnings.
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    fn configure(&mut self) {
        self.port = free_port();
        let directory = self.daemon.directory();
        let site = match &self.site.address {
            Some(address) => self.site.clone().edit(address, self.address()),
            None => self.site.clone(),
        };
        std::fs::write(directory.join("nginx.conf"), MAIN).expect("a file of ours");
        for made in site.write_to(directory) {
            self.user.own(&made);
        }
        self.user.own(directory);
    }

    fn check(&self) {
        let output = self.command().arg("-t").output().expect("nginx starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() && !said.contains("[warn]"),
            "nginx refuses the configuration:\n{said}"
        );
    }

    /// Whether it runs. It does not if it has ended.
    async fn try_launch(&mut self) -> bool {
        // It writes its id when it listens.
        let pid = self.daemon.directory().join("nginx.pid");
        drop(std::fs::remove_file(&pid));
        self.daemon.spawn(self.command());
        let starting = async {
            while !is_written(&pid) {
                if self.daemon.ended().is_some() {
                    return false;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            true
        };
        tokio::time::timeout(LIMIT, starting).await.unwrap_or(false)
    }

    fn command(&self) -> Command {
        let directory = self.daemon.directory();
        let mut command = self.user.command(&self.program);
        // Before it has read where to log to, too.
        command.args(["-e", "stderr", "-p"]).arg(directory).arg("-c").arg(directory.join("nginx.conf"));
        command.current_dir(directory);
        command
    }

    fn refusal(&self) -> String {
        format!("nginx does not start; it printed:\n{}", self.log())
    }
}

fn is_written(pid: &Path) -> bool {
    std::fs::metadata(pid).is_ok_and(|file| file.len() > 0)
}

fn find() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let homes = HOMES.iter().map(PathBuf::from);
    let programs = std::env::split_paths(&path).chain(homes).map(|home| home.join("nginx"));
    let found = programs.into_iter().find(|program| program.is_file());
    found.expect("nginx is missing; `cargo xtask tools` installs or names it")
}
