//! Ledger entries.

use rescind::id::{ClientId, SessionId, TenantId, UserId};
use rescind::ledger::{Cursor, CutKind, Entry, Mark, MarkKey, PlacedMark, TokenKey};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::error::{Outcome, corrupt};
use crate::row::Cells;

pub(crate) const ENTRY_COLUMNS: &str =
    "seq, kind, key, spelled, tenant_id, min_version, expires_at, user_id, revoked_at, reason, revoked_by";

/// What verifiers need of an entry: the first columns of it.
pub(crate) const MARK_COLUMNS: &str = "seq, kind, key, spelled, tenant_id, min_version, expires_at";

pub(crate) fn entry(row: &Row) -> Outcome<Entry> {
    entry_from(row, 0)
}

/// From this column on.
pub(crate) fn entry_from(row: &Row, at: usize) -> Outcome<Entry> {
    let mut cells = Cells::from(row, at);
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
pub(crate) fn placed_mark(row: &Row) -> Outcome<PlacedMark> {
    let mut cells = Cells::new(row);
    let cursor = Cursor { seq: cells.take()?, ..Cursor::default() };
    Ok(PlacedMark { cursor, mark: mark(&mut cells)? })
}

/// From the columns kind to expires_at.
pub(crate) fn mark(cells: &mut Cells<'_>) -> Outcome<Mark> {
    let kind: CutKind = cells.word()?;
    let key = key_from(kind, cells.take()?, cells.take()?)?;
    Ok(Mark { key, tenant: cells.maybe_id(TenantId)?, min_version: cells.take()?, expires_at: cells.time()? })
}

/// A key as it is kept: its bytes, and whether those spell a text.
pub(crate) fn key_bytes(key: &MarkKey) -> (Vec<u8>, bool) {
    let uuid = |id: &Uuid| (id.as_bytes().to_vec(), false);
    match key {
        MarkKey::Token(TokenKey::Uuid(id)) => uuid(id),
        MarkKey::Token(TokenKey::Text(text)) | MarkKey::Key(text) => (text.as_bytes().to_vec(), true),
        MarkKey::Session(id) => uuid(&id.0),
        MarkKey::User(id) => uuid(&id.0),
        MarkKey::Tenant(id) => uuid(&id.0),
        MarkKey::Client(id) => uuid(&id.0),
        MarkKey::Digest(digest) => (digest.to_vec(), false),
    }
}

fn key_from(kind: CutKind, bytes: &[u8], spelled: bool) -> Outcome<MarkKey> {
    if spelled {
        let text = std::str::from_utf8(bytes).map_err(|_| corrupt("a mark's key is not UTF-8"))?;
        return text_key(kind, text);
    }
    if kind == CutKind::Digest {
        let digest = bytes.try_into().map_err(|_| corrupt("a digest is not 32 bytes"))?;
        return Ok(MarkKey::Digest(digest));
    }
    let id = Uuid::from_slice(bytes).map_err(|_| corrupt("a mark's key is not 16 bytes"))?;
    match kind {
        CutKind::Token => Ok(MarkKey::Token(TokenKey::Uuid(id))),
        CutKind::Session => Ok(MarkKey::Session(SessionId(id))),
        CutKind::User => Ok(MarkKey::User(UserId(id))),
        CutKind::Tenant => Ok(MarkKey::Tenant(TenantId(id))),
        CutKind::Client => Ok(MarkKey::Client(ClientId(id))),
        CutKind::Key | CutKind::Digest => Err(corrupt("a mark's key is of another kind")),
    }
}

fn text_key(kind: CutKind, text: &str) -> Outcome<MarkKey> {
    match kind {
        CutKind::Token => Ok(MarkKey::Token(TokenKey::Text(text.into()))),
        CutKind::Key => Ok(MarkKey::Key(text.into())),
        _ => Err(corrupt("a mark's key is of another kind")),
    }
}
