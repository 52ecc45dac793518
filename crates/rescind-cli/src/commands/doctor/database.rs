//! The database file: there, ours, whole, of this program's version.

use std::cmp::Ordering;
use std::path::Path;

use rescind::store::StoreError;
use rescind_sqlite::{LATEST, schema_version};
use rusqlite::{Connection, OpenFlags};

use super::Finding;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::master_key::readable_by_others;

pub(super) fn check(path: &Path, place: &DataDir) -> Vec<Finding> {
    match schema_version(path) {
        Err(StoreError::NotFound) => {
            vec![Finding::failure("database", &Failure::NotStarted(place.path().to_owned()))]
        }
        Err(error) => vec![Finding::failure("database", &error.into())],
        Ok(found) => vec![check_schema(found, LATEST), check_mode(path), check_integrity(path)],
    }
}

/// What is said of a schema's version.
pub(super) fn check_schema(found: u32, needed: u32) -> Finding {
    match found.cmp(&needed) {
        Ordering::Equal => Finding::ok("schema", format!("version {needed}, as this program needs")),
        Ordering::Less => Finding::failure("schema", &Failure::SchemaOld { found, needed }),
        Ordering::Greater => Finding::failure("schema", &Failure::SchemaTooNew { found, known: needed }),
    }
}

fn check_mode(path: &Path) -> Finding {
    let shown = path.display();
    match readable_by_others(path) {
        None => Finding::ok("database", format!("{shown} can be read by its owner only")),
        Some(mode) => Finding::warning(
            "database",
            format!("others may read {shown} (mode {mode:o})"),
            format!("chmod 600 {shown}"),
        ),
    }
}

fn check_integrity(path: &Path) -> Finding {
    let mend = "restore a backup (`rescind restore`), and have the disk checked";
    match faults(path) {
        Ok(faults) if faults.is_empty() => {
            Finding::ok("integrity", "every page and every reference is in order")
        }
        Ok(faults) => Finding::wrong("integrity", faults.join("; "), mend),
        Err(error) => Finding::wrong("integrity", error.to_string(), mend),
    }
}

/// At most ten of them; one is enough to act.
fn faults(path: &Path) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    let mut faults = Vec::new();
    let mut pages = connection.prepare("PRAGMA integrity_check(10)")?;
    for verdict in pages.query_map((), |row| row.get::<_, String>(0))? {
        let verdict = verdict?;
        if verdict != "ok" {
            faults.push(verdict);
        }
    }
    let mut references = connection.prepare("PRAGMA foreign_key_check")?;
    for table in references.query_map((), |row| row.get::<_, String>(0))?.take(10) {
        faults.push(format!("a row of {} refers to one that is gone", table?));
    }
    Ok(faults)
}
