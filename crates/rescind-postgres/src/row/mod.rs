//! From a row to a value of the domain. What does not fit is [`rescind::store::StoreError::Corrupt`], never a value.

mod cells;
mod chain;
mod directory;
mod entry;
mod refresh;
mod session;

pub(crate) use cells::Cells;
pub(crate) use chain::{CHAIN_COLUMNS, chain, chain_from};
pub(crate) use directory::{
    CLIENT_COLUMNS, TENANT_COLUMNS, USER_COLUMNS, client, tenant, tenant_from, user, user_from,
};
pub(crate) use entry::{ENTRY_COLUMNS, MARK_COLUMNS, entry, entry_from, key_bytes, mark, placed_mark};
pub(crate) use refresh::{REFRESH_COLUMNS, Refresh, refresh};
pub(crate) use session::{SESSION_SELECT, SessionRow, session_row};
