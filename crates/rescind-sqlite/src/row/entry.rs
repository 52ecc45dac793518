//! Ledger entries.

use rescind::id::{ClientId, SessionId, TenantId, UserId};
use rescind::ledger::{Cursor, CutKind, Entry, Mark, MarkKey, PlacedMark, TokenKey};
use rusqlite::Row;
use rusqlite::types::Value;
use uuid::Uuid;

use crate::error::{Outcome, corrupt};
use crate::row::Cells;

pub(crate) const ENTRY_COLUMNS: &str =
    "seq, kind, key, tenant_id, min_version, expires_at, user_id, revoked_at, reason, revoked_by";

/// What verifiers need of an entry: the first columns of it.
pub(crate) const MARK_COLUMNS: &str = "seq, kind, key, tenant_id, min_version, expires_at";

pub(crate) fn entry(row: &Row<'_>) -> Outcome<Entry> {
    let mut cells = Cells::new(row);
    Ok(Entry {
        seq: cells.take()?,
        mark: mark(&mut cells)?,
        user: cells.maybe_id(UserId)?,
        revoked_at: cells.time()?,
        reason: cells.take()?,
        revoked_by: cells.word()?,
    })
}

/// Without its batch's tag, which stands elsewhere.
pub(crate) fn placed_mark(row: &Row<'_>) -> Outcome<PlacedMark> {
    let mut cells = Cells::new(row);
    let cursor = Cursor { seq: cells.take()?, ..Cursor::default() };
    Ok(PlacedMark { cursor, mark: mark(&mut cells)? })
}

/// From the columns kind to expires_at.
pub(crate) fn mark(cells: &mut Cells<'_, '_>) -> Outcome<Mark> {
    let kind: CutKind = cells.word()?;
    let key = key_from(kind, cells.take()?)?;
    Ok(Mark { key, tenant: cells.maybe_id(TenantId)?, min_version: cells.take()?, expires_at: cells.time()? })
}

/// A key as it is kept: bytes for a UUID or a digest, text for what is text.
pub(crate) fn key_value(key: &MarkKey) -> Value {
    let uuid = |id: &Uuid| Value::Blob(id.as_bytes().to_vec());
    match key {
        MarkKey::Token(TokenKey::Uuid(id)) => uuid(id),
        MarkKey::Token(TokenKey::Text(text)) | MarkKey::Key(text) => Value::Text(text.to_string()),
        MarkKey::Session(id) => uuid(&id.0),
        MarkKey::User(id) => uuid(&id.0),
        MarkKey::Tenant(id) => uuid(&id.0),
        MarkKey::Client(id) => uuid(&id.0),
        MarkKey::Digest(digest) => Value::Blob(digest.to_vec()),
    }
}

fn key_from(kind: CutKind, value: Value) -> Outcome<MarkKey> {
    let bytes = match value {
        Value::Text(text) => return text_key(kind, text),
        Value::Blob(bytes) => bytes,
        _ => return Err(corrupt("a mark's key is neither text nor bytes")),
    };
    if kind == CutKind::Digest {
        let digest = bytes.try_into().map_err(|_| corrupt("a digest is not 32 bytes"))?;
        return Ok(MarkKey::Digest(digest));
    }
    let id = Uuid::from_slice(&bytes).map_err(|_| corrupt("a mark's key is not 16 bytes"))?;
    match kind {
        CutKind::Token => Ok(MarkKey::Token(TokenKey::Uuid(id))),
        CutKind::Session => Ok(MarkKey::Session(SessionId(id))),
        CutKind::User => Ok(MarkKey::User(UserId(id))),
        CutKind::Tenant => Ok(MarkKey::Tenant(TenantId(id))),
        CutKind::Client => Ok(MarkKey::Client(ClientId(id))),
        CutKind::Key | CutKind::Digest => Err(corrupt("a mark's key is of another kind")),
    }
}

fn text_key(kind: CutKind, text: String) -> Outcome<MarkKey> {
    match kind {
        CutKind::Token => Ok(MarkKey::Token(TokenKey::Text(text.into()))),
        CutKind::Key => Ok(MarkKey::Key(text.into())),
        _ => Err(corrupt("a mark's key is of another kind")),
    }
}
