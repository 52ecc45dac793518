//! One connection, for as long as one call needs it.

use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::Object;
use futures_util::join;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row, Statement};

use crate::error::Outcome;

/// What a statement is given.
pub(crate) type Params<'p> = [&'p (dyn ToSql + Sync)];

/// A connection of the pool. It goes back when it is [released](Self::release), and is closed otherwise: whoever gives up on a
/// call, or is given up on, leaves nobody a connection in the middle of something.
pub(crate) struct Conn {
    object: Option<Object>,
    released: AtomicBool,
    /// It was left in a mode that others must not meet.
    spoiled: AtomicBool,
}

impl Conn {
    pub(crate) fn new(object: Object) -> Self {
        Self { object: Some(object), released: AtomicBool::new(false), spoiled: AtomicBool::new(false) }
    }

    /// It is in order, and nothing is under way on it.
    pub(crate) fn release(&self) {
        self.released.store(true, Ordering::Relaxed);
    }

    /// It is in order if the last thing that it was sent was answered, be it with a refusal: whatever the server refuses, a
    /// `COMMIT` or a statement by itself leaves no transaction open.
    pub(crate) fn release_after<T>(&self, last: &Result<T, Error>) {
        if last.as_ref().map_or_else(|error| error.as_db_error().is_some(), |_| true) {
            self.release();
        }
    }

    /// The statement, prepared once for each connection.
    pub(crate) async fn prepare(&self, sql: &str) -> Result<Statement, Error> {
        #[cfg(test)]
        crate::plans::note(sql);
        self.client().prepare_cached(sql).await
    }

    /// Sends a prepared statement as soon as it is polled: several that are polled together are on their way together, in
    /// that order.
    pub(crate) async fn query(&self, statement: &Statement, params: &Params<'_>) -> Result<Vec<Row>, Error> {
        self.client().query(statement, params).await
    }

    pub(crate) async fn execute(&self, sql: &str, params: &Params<'_>) -> Result<u64, Error> {
        let statement = self.prepare(sql).await?;
        self.client().execute(&statement, params).await
    }

    pub(crate) async fn rows(&self, sql: &str, params: &Params<'_>) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(sql).await?;
        self.query(&statement, params).await
    }

    /// The same, planned for these very values: what a list is searched by may be a thousandth of the rows or half of them, and a plan for the
    /// average of both walks through everything where there is nothing.
    pub(crate) async fn rows_by_values(&self, sql: &str, params: &Params<'_>) -> Result<Vec<Row>, Error> {
        #[cfg(test)]
        crate::plans::note(sql);
        let statement = self.client().prepare(sql).await?;
        // On their way together, in this order. Where one is given up, the connection is closed and goes to nobody else.
        let (set, rows, set_back) = join!(
            self.batch("SET plan_cache_mode = force_custom_plan"),
            self.query(&statement, params),
            self.batch("SET plan_cache_mode = force_generic_plan"),
        );
        if set_back.is_err() {
            self.spoiled.store(true, Ordering::Relaxed);
        }
        let rows = rows?;
        set.and(set_back)?;
        Ok(rows)
    }

    /// The first row, if there is one.
    pub(crate) async fn row(&self, sql: &str, params: &Params<'_>) -> Result<Option<Row>, Error> {
        Ok(self.rows(sql, params).await?.into_iter().next())
    }

    pub(crate) async fn exists(&self, sql: &str, params: &Params<'_>) -> Outcome<bool> {
        Ok(self.row(sql, params).await?.is_some())
    }

    /// Several statements without parameters.
    pub(crate) async fn batch(&self, sql: &str) -> Result<(), Error> {
        self.client().batch_execute(sql).await
    }

    fn client(&self) -> &Object {
        // It is taken by drop alone.
        self.object.as_ref().unwrap_or_else(|| unreachable!("a connection that was dropped"))
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        let in_order = *self.released.get_mut() && !*self.spoiled.get_mut();
        if !in_order && let Some(object) = self.object.take() {
            drop(Object::take(object));
        }
    }
}
