//! `rescind migrate`.

use clap::Args;
use rescind::store::StoreError;
use rescind_sqlite::{LATEST, schema_version};
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

pub(crate) fn run(args: &Migrate, settings: &Settings) -> Result<(), Failure> {
    let place = settings.place();
    let (from, to) = if args.dry_run { (found(&place)?, LATEST) } else { migrate(&place)? };
    let done = json!({ "dry_run": args.dry_run, "from": from, "to": to });
    let sentence = match (from == to, args.dry_run) {
        (true, _) => format!("the schema is up to date: version {to}"),
        (false, true) => format!("would bring the schema from version {from} to {to}"),
        (false, false) => format!("brought the schema from version {from} to {to}"),
    };
    args.format.done(&done, &sentence)
}

fn migrate(place: &DataDir) -> Result<(u32, u32), Failure> {
    place.create()?;
    let _lock = place.share()?;
    let done = rescind_sqlite::migrate(place.database())?;
    Ok((done.from, done.to))
}

/// The version that is there: 0 where there is nothing.
fn found(place: &DataDir) -> Result<u32, Failure> {
    match schema_version(place.database()) {
        Ok(found) if found > LATEST => Err(Failure::SchemaTooNew { found, known: LATEST }),
        Ok(found) => Ok(found),
        Err(StoreError::NotFound) => Ok(0),
        Err(other) => Err(other.into()),
    }
}
