//! `rescind migrate --from sqlite:… --to postgres://…`.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use rescind::transfer::{Row, TABLES, Table};
use rescind_postgres::Import;
use rescind_sqlite::Export;
use serde_json::json;

use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::output::{Format, note};

/// How many rows are moved, and compared, at a time.
const PAGE: usize = 5_000;

/// What is moved, and where to.
pub(crate) struct Transfer<'a> {
    /// The file.
    pub(crate) from: PathBuf,
    /// The URL of the database.
    pub(crate) to: &'a str,
    /// Only count.
    pub(crate) dry_run: bool,
    pub(crate) format: &'a Format,
}

/// Copies every row, compares every row, and only then keeps them. A second run finds that everything is there.
pub(crate) async fn run(transfer: Transfer<'_>, data_dir: &Path) -> Result<(), Failure> {
    let place = DataDir::new(data_dir, &transfer.from);
    // A server that went on writing to the file would be left behind.
    let _lock = place.exclude_others()?;
    let export = Export::open(&transfer.from)?;
    let mut total = 0;
    for table in TABLES {
        total += export.count(table)?;
    }
    if transfer.dry_run {
        let done = json!({ "dry_run": true, "rows": total });
        return transfer.format.done(&done, &format!("would move {total} rows"));
    }
    let import = Import::begin(transfer.to).await?;
    let moved = import.is_empty().await?;
    if moved {
        import.clear().await?;
        copy(&export, &import, &bar("moving", total)).await?;
    }
    verify(&export, &import, &bar("comparing", total), moved).await?;
    if moved {
        import.finish().await?;
    }
    let done = json!({ "dry_run": false, "rows": total, "moved": moved });
    let sentence = match moved {
        true => format!("moved {total} rows, and compared every one"),
        false => format!("all {total} rows were there already, and are the same"),
    };
    transfer.format.done(&done, &sentence)?;
    let key = place.master_key();
    if key.exists() {
        note(&format!(
            "every node needs the master key: RESCIND_MASTER_KEY_FILE={}, or a copy of it",
            key.display()
        ))?;
    }
    Ok(())
}

async fn copy(export: &Export, import: &Import, bar: &ProgressBar) -> Result<(), Failure> {
    for table in TABLES {
        let mut last: Option<Row> = None;
        loop {
            let rows = export.rows(table, last.as_ref(), PAGE)?;
            import.copy(table, &rows).await?;
            bar.inc(rows.len() as u64);
            match rows.into_iter().next_back() {
                Some(row) => last = Some(row),
                None => break,
            }
        }
    }
    bar.finish_and_clear();
    Ok(())
}

async fn verify(export: &Export, import: &Import, bar: &ProgressBar, moved: bool) -> Result<(), Failure> {
    for table in TABLES {
        let mut last: Option<Row> = None;
        loop {
            let ours = export.rows(table, last.as_ref(), PAGE)?;
            let theirs = import.rows(table, last.as_ref(), PAGE).await?;
            if ours != theirs {
                return Err(differs(table, moved));
            }
            bar.inc(ours.len() as u64);
            match ours.into_iter().next_back() {
                Some(row) => last = Some(row),
                None => break,
            }
        }
    }
    bar.finish_and_clear();
    Ok(())
}

fn differs(table: &Table, moved: bool) -> Failure {
    if moved {
        return Failure::Corrupt(format!(
            "{} is not the same after it was moved; nothing was kept",
            table.name
        ));
    }
    Failure::OtherStore(
        "there is another authority in that database, or this one went on there: nothing was changed",
    )
}

/// Only on a terminal.
fn bar(what: &'static str, rows: u64) -> ProgressBar {
    let bar = ProgressBar::new(rows).with_message(what);
    let style = ProgressStyle::with_template("{msg} {human_pos} of {human_len} rows {wide_bar} {eta}");
    style.into_iter().fold(bar, ProgressBar::with_style)
}
