//! Taking over what another store kept, row by row, in one transaction.

use std::pin::pin;

use rescind::store::StoreError;
use rescind::transfer::{Cell, Kind, Row, TABLES, Table};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Row as SqlRow};

use crate::OpenError;
use crate::connect::Address;
use crate::error::Outcome;
use crate::row::Cells;
use crate::tx::told;

/// A database that is being filled. Dropped before [`Import::finish`] it is left as it was.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rescind::transfer::{Row, TABLES};
/// use rescind_postgres::Import;
///
/// # let rows: Vec<Vec<Row>> = Vec::new();
/// let import = Import::begin("postgres://rescind:secret@db.example/rescind").await?;
/// import.clear().await?;
/// for (table, rows) in TABLES.iter().zip(rows) {
///     import.copy(table, &rows).await?;
/// }
/// // All of it, or nothing.
/// import.finish().await?;
/// # Ok(())
/// # }
/// ```
pub struct Import {
    client: Client,
}

impl std::fmt::Debug for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import").finish_non_exhaustive()
    }
}

impl Import {
    /// Brings a database's schema up to date, and begins. Nobody else writes to it until this ends: a node that starts meanwhile
    /// waits.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rescind_postgres::Import;
    ///
    /// // Nobody listens there, which may pass.
    /// let away = Import::begin("postgres://rescind@127.0.0.1:1/rescind").await.unwrap_err();
    /// assert!(away.may_pass());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`crate::PostgresStore::open`].
    pub async fn begin(url: &str) -> Result<Self, OpenError> {
        crate::migrate(url).await?;
        let address = Address::parse(url)?;
        let connected = address.config.connect(address.tls.clone()).await;
        let (client, connection) = connected.map_err(|error| OpenError::connecting(&error))?;
        tokio::spawn(connection);
        let names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
        let begin = format!(
            "BEGIN;
             SET LOCAL statement_timeout = 0;
             SET LOCAL idle_in_transaction_session_timeout = 0;
             LOCK TABLE {} IN EXCLUSIVE MODE",
            names.join(", ")
        );
        let begun: Outcome<()> = client.batch_execute(&begin).await.map_err(Into::into);
        begun.map_err(told)?;
        Ok(Self { client })
    }

