//! A real browser: Chromium without a window, driven through chromedriver by WebDriver (W3C).

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::daemon::{Daemon, Ending, LIMIT, LOOK_AGAIN};
use crate::port::free_port;
use crate::process::{Api, Credentials};

/// Where both are, beside the `PATH`.
const HOMES: [&str; 4] = ["/usr/lib/chromium", "/snap/bin", "/usr/local/bin", "/opt/homebrew/bin"];
/// What Chromium is called, by distribution.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A chromedriver on a port of its own. Profiles and whatever else it and its browsers write lie in a directory of its own. Dropping it ends
/// them all; so does the end of the test, even by SIGKILL, for browsers that were started with [`ARGUMENTS`].
#[derive(Debug)]
pub struct Driver {
    address: String,
    daemon: Daemon,
}

/// What a browser is to be started with. By the pipe it ends with its driver. Root, as which containers often run, cannot have the sandbox; a
/// test shows it pages of ours alone.
pub const ARGUMENTS: [&str; 7] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    // What is clicked on does not move away meanwhile.
    "--force-prefers-reduced-motion",
];

impl Driver {
    /// Starts a chromedriver.
    ///
    /// # Panics
    /// If it is not installed, or, with what it printed, if it is not ready in a minute.
    pub async fn start() -> Self {
        let port = free_port();
        let mut daemon = Daemon::new("browser", Ending::Term);
        let mut command = Command::new(find(&["chromedriver"]));
        let home = daemon.directory().to_owned();
        // Profiles go to the temporary directory; what is kept for a user, to the home.
        command.arg(format!("--port={port}")).env("TMPDIR", &home).env("HOME", &home).current_dir(&home);
        for name in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "DBUS_SESSION_BUS_ADDRESS"] {
            command.env_remove(name);
        }
        daemon.spawn(command);
        let mut driver = Self { address: format!("127.0.0.1:{port}"), daemon };
        let started = tokio::time::timeout(LIMIT, driver.is_ready()).await;
        assert!(started == Ok(true), "chromedriver does not start; it printed:\n{}", driver.log());
        driver
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that it printed.
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    /// Whether it is, sooner or later: not if it has ended.
    async fn is_ready(&mut self) -> bool {
        let api = Api::new(self.base());
        while self.daemon.ended().is_none() {
            let request = api.request(reqwest::Method::GET, "/status", Credentials::Nobody);
            let answer = api.try_finish(request.timeout(Duration::from_secs(5))).await;
            if answer.is_ok_and(|answer| answer.json["value"]["ready"] == true) {
                return true;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        false
    }
}

/// Where Chromium is.
///
/// # Panics
/// If it is not installed.
pub fn chromium() -> PathBuf {
    find(&NAMES)
}

fn find(names: &[&str]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let homes: Vec<PathBuf> = std::env::split_paths(&path).chain(HOMES.iter().map(PathBuf::from)).collect();
    let programs = names.iter().flat_map(|name| homes.iter().map(move |home| home.join(name)));
    let found = programs.into_iter().find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("{} is missing; `cargo xtask tools` installs or names it", names[0]))
}
