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
///
/// ```
/// use rescind::transfer::TABLES;
/// use rescind_sqlite::{Export, migrate};
///
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("rescind.db");
/// migrate(&path)?;
/// let export = Export::open(&path)?;
/// for table in TABLES {
///     let rows = export.rows(table, None, 500)?;
///     assert_eq!(rows.len() as u64, export.count(table)?, "{}", table.name);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Export {
    conn: Connection,
}

impl Export {
    /// Opens a file to be read. Whoever writes to it meanwhile is not seen.
    ///
    /// ```
    /// use rescind::store::StoreError;
    /// use rescind_sqlite::Export;
    ///
    /// # let dir = tempfile::tempdir()?;
    /// let missing = Export::open(&dir.path().join("rescind.db"));
    /// assert_eq!(missing.err(), Some(StoreError::NotFound));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    ///
    /// ```
    /// # use rescind_sqlite::{Export, migrate};
    /// # let dir = tempfile::tempdir()?;
    /// # let path = dir.path().join("rescind.db");
    /// # migrate(&path)?;
    /// # let export = Export::open(&path)?;
    /// use rescind::transfer::TABLES;
    ///
    /// let full: Vec<_> = TABLES.iter().filter(|table| export.count(table) != Ok(0)).collect();
    /// // A new store has the ledger's head, and nothing else.
    /// assert_eq!(full.iter().map(|table| table.name).collect::<Vec<_>>(), ["head"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn count(&self, table: &Table) -> Result<u64, StoreError> {
        let count = || {
            Ok(self.conn.query_row(&format!("SELECT count(*) FROM {}", table.name), (), |row| row.get(0))?)
        };
        count().map_err(|Fault(error): Fault| error)
    }

    /// Rows of a table in the order of its key, after one of them.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::sync::Arc;
    /// # use rescind::system::SystemEntropy;
    /// # use rescind_sqlite::{Options, SqliteStore};
    /// use rescind::transfer::TABLES;
    /// use rescind_sqlite::Export;
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let options = Options::new(Arc::new(SystemEntropy));
    /// # let store = SqliteStore::open(&dir.path().join("rescind.db"), &options)?;
    /// # let ports = rescind::authority::Ports {
    /// #     store: store.clone(),
    /// #     clock: Arc::new(rescind::system::SystemClock),
    /// #     entropy: Arc::new(SystemEntropy),
    /// #     offload: Arc::new(rescind_examples::OwnThread),
    /// #     master_keys: Arc::new(rescind::keys::MasterKey::generate(&SystemEntropy)),
    /// #     cache: None,
    /// # };
    /// # let settings = rescind::authority::AuthoritySettings::new("https://auth.example");
    /// # let (email, password) = ("ada@example.com".into(), "correct horse battery staple".into());
    /// # let operator = || rescind::authority::Operator { email, password };
    /// # rescind::authority::Authority::start(ports, settings, operator).await?;
    /// let export = Export::open(&dir.path().join("rescind.db"))?;
    /// let tenants = TABLES.iter().find(|table| table.name == "tenants").ok_or("no such table")?;
    /// // A page at a time, each from where the last one ended.
    /// let mut rows = export.rows(tenants, None, 1)?;
    /// rows.extend(export.rows(tenants, rows.last(), 1)?);
    /// assert_eq!(rows.len() as u64, export.count(tenants)?);
    /// # Ok(())
    /// # }
    /// ```
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
