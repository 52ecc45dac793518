//! Moving a whole authority from one store to another: what every store keeps, table by table, so that rows can be copied
//! and compared as they are. Sessions and tokens stay good, since nothing of them changes.

use uuid::Uuid;

/// What a column holds, however a store spells it. Any may be null.
///
/// ```
/// use rescind::transfer::{Kind, TABLES};
///
/// // Points in time are numbers in every store.
/// let columns = TABLES.iter().flat_map(|table| table.columns);
/// assert!(columns.filter(|column| column.name == "created_at").all(|column| column.kind == Kind::Int));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number of 32 bits.
    Small,
    /// A number, or a point in time in milliseconds.
    Int,
    /// Yes or no.
    Bool,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
    /// A UUID.
    Id,
}

/// A column.
///
/// ```
/// use rescind::transfer::{Column, Kind, TABLES};
///
/// let slug = Column { name: "slug", kind: Kind::Text };
/// assert!(TABLES.iter().any(|table| table.columns.contains(&slug)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, in every store.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// A table.
///
/// ```
/// use rescind::transfer::TABLES;
///
/// let users = TABLES.iter().find(|table| table.name == "users").unwrap();
/// // A user is one within its tenant only.
/// let key: Vec<_> = users.columns[..users.key].iter().map(|column| column.name).collect();
/// assert_eq!(key, ["tenant_id", "id"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, in every store.
    pub name: &'static str,
    /// Its columns; the first [`Table::key`] of them tell its rows apart, and order them.
    pub columns: &'static [Column],
    /// How many columns the key has.
    pub key: usize,
}

/// A value.
///
/// ```
/// use rescind::transfer::Cell;
///
/// // A tenant's `suspended`, as two stores spell it.
/// let (sqlite, postgres) = (Cell::Bool(1 != 0), Cell::Bool(true));
/// assert_eq!(sqlite, postgres);
/// assert_ne!(Cell::Null, Cell::Bool(false), "nothing is not no");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// None.
    Null,
    /// Of [`Kind::Small`] and [`Kind::Int`].
    Int(i64),
    /// Of [`Kind::Bool`].
    Bool(bool),
    /// Of [`Kind::Text`].
    Text(String),
    /// Of [`Kind::Bytes`].
    Bytes(Vec<u8>),
    /// Of [`Kind::Id`].
    Id(Uuid),
}

/// A row: a value for each of its table's columns.
///
/// ```
/// use rescind::transfer::{Cell, Row, TABLES};
///
/// let batches = TABLES.iter().find(|table| table.name == "batches").unwrap();
/// let row: Row = vec![Cell::Int(42), Cell::Bytes(vec![0xa7; 16]), Cell::Int(1_767_323_045_000)];
/// assert_eq!(row.len(), batches.columns.len());
/// ```
pub type Row = Vec<Cell>;

macro_rules! table {
    ($name:literal, $key:literal, $($column:literal $kind:ident),+ $(,)?) => {
        Table {
            name: $name,
            columns: &[$(Column { name: $column, kind: Kind::$kind }),+],
            key: $key,
        }
    };
}

/// Every table, each after those that it refers to.
///
/// ```
/// use rescind::transfer::TABLES;
///
/// // A user refers to its tenant: that is copied first.
/// let place = |name| TABLES.iter().position(|table| table.name == name);
/// assert!(place("tenants") < place("users"));
/// ```
pub const TABLES: &[Table] = &[
    table!(
        "head", 1,
        "id" Small, "seq" Int, "tag" Bytes, "purged_seq" Int, "keys_version" Int, "horizon" Int,
    ),
    table!("batches", 1, "last_seq" Int, "tag" Bytes, "at" Int),
    table!(
        "ledger", 1,
        "seq" Int, "kind" Text, "key" Bytes, "spelled" Bool, "tenant_id" Id, "about_tenant" Id, "user_id" Id,
        "min_version" Int, "expires_at" Int, "revoked_at" Int, "reason" Text, "revoked_by" Text,
    ),
    table!(
        "tenants", 1,
        "id" Id, "slug" Text, "name" Text, "suspended" Bool, "token_version" Int, "session_floor" Int,
        "created_at" Int,
    ),
    table!(
        "users", 2,
        "tenant_id" Id, "id" Id, "email" Text, "role" Text, "password" Text, "disabled" Bool,
        "token_version" Int, "session_floor" Int, "sessions_opened" Int, "created_at" Int, "deleted_at" Int,
    ),
    table!(
        "clients", 1,
        "id" Id, "name" Text, "scopes" Text, "tenant_id" Id, "refresh_requires_secret" Bool, "secret" Bytes,
        "old_secret" Bytes, "old_secret_until" Int, "created_at" Int, "last_used_at" Int, "deleted_at" Int,
        "deleted_by" Text,
    ),
    table!(
        "sessions", 1,
        "id" Id, "tenant_id" Id, "user_id" Id, "number" Int, "client_id" Id, "user_floor" Int,
        "tenant_floor" Int, "audience" Text, "claims" Text, "device_name" Text, "user_agent" Text, "ip" Text,
        "created_at" Int, "last_used_at" Int, "idle_expires_at" Int, "expires_at" Int, "generation" Int,
        "refresh_hash" Bytes, "refresh_salt" Bytes, "refresh_jti" Id, "refresh_mac_kid" Text,
        "rotated_at" Int, "parent_hash" Bytes, "parent_jti" Id, "recent" Bytes, "late_generation" Int,
        "late_run" Int, "access_jti" Id, "revoked_at" Int, "revoked_reason" Text, "revoked_by" Text,
    ),
    table!(
        "floor_raises", 1,
        "id" Int, "tenant_id" Id, "user_id" Id, "floor" Int, "at" Int, "reason" Text, "raised_by" Text,
    ),
    table!(
        "keys", 1,
        "row" Int, "kid" Text, "usage" Text, "alg" Text, "state" Text, "sealed" Bytes, "created_at" Int,
        "active_from" Int, "retired_at" Int, "revoked_at" Int,
    ),
    table!(
        "audit", 1,
        "row" Int, "id" Id, "at" Int, "action" Text, "actor" Text, "actor_id" Text, "target_kind" Text,
        "target_id" Text, "tenant_id" Id, "user_id" Id, "reason" Text, "ip" Text, "request_id" Text,
    ),
];

impl Table {
    /// The names of its columns, separated by commas.
    ///
    /// ```
    /// use rescind::transfer::TABLES;
    ///
    /// let batches = TABLES.iter().find(|table| table.name == "batches").unwrap();
    /// assert_eq!(format!("SELECT {} FROM batches", batches.names()), "SELECT last_seq, tag, at FROM batches");
    /// ```
    pub fn names(&self) -> String {
        self.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
    }

    /// The names of its key's columns, separated by commas.
    ///
    /// ```
    /// use rescind::transfer::TABLES;
    ///
    /// let users = TABLES.iter().find(|table| table.name == "users").unwrap();
    /// assert_eq!(format!("ORDER BY {}", users.key_names()), "ORDER BY tenant_id, id");
    /// ```
    pub fn key_names(&self) -> String {
        self.columns[..self.key].iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
    }
}
