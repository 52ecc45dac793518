//! How far one page searches, so that it answers at once however much the store holds. What is further is on the next page, and a short
//! page says so.

/// So many entries of the ledger or of the audit trail.
pub(super) const ENTRIES: u32 = 10_000;

/// So many users: each is only looked at.
pub(super) const USERS: u32 = 20_000;
