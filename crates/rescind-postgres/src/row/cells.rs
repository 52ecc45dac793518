//! Reading a row's columns one after the other.

use std::str::FromStr;

use rescind::clock::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::error::{Outcome, corrupt};

/// A row, read from left to right: the list of columns stands beside its reader.
pub(crate) struct Cells<'r> {
    row: &'r Row,
    at: usize,
}

impl<'r> Cells<'r> {
    pub(crate) fn new(row: &'r Row) -> Self {
        Self::from(row, 0)
    }

    /// From this column on.
    pub(crate) fn from(row: &'r Row, at: usize) -> Self {
        Self { row, at }
    }

    pub(crate) fn take<T: FromSql<'r>>(&mut self) -> Outcome<T> {
        let at = self.at;
        self.at += 1;
        self.row.try_get(at).map_err(|error| corrupt(error.to_string()))
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> Outcome<[u8; N]> {
        fixed(self.take()?)
    }

    pub(crate) fn maybe_bytes<const N: usize>(&mut self) -> Outcome<Option<[u8; N]>> {
        self.take::<Option<&[u8]>>()?.map(fixed).transpose()
    }

    pub(crate) fn id<T>(&mut self, wrap: fn(Uuid) -> T) -> Outcome<T> {
        Ok(wrap(self.take()?))
    }

    pub(crate) fn maybe_id<T>(&mut self, wrap: fn(Uuid) -> T) -> Outcome<Option<T>> {
        Ok(self.take::<Option<Uuid>>()?.map(wrap))
    }

    pub(crate) fn time(&mut self) -> Outcome<Timestamp> {
        time(self.take()?)
    }

    pub(crate) fn maybe_time(&mut self) -> Outcome<Option<Timestamp>> {
        self.take::<Option<i64>>()?.map(time).transpose()
    }

    pub(crate) fn word<T: FromStr>(&mut self) -> Outcome<T> {
        parse(self.take()?)
    }

    pub(crate) fn maybe_word<T: FromStr>(&mut self) -> Outcome<Option<T>> {
        self.take::<Option<&str>>()?.map(parse).transpose()
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Outcome<[u8; N]> {
    bytes.try_into().map_err(|_| corrupt(format!("{} bytes where {N} belong", bytes.len())))
}

fn time(millis: i64) -> Outcome<Timestamp> {
    let time = Timestamp::from_millis(millis);
    if time.as_millis() == millis { Ok(time) } else { Err(corrupt(format!("{millis} is no point in time"))) }
}

fn parse<T: FromStr>(text: &str) -> Outcome<T> {
    text.parse().map_err(|_| corrupt(format!("a {} that is none", std::any::type_name::<T>())))
}
