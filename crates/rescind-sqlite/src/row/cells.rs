//! Reading a row's columns one after the other.

use std::str::FromStr;

use rescind::clock::Timestamp;
use rusqlite::Row;
use rusqlite::types::FromSql;
use uuid::Uuid;

use crate::error::{Outcome, corrupt};

/// A row, read from left to right. Faster than by name, and the list of columns stands beside its reader.
pub(crate) struct Cells<'r, 's> {
    row: &'r Row<'s>,
    at: usize,
}

impl<'r, 's> Cells<'r, 's> {
    pub(crate) fn new(row: &'r Row<'s>) -> Self {
        Self { row, at: 0 }
    }

    pub(crate) fn take<T: FromSql>(&mut self) -> Outcome<T> {
        let at = self.at;
        self.at += 1;
        Ok(self.row.get(at)?)
    }

    pub(crate) fn id<T>(&mut self, wrap: fn(Uuid) -> T) -> Outcome<T> {
        Ok(wrap(Uuid::from_bytes(self.take()?)))
    }

    pub(crate) fn maybe_id<T>(&mut self, wrap: fn(Uuid) -> T) -> Outcome<Option<T>> {
        Ok(self.take::<Option<[u8; 16]>>()?.map(|bytes| wrap(Uuid::from_bytes(bytes))))
    }

    pub(crate) fn time(&mut self) -> Outcome<Timestamp> {
        let millis: i64 = self.take()?;
        time(millis)
    }

    pub(crate) fn maybe_time(&mut self) -> Outcome<Option<Timestamp>> {
        self.take::<Option<i64>>()?.map(time).transpose()
    }

    pub(crate) fn flag(&mut self) -> Outcome<bool> {
        match self.take::<i64>()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(corrupt(format!("{other} is neither true nor false"))),
        }
    }

    pub(crate) fn word<T: FromStr>(&mut self) -> Outcome<T> {
        parse(self.take::<String>()?.as_str())
    }

    pub(crate) fn maybe_word<T: FromStr>(&mut self) -> Outcome<Option<T>> {
        self.take::<Option<String>>()?.as_deref().map(parse).transpose()
    }
}

/// An id as it is kept.
pub(crate) fn bytes(id: Uuid) -> [u8; 16] {
    *id.as_bytes()
}

/// An id that may be missing, as it is kept.
pub(crate) fn bytes_of<T>(id: Option<T>, unwrap: fn(T) -> Uuid) -> Option<[u8; 16]> {
    id.map(|id| bytes(unwrap(id)))
}

fn time(millis: i64) -> Outcome<Timestamp> {
    let time = Timestamp::from_millis(millis);
    if time.as_millis() == millis { Ok(time) } else { Err(corrupt(format!("{millis} is no point in time"))) }
}

fn parse<T: FromStr>(text: &str) -> Outcome<T> {
    text.parse().map_err(|_| corrupt(format!("a {} that is none", std::any::type_name::<T>())))
}
