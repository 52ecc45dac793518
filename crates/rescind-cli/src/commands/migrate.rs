//! `rescind migrate`.

use clap::Args;
use rescind::store::StoreError;
use rescind_server::config::Database;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::output::Format;
use crate::settings::Settings;

/// Bring the database's schema up to date; a starting server does this by itself
#[derive(Args, Debug)]
pub(crate) struct Migrate {
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(args: &Migrate, settings: &Settings) -> Result<(), Failure> {
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