    /// Whether there is no authority in it yet.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let import = rescind_postgres::Import::begin("postgres://rescind:secret@db.example/rescind").await?;
    /// assert!(import.is_empty().await?, "an authority is not written over");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        let asked = async {
            let row = self.client.query_one("SELECT NOT EXISTS (SELECT 1 FROM tenants)", &[]).await?;
            Ok(row.get(0))
        };
        asked.await.map_err(told)
    }

    /// Makes room: an empty database has a head already.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let import = rescind_postgres::Import::begin("postgres://rescind:secret@db.example/rescind").await?;
    /// use rescind::transfer::TABLES;
    ///
    /// import.clear().await?;
    /// assert!(import.rows(&TABLES[0], None, 1).await?.is_empty(), "no head");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn clear(&self) -> Result<(), StoreError> {
        let cleared: Outcome<()> = self.client.batch_execute("DELETE FROM head").await.map_err(Into::into);
        cleared.map_err(told)
    }

    /// Writes rows as they are.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let import = rescind_postgres::Import::begin("postgres://rescind:secret@db.example/rescind").await?;
    /// use rescind::transfer::{Cell, TABLES};
    ///
    /// let batches = &TABLES[1];
    /// let row = vec![Cell::Int(1), Cell::Bytes(vec![0xa7; 16]), Cell::Int(1_767_323_045_000)];
    /// import.copy(batches, std::slice::from_ref(&row)).await?;
    /// assert_eq!(import.rows(batches, None, 10).await?, [row]);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn copy(&self, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
        self.write(table, rows).await.map_err(told)
    }

    /// Rows of a table in the order of its key, after one of them.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let import = rescind_postgres::Import::begin("postgres://rescind:secret@db.example/rescind").await?;
    /// use rescind::transfer::TABLES;
    ///
    /// // A page at a time, each from where the last one ended.
    /// let mut after = None;
    /// while let Some(last) = import.rows(&TABLES[2], after.as_ref(), 500).await?.pop() {
    ///     after = Some(last);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn rows(
        &self,
        table: &Table,
        after: Option<&Row>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.read(table, after, limit).await.map_err(told)
    }

    /// Goes on counting where the rows end, and keeps everything.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let import = rescind_postgres::Import::begin("postgres://rescind:secret@db.example/rescind").await?;
    /// # let is_as_it_was = true;
    /// // Where something is wrong, nothing is kept.
    /// if is_as_it_was { import.finish().await? } else { drop(import) }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn finish(self) -> Result<(), StoreError> {
        let counters: String = [("floor_raises", "id"), ("keys", "row"), ("audit", "row")]
            .iter()
            .map(|(table, column)| {
                format!(
                    "SELECT setval(pg_get_serial_sequence('{table}', '{column}'),
                                   coalesce((SELECT max({column}) FROM {table}), 0) + 1, false);"
                )
            })
            .collect();
        let done: Outcome<()> =
            self.client.batch_execute(&format!("{counters} COMMIT")).await.map_err(Into::into);
        done.map_err(told)?;
        // What is known of the tables decides how they are read.
        let analyzed: Outcome<()> = self.client.batch_execute("ANALYZE").await.map_err(Into::into);
        analyzed.map_err(told)
    }

    async fn write(&self, table: &Table, rows: &[Row]) -> Outcome<()> {
        let sql = format!("COPY {} ({}) FROM STDIN BINARY", table.name, table.names());
        let sink = self.client.copy_in(&sql).await?;
        let types: Vec<Type> = table.columns.iter().map(|column| sql_type(column.kind)).collect();
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        for row in rows {
            let cells: Vec<SqlCell<'_>> = row.iter().map(SqlCell).collect();
            let values: Vec<&(dyn ToSql + Sync)> = cells.iter().map(|cell| cell as _).collect();
            writer.as_mut().write(&values).await?;
        }
        writer.finish().await?;
        Ok(())
    }

    async fn read(&self, table: &Table, after: Option<&Row>, limit: usize) -> Outcome<Vec<Row>> {
        let key = table.key_names();
        let places: Vec<String> = (1..=table.key).map(|at| format!("${at}")).collect();
        let condition = after.map(|_| format!("WHERE ({key}) > ({})", places.join(", "))).unwrap_or_default();
        let sql =
            format!("SELECT {} FROM {} {condition} ORDER BY {key} LIMIT {limit}", table.names(), table.name);
        let cells: Vec<SqlCell<'_>> =
            after.map(|row| row[..table.key].iter().map(SqlCell).collect()).unwrap_or_default();
        let params: Vec<&(dyn ToSql + Sync)> = cells.iter().map(|cell| cell as _).collect();
        let rows = self.client.query(&sql, &params).await?;
        rows.iter().map(|row| self::row(table, row)).collect()
    }
}

fn row(table: &Table, row: &SqlRow) -> Outcome<Row> {
    let mut cells = Cells::new(row);
    let read = |kind| {
        Ok(match kind {
            Kind::Small => cells.take::<Option<i32>>()?.map(|number| Cell::Int(number.into())),
            Kind::Int => cells.take::<Option<i64>>()?.map(Cell::Int),
            Kind::Bool => cells.take::<Option<bool>>()?.map(Cell::Bool),
            Kind::Text => cells.take::<Option<String>>()?.map(Cell::Text),
            Kind::Bytes => cells.take::<Option<Vec<u8>>>()?.map(Cell::Bytes),
            Kind::Id => cells.take::<Option<uuid::Uuid>>()?.map(Cell::Id),
        }
        .unwrap_or(Cell::Null))
    };
    table.columns.iter().map(|column| column.kind).map(read).collect()
}

fn sql_type(kind: Kind) -> Type {
    match kind {
        Kind::Small => Type::INT4,
        Kind::Int => Type::INT8,
        Kind::Bool => Type::BOOL,
        Kind::Text => Type::TEXT,
        Kind::Bytes => Type::BYTEA,
        Kind::Id => Type::UUID,
    }
}

/// A value as its column takes it.
#[derive(Debug)]
struct SqlCell<'c>(&'c Cell);

impl ToSql for SqlCell<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            Cell::Null => Ok(IsNull::Yes),
            Cell::Int(number) if *ty == Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
            Cell::Int(number) => number.to_sql(ty, out),
            Cell::Bool(flag) => flag.to_sql(ty, out),
            Cell::Text(text) => text.to_sql(ty, out),
            Cell::Bytes(bytes) => bytes.to_sql(ty, out),
            Cell::Id(id) => id.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
