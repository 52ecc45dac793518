//! `rescind migrate`.

use std::path::PathBuf;

use clap::Args;
use rescind::store::StoreError;
use rescind_server::config::Database;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::commands::transfer::{self, Transfer};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::output::Format;
use crate::settings::Settings;

/// Bring the database's schema up to date, which a starting server does by itself; or move everything to PostgreSQL
#[derive(Args, Debug)]
pub(crate) struct Migrate {
    /// Move from this SQLite file; the one of the settings, if none is named. No server may be using it
    #[arg(long, value_name = "sqlite:FILE", requires = "target")]
    from: Option<String>,
    /// Move to this PostgreSQL database, which must be empty: postgres://user@host/database
    #[arg(long, value_name = "URL", group = "target")]
    to: Option<String>,
    /// The file that holds the URL to move to, which may have a password
    #[arg(long, value_name = "FILE", group = "target")]
    to_file: Option<PathBuf>,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(args: &Migrate, settings: &Settings) -> Result<(), Failure> {
    if let Some(to) = target(args)? {
        let from = source(args, settings)?;
        let transfer = Transfer { from, to: to.expose_secret(), dry_run: args.dry_run, format: &args.format };
        return transfer::run(transfer, &settings.server.data_dir).await;
    }
    let (from, to) = match &settings.server.database {
        Database::Sqlite(_) if args.dry_run => (found(&settings.place())?, rescind_sqlite::LATEST),
        Database::Sqlite(_) => file(&settings.place())?,
        Database::Postgres(url) => server(url, args.dry_run).await?,
    };
    let done = json!({ "dry_run": args.dry_run, "from": from, "to": to });
    let sentence = match (from == to, args.dry_run) {
        (true, _) => format!("the schema is up to date: version {to}"),
        (false, true) => format!("would bring the schema from version {from} to {to}"),
        (false, false) => format!("brought the schema from version {from} to {to}"),
    };
    args.format.done(&done, &sentence)
}

fn target(args: &Migrate) -> Result<Option<SecretString>, Failure> {
    match (&args.to, &args.to_file) {
        (Some(url), _) => Ok(Some(url.as_str().into())),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path).map_err(Failure::file(path))?;
            Ok(Some(text.trim_end().into()))
        }
        (None, None) => Ok(None),
    }
}

fn source(args: &Migrate, settings: &Settings) -> Result<PathBuf, Failure> {
    match (&args.from, &settings.server.database) {
        (Some(from), _) => match from.strip_prefix("sqlite:") {
            Some(path) => Ok(path.strip_prefix("//").unwrap_or(path).into()),
            None => Err(Failure::Usage("--from is sqlite: and a path".to_owned())),
        },
        (None, Database::Sqlite(path)) => Ok(path.clone()),
        (None, Database::Postgres(_)) => {
            Err(Failure::Usage("say with --from which SQLite file is to be moved".to_owned()))
        }
    }
}

fn file(place: &DataDir) -> Result<(u32, u32), Failure> {
    place.create()?;
    let _lock = place.share()?;
    let done = rescind_sqlite::migrate(place.database())?;
    Ok((done.from, done.to))
}

/// The version of a file: 0 where there is none.
fn found(place: &DataDir) -> Result<u32, Failure> {
    match rescind_sqlite::schema_version(place.database()) {
        Ok(found) => not_newer(found, rescind_sqlite::LATEST),
        Err(StoreError::NotFound) => Ok(0),
        Err(other) => Err(other.into()),
    }
}

async fn server(url: &SecretString, dry_run: bool) -> Result<(u32, u32), Failure> {
    let url = url.expose_secret();
    if dry_run {
        let found = rescind_postgres::schema_version(url).await?;
        return Ok((not_newer(found, rescind_postgres::LATEST)?, rescind_postgres::LATEST));
    }
    let done = rescind_postgres::migrate(url).await?;
    Ok((done.from, done.to))
}

fn not_newer(found: u32, known: u32) -> Result<u32, Failure> {
    if found > known { Err(Failure::SchemaTooNew { found, known }) } else { Ok(found) }
}
