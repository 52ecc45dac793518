//! SQLite's errors as the domain's. Inside this crate a [`Fault`] carries either, so that `?` works on both.

use rescind::store::StoreError;
use rusqlite::ErrorCode;

/// A [`StoreError`] that SQLite's errors turn into.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) StoreError);

pub(crate) type Outcome<T> = Result<T, Fault>;

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self(translate(&error))
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self(StoreError::Unavailable(error.to_string()))
    }
}

/// A row that does not make sense.
pub(crate) fn corrupt(what: impl Into<String>) -> Fault {
    Fault(StoreError::Corrupt(what.into()))
}

/// Turns "no such row" into `None`; every other error stays one.
pub(crate) fn optional<T>(outcome: Outcome<T>) -> Outcome<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(Fault(StoreError::NotFound)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Whether a uniqueness constraint that names `column` was violated.
pub(crate) fn violates_unique(error: &rusqlite::Error, column: &str) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(code, Some(message)) => {
            code.code == ErrorCode::ConstraintViolation
                && message.starts_with("UNIQUE")
                && message.contains(column)
        }
        _ => false,
    }
}

fn translate(error: &rusqlite::Error) -> StoreError {
    use rusqlite::Error as E;
    match error {
        E::QueryReturnedNoRows => StoreError::NotFound,
        E::SqliteFailure(code, message) => failure(code, message.as_deref().unwrap_or(&code.to_string())),
        E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::InvalidColumnType(..)
        | E::Utf8Error(..) => StoreError::Corrupt(error.to_string()),
        // What is left is a statement that does not fit the schema: somebody changed the schema.
        _ => StoreError::Corrupt(error.to_string()),
    }
}

/// I/O errors that come of writing.
const WRITING: [i32; 5] = [
    rusqlite::ffi::SQLITE_IOERR_WRITE,
    rusqlite::ffi::SQLITE_IOERR_FSYNC,
    rusqlite::ffi::SQLITE_IOERR_DIR_FSYNC,
    rusqlite::ffi::SQLITE_IOERR_TRUNCATE,
    rusqlite::ffi::SQLITE_IOERR_SHMSIZE,
];

fn failure(error: &rusqlite::ffi::Error, text: &str) -> StoreError {
    let text = text.to_owned();
    match error.code {
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt(text),
        ErrorCode::ConstraintViolation => StoreError::Conflict,
        ErrorCode::DiskFull | ErrorCode::ReadOnly => StoreError::TakesNoWrites(text),
        _ if WRITING.contains(&error.extended_code) => StoreError::TakesNoWrites(text),
        // Among them: busy, cannot open, other I/O errors, out of memory.
        _ => StoreError::Unavailable(text),
    }
}
