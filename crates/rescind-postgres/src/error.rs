//! PostgreSQL's errors as the domain's. Inside this crate a [`Fault`] carries either, so that `?` works on both.

use deadpool_postgres::PoolError;
use rescind::store::StoreError;
use tokio_postgres::error::SqlState;

/// A [`StoreError`] that PostgreSQL's errors turn into, or the wish to be run again.
#[derive(Debug)]
pub(crate) enum Fault {
    /// What the caller is told.
    Store(StoreError),
    /// Somebody else did something at the same moment: nothing was kept, and the whole transaction is to be run again.
    Again,
}

pub(crate) type Outcome<T> = Result<T, Fault>;

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            // Two transactions waited for each other, or one saw what the other changed.
            Some(&SqlState::T_R_DEADLOCK_DETECTED | &SqlState::T_R_SERIALIZATION_FAILURE) => Self::Again,
            _ => Self::Store(translate(&error)),
        }
    }
}

impl From<PoolError> for Fault {
    fn from(error: PoolError) -> Self {
        Self::Store(match error {
            PoolError::Backend(error) => translate(&error),
            other => StoreError::Unavailable(other.to_string()),
        })
    }
}

/// A row that does not make sense.
pub(crate) fn corrupt(what: impl Into<String>) -> Fault {
    Fault::Store(StoreError::Corrupt(what.into()))
}

/// Turns "no such row" into `None`; every other error stays one.
pub(crate) fn optional<T>(outcome: Outcome<T>) -> Outcome<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(Fault::Store(StoreError::NotFound)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Whether a uniqueness constraint or index of this name was violated.
pub(crate) fn violates_unique(error: &tokio_postgres::Error, constraint: &str) -> bool {
    error.as_db_error().is_some_and(|error| {
        *error.code() == SqlState::UNIQUE_VIOLATION && error.constraint() == Some(constraint)
    })
}

pub(crate) fn translate(error: &tokio_postgres::Error) -> StoreError {
    let Some(db) = error.as_db_error() else {
        // Either the connection broke, or a value did not fit the type of its column.
        return if error.is_closed()
            || std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
        {
            StoreError::Unavailable(chain(error))
        } else if is_conversion(error) {
            StoreError::Corrupt(chain(error))
        } else {
            StoreError::Unavailable(chain(error))
        };
    };
    let text = format!("{} ({})", db.message(), db.code().code());
    if takes_no_writes(db.code()) {
        return StoreError::TakesNoWrites(text);
    }
    // Somebody asked for a text with a NUL in it, which PostgreSQL's texts cannot hold: nothing is called that.
    if *db.code() == SqlState::CHARACTER_NOT_IN_REPERTOIRE {
        return StoreError::NotFound;
    }
    match db.code().code().get(..2) {
        // 23: integrity; 22: a value that cannot be; 42: a statement that does not fit the schema.
        Some("23") => StoreError::Conflict,
        Some("22" | "XX") => StoreError::Corrupt(text),
        Some("42") if *db.code() != SqlState::INSUFFICIENT_PRIVILEGE => StoreError::Corrupt(text),
        // Among them: too many connections, out of memory, starting up, shutting down, cancelled.
        _ => StoreError::Unavailable(text),
    }
}

/// The disk is full, or somebody has made the server read-only.
fn takes_no_writes(code: &SqlState) -> bool {
    [SqlState::DISK_FULL, SqlState::READ_ONLY_SQL_TRANSACTION].contains(code)
}

fn is_conversion(error: &tokio_postgres::Error) -> bool {
    let text = error.to_string();
    text.starts_with("error deserializing") || text.starts_with("error serializing")
}

fn chain(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
