//! The command line.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};
use rescind_server::config::LogFormat;
use rescind_server::telemetry::trace::Exporter;

use crate::commands::backup::{self, Backup};
use crate::commands::clients::{self, Clients};
use crate::commands::completions::{self, Completions};
use crate::commands::config::{self, Config};
use crate::commands::doctor::{self, Doctor};
use crate::commands::healthcheck::{self, Healthcheck};
use crate::commands::keys::{self, Keys};
use crate::commands::man::{self, Man};
use crate::commands::migrate::{self, Migrate};
use crate::commands::openapi;
use crate::commands::purge::{self, Purge};
use crate::commands::restore::{self, Restore};
use crate::commands::revocations::{self, Revocations};
use crate::commands::revoke::{self, Revoke};
use crate::commands::serve::{self, Serve};
use crate::commands::sessions::{self, Sessions};
use crate::commands::tenants::{self, Tenants};
use crate::commands::token::{self, Token};
use crate::commands::users::{self, Users};
use crate::failure::Failure;
use crate::settings::Settings;

/// Rescind issues JWTs, keeps the sessions behind them, and takes them back.
///
/// `rescind serve` starts the authority from nothing. Every other command works on the same data directory, while a server
/// runs or not.
#[derive(Parser, Debug)]
#[command(name = "rescind", version, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args, Debug)]
struct Global {
    /// The settings file [default: ./rescind.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Holds the SQLite file and the master key [default: ./rescind-data]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// Say more on standard error; twice, even more
    #[arg(long, short, global = true, action = ArgAction::Count)]
    verbose: u8,
}

#[derive(Subcommand, Debug)]
enum Command {
    Serve(Serve),
    Migrate(Migrate),
    Doctor(Doctor),
    Healthcheck(Healthcheck),
    #[command(subcommand)]
    Users(Users),
    #[command(subcommand)]
    Tenants(Tenants),
    #[command(subcommand)]
    Clients(Clients),
    #[command(subcommand)]
    Sessions(Sessions),
    Revoke(Revoke),
    #[command(subcommand)]
    Revocations(Revocations),
    #[command(subcommand)]
    Keys(Keys),
    Purge(Purge),
    Backup(Backup),
    Restore(Restore),
    #[command(subcommand)]
    Token(Token),
    Config(Config),
    Completions(Completions),
    Man(Man),
    /// Print the OpenAPI document of the HTTP API
    Openapi,
}

impl Cli {
    /// Does what was asked for.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Self { global, command } = self;
        match command {
            Command::Completions(args) => completions::run(&args),
            Command::Man(args) => man::run(&args),
            Command::Openapi => openapi::run(),
            Command::Healthcheck(args) => healthcheck::run(&args, &global.settings(Vec::new())?),
            Command::Config(args) if args.reference => config::print_reference(),
            Command::Serve(args) => {
                let settings = global.settings(args.flags.0)?;
                let filter = if global.verbose > 0 { "debug" } else { settings.server.log.as_str() };
                let traces = start_traces(&settings)?;
                start_log(filter, settings.server.log_format, traces.as_ref())?;
                let served =
                    runtime(tokio::runtime::Builder::new_multi_thread())?.block_on(serve::run(settings));
                if let Some(traces) = traces {
                    traces.stop();
                }
                served
            }
            Command::Doctor(args) => {
                let settings = global.settings(Vec::new());
                start_log("off", None, None)?;
                on_this_thread(doctor::run(&args, settings))
            }
            other => {
                let settings = global.settings(Vec::new())?;
                global.start_log(&settings)?;
                on_this_thread(administer(other, &settings))
            }
        }
    }
}

async fn administer(command: Command, settings: &Settings) -> Result<(), Failure> {
    match command {
        Command::Migrate(args) => migrate::run(&args, settings).await,
        Command::Users(args) => users::run(args, settings).await,
        Command::Tenants(args) => tenants::run(args, settings).await,
        Command::Clients(args) => clients::run(args, settings).await,
        Command::Sessions(args) => sessions::run(args, settings).await,
        Command::Revoke(args) => revoke::run(args, settings).await,
        Command::Revocations(args) => revocations::run(args, settings).await,
        Command::Keys(args) => keys::run(args, settings).await,
        Command::Purge(args) => purge::run(args, settings).await,
        Command::Backup(args) => backup::run(args, settings).await,
        Command::Restore(args) => restore::run(args, settings).await,
        Command::Token(args) => token::run(args, settings).await,
        Command::Config(args) => config::run(&args, settings),
        Command::Serve(_)
        | Command::Doctor(_)
        | Command::Healthcheck(_)
        | Command::Completions(_)
        | Command::Man(_)
        | Command::Openapi => Ok(()),
    }
}

impl Global {
    fn settings(&self, mut flags: Vec<(String, String)>) -> Result<Settings, Failure> {
        if let Some(directory) = &self.data_dir {
            flags.push(("data-dir".to_owned(), directory.clone()));
        }
        Settings::load(self.config.as_deref(), flags)
    }

    /// A command for people says little, and not in JSON, unless asked to.
    fn start_log(&self, settings: &Settings) -> Result<(), Failure> {
        let filter = match self.verbose {
            0 if settings.log_is_given() => settings.server.log.as_str(),
            0 => "warn",
            1 => "info",
            _ => "debug",
        };
        start_log(filter, settings.server.log_format.or(Some(LogFormat::Text)), None)
    }
}

fn start_traces(settings: &Settings) -> Result<Option<Exporter>, Failure> {
    let start = |endpoint| Exporter::start(endpoint).map_err(|error| Failure::Setting(error.to_string()));
    settings.server.otlp.as_ref().map(start).transpose()
}

fn start_log(filter: &str, format: Option<LogFormat>, traces: Option<&Exporter>) -> Result<(), Failure> {
    rescind_server::telemetry::log::init(filter, format, traces)
        .map_err(|error| Failure::Setting(format!("RESCIND_LOG: {error}")))
}

fn on_this_thread(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    runtime(tokio::runtime::Builder::new_current_thread())?.block_on(work)
}

fn runtime(mut builder: tokio::runtime::Builder) -> Result<tokio::runtime::Runtime, Failure> {
    builder.enable_all().build().map_err(|error| Failure::Server(error.to_string()))
}
