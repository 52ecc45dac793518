//! `rescind backup`.

use std::path::PathBuf;

use clap::Args;
use rescind::store::StoreError;
use rescind_server::config::Database;
use serde_json::json;

use crate::failure::Failure;
use crate::master_key::MasterKeys;
use crate::open::{Kind, existing};
use crate::output::{Format, note};
use crate::settings::Settings;

/// Copy the database into a file, consistently, while a server may be running
#[derive(Args, Debug)]
pub(crate) struct Backup {
    /// The file to make; it must not be there
    file: PathBuf,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(args: Backup, settings: &Settings) -> Result<(), Failure> {
    if matches!(settings.server.database, Database::Postgres(_)) {
        return Err(Failure::OtherStore(
            "this copies an SQLite file; a PostgreSQL database is backed up with pg_dump or pg_basebackup",
        ));
    }
    let opened = existing(settings).await?;
    let Kind::Sqlite { store, .. } = &opened.kind else {
        return Err(Failure::OtherStore("this is no SQLite file"));
    };
    let place = args.file.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(place) = place {
        std::fs::metadata(place).map_err(Failure::file(place))?;
    }
    store.backup_to(args.file.clone()).await.map_err(|error| match error {
        StoreError::Taken(_) => Failure::Exists(args.file.clone()),
        other => other.into(),
    })?;
    let bytes = std::fs::metadata(&args.file).map_err(Failure::file(&args.file))?.len();
    let file = args.file.display().to_string();
    args.format.done(&json!({ "file": file, "bytes": bytes }), &format!("wrote {file} ({bytes} bytes)"))?;
    if let MasterKeys::Kept(place) = &*opened.master_keys {
        let path = place.master_key();
        note(&format!(
            "its keys open with {} only: keep a copy of that, and not beside the backup",
            path.display()
        ))?;
    }
    Ok(())
}
