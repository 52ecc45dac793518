//! `rescind serve`.

use std::sync::{Arc, Mutex, PoisonError};

use clap::{Arg, ArgMatches, Args, FromArgMatches};
use rescind::system::{SystemClock, SystemEntropy};
use rescind_server::config::Database;
use rescind_server::config::catalog::{SETTINGS, Secrecy, Setting};
use rescind_server::{Foundation, NotOpened, Opener, Serve as Serving, ServeError, StartedInfo};
use secrecy::{ExposeSecret as _, SecretString};

use crate::cache;
use crate::failure::Failure;
use crate::open::{self, Opened};
use crate::output::print;
use crate::password;
use crate::settings::Settings;

/// Run the authority; the first start makes everything that it needs
#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) flags: SettingFlags,
}

/// One flag for each setting, by flag name and value.
#[derive(Clone, Debug, Default)]
pub(crate) struct SettingFlags(pub(crate) Vec<(String, String)>);

pub(crate) async fn run(mut settings: Settings) -> Result<(), Failure> {
    let cache = cache::open(&settings.server)?;
    let welcome = Welcome::new(&mut settings);
    let origin = settings.master_keys().origin();
    let settings = Arc::new(settings);
    let held = Arc::new(Mutex::new(None));
    let serving = Serving {
        settings: settings.server.clone(),
        open: opener(settings, Arc::clone(&held)),
        cache,
        clock: Arc::new(SystemClock),
        on_started: Box::new(move |info| welcome.print(info)),
    };
    let served = rescind_server::run(serving).await;
    if let Some(opened) = held.lock().unwrap_or_else(PoisonError::into_inner).take() {
        opened.close();
    }
    served.map_err(|error| match error {
        ServeError::Listen(address, why) => Failure::Listen(address, why),
        ServeError::Start(error) => Failure::start(error, &origin),
        ServeError::Open(error) => match error.downcast() {
            Ok(failure) => *failure,
            Err(other) => Failure::Server(other.to_string()),
        },
        other => Failure::Server(other.to_string()),
    })
}

/// Opens the store, and keeps what is held with it until the server has ended.
fn opener(settings: Arc<Settings>, held: Arc<Mutex<Option<Opened>>>) -> Opener {
    Box::new(move || {
        let (settings, held) = (Arc::clone(&settings), Arc::clone(&held));
        Box::pin(async move {
            let remote = matches!(settings.server.database, Database::Postgres(_));
            let opened = open::for_server(&settings).await.map_err(|failure| match failure {
                Failure::Unavailable(why) | Failure::DiskFull(why) if remote => NotOpened::Later(why),
                other => NotOpened::Never(Box::new(other)),
            })?;
            let (store, master_keys) = (Arc::clone(&opened.store), Arc::clone(&opened.master_keys));
            held.lock().unwrap_or_else(PoisonError::into_inner).replace(opened);
            Ok(Foundation { store, master_keys, remote })
        })
    })
}

/// What the first start tells.
struct Welcome {
    email: String,
    /// The operator's password, where nobody knows it yet.
    password: Option<SecretString>,
}

impl Welcome {
    /// Makes up a password where none was given.
    fn new(settings: &mut Settings) -> Self {
        let generated = settings.server.admin_password.is_none().then(|| password::generate(&SystemEntropy));
        if let Some(generated) = &generated {
            settings.server.admin_password = Some(generated.clone());
        }
        Self { email: settings.server.admin_email.clone(), password: generated }
    }

    fn print(&self, info: &StartedInfo) {
        let lines = std::iter::once(format!("listening on http://{}", info.address))
            .chain(info.first.then(|| self.first_lines(info)).into_iter().flatten());
        for line in lines {
            // Nobody listening to the output is no reason not to serve.
            let _ = print(&line);
        }
    }

    /// The password is on one line of its own, and nowhere else: the command asks for it.
    fn first_lines(&self, info: &StartedInfo) -> Vec<String> {
        let mut lines = vec![format!("admin e-mail: {}", self.email)];
        if let Some(password) = &self.password {
            lines.push(format!("admin password: {}", password.expose_secret()));
            lines.push("(shown this once)".to_owned());
        }
        lines.push("next, sign in; this asks for the password:".to_owned());
        lines.push(format!("  {}", sign_in(&info.address.to_string(), &self.email)));
        lines
    }
}

/// A command for any POSIX shell.
fn sign_in(address: &str, email: &str) -> String {
    let email = serde_json::Value::from(email).to_string().replace('\'', r"'\''");
    format!(
        "printf 'password: '; read -r PASSWORD; curl -s http://{address}/api/v1/auth/login \
         -H 'Content-Type: application/json' -d '{{\"email\":{email},\"password\":\"'\"$PASSWORD\"'\"}}'"
    )
}

impl Args for SettingFlags {
    fn augment_args(command: clap::Command) -> clap::Command {
        command.next_help_heading("Settings").args(SETTINGS.iter().filter(is_own).flat_map(flags))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for name in SETTINGS.iter().filter(is_own).flat_map(flag_names) {
            if let Some(value) = matches.get_one::<String>(&name) {
                self.0.push((name, value.clone()));
            }
        }
        Ok(())
    }
}

/// `--data-dir` is a flag of every command.
fn is_own(setting: &&'static Setting) -> bool {
    setting.name != "RESCIND_DATA_DIR"
}

/// A secret is never an argument, which others on the machine could read: its file is. A URL may be either, since it may hold a
/// password.
fn flag_names(setting: &Setting) -> Vec<String> {
    let by_file = format!("{}-file", setting.flag());
    match setting.secrecy {
        Secrecy::Secret => vec![by_file],
        Secrecy::Url => vec![setting.flag(), by_file],
        Secrecy::Open => vec![setting.flag()],
    }
}

fn flags(setting: &'static Setting) -> Vec<Arg> {
    flag_names(setting).into_iter().map(|name| flag(setting, name)).collect()
}

fn flag(setting: &'static Setting, name: String) -> Arg {
    let value = if name == setting.flag() { "VALUE" } else { "FILE" };
    let meaning = setting.meaning.replace('`', "");
    let default = setting.default.text().replace('`', "");
    let help = match setting.secrecy {
        Secrecy::Url if name != setting.flag() => format!("The file that holds --{}", setting.flag()),
        _ => format!("{meaning} [default: {default}]"),
    };
    Arg::new(name.clone()).long(name).value_name(value).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_try_survives_the_shell_and_holds_no_password() {
        let line = sign_in("127.0.0.1:1", "o'neil\"x@localhost");
        assert!(line.contains(r#"{"email":"o'\''neil\"x@localhost","password":"'"$PASSWORD"'"}"#), "{line}");
    }

    #[test]
    fn no_secret_is_a_flag() {
        for setting in SETTINGS.iter().filter(|setting| setting.secrecy == Secrecy::Secret) {
            assert!(flag_names(setting).iter().all(|name| name.ends_with("-file")));
        }
    }
}
