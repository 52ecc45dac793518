//! Reading a whole file, row by row, to move it to another store.

use std::path::Path;
use std::time::Duration;

use rescind::store::StoreError;
use rescind::transfer::{Cell, Kind, Row, Table};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags, params_from_iter};
use uuid::Uuid;

use crate::error::{Fault, Outcome, corrupt};

/// A file that is read as of one moment.
#[derive(Debug)]
pub struct Export {
    conn: Connection,
}

impl Export {
    /// Opens a file to be read. Whoever writes to it meanwhile is not seen.
    ///
    /// # Errors
    /// Where the file cannot be read, or has another schema than this program's ([`StoreError::Conflict`]: migrate it first).
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if crate::schema_version(path)? != crate::LATEST {
            return Err(StoreError::Conflict);
        }
        let open = || {
            let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            conn.busy_timeout(Duration::from_secs(5))?;
            conn.execute_batch("BEGIN")?;
            Ok(Self { conn })
        };
        open().map_err(|Fault(error)| error)
    }

    /// How many rows a table has.
    pub fn count(&self, table: &Table) -> Result<u64, StoreError> {
        let count = || {
            Ok(self.conn.query_row(&format!("SELECT count(*) FROM {}", table.name), (), |row| row.get(0))?)
        };
        count().map_err(|Fault(error): Fault| error)
    }

    /// Rows of a table in the order of its key, after one of them.
    pub fn rows(&self, table: &Table, after: Option<&Row>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.read(table, after, limit).map_err(|Fault(error)| error)
    }

    fn read(&self, table: &Table, after: Option<&Row>, limit: usize) -> Outcome<Vec<Row>> {
        let columns: Vec<&str> = table.columns.iter().map(|column| expression(column.name)).collect();
        let key = table.key_names();
        let places = vec!["?"; table.key].join(", ");
        let condition = after.map(|_| format!("WHERE ({key}) > ({places})")).unwrap_or_default();
        let sql = format!(
            "SELECT {} FROM {} {condition} ORDER BY {key} LIMIT {limit}",
            columns.join(", "),
            table.name
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let after: Vec<Value> =
            after.map(|row| row[..table.key].iter().map(value).collect()).unwrap_or_default();
        let mut found = statement.query(params_from_iter(after))?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let cells = table.columns.iter().enumerate();
            rows.push(
                cells.map(|(at, column)| cell(column.kind, row.get_ref(at)?)).collect::<Outcome<Row>>()?,
            );
        }
        Ok(rows)
    }
}

/// A mark's key tells by its type whether it is a text.
fn expression(column: &'static str) -> &'static str {
    if column == "spelled" { "typeof(key) = 'text'" } else { column }
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(number) => Value::Integer(*number),
        Cell::Bool(flag) => Value::Integer(i64::from(*flag)),
        Cell::Text(text) => Value::Text(text.clone()),
        Cell::Bytes(bytes) => Value::Blob(bytes.clone()),
        Cell::Id(id) => Value::Blob(id.as_bytes().to_vec()),
    }
}

fn cell(kind: Kind, value: ValueRef<'_>) -> Outcome<Cell> {
    let text =
        |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| corrupt("a text that is not UTF-8"));
    Ok(match (kind, value) {
        (_, ValueRef::Null) => Cell::Null,
        (Kind::Small | Kind::Int, ValueRef::Integer(number)) => Cell::Int(number),
        (Kind::Bool, ValueRef::Integer(flag @ (0 | 1))) => Cell::Bool(flag == 1),
        (Kind::Text, ValueRef::Text(bytes)) => Cell::Text(text(bytes)?),
        (Kind::Bytes, ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => Cell::Bytes(bytes.to_vec()),
        (Kind::Id, ValueRef::Blob(bytes)) => {
            Cell::Id(Uuid::from_slice(bytes).map_err(|_| corrupt("an id that is not 16 bytes"))?)
        }
        _ => return Err(corrupt("a value of another kind than its column's")),
    })
}
