//! An entry that is yet to be written.

use crate::audit::{Actor, action};
use crate::clock::Timestamp;
use crate::id::{TenantId, UserId};
use crate::ledger::{Cut, CutKind, Entry, Mark, MarkKey};
use crate::store::Provenance;

/// An entry before it has a place in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft<'a> {
    /// What it is about.
    pub key: MarkKey,
    /// Whose tokens it kills; none: everybody's.
    pub tenant: Option<TenantId>,
    /// For users and tenants.
    pub min_version: Option<i64>,
    /// The least `expires_at`.
    pub least: Timestamp,
    /// The user concerned.
    pub user: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Option<&'a str>,
    /// By whom.
    pub by: Actor,
}

impl<'a> Draft<'a> {
    /// What a cut of one token says, by jti or by digest.
    pub fn of_cut(cut: &'a Cut, key: MarkKey, tenant: Option<TenantId>, user: Option<UserId>) -> Self {
        Self {
            key,
            tenant,
            min_version: None,
            least: cut.expires_at,
            user,
            at: cut.by.at,
            reason: cut.reason.as_deref(),
            by: cut.by.actor,
        }
    }

    /// What is to be written where `first` stands already: nothing, or an entry that lasts longer, with everything else as
    /// the first one has it.
    pub fn of_repeated_cut(cut: &Cut, first: &'a Entry) -> Option<Self> {
        // Verifiers have dropped the mark of an entry that has expired: it stands no longer.
        let expired = first.mark.expires_at <= cut.by.at;
        if !expired && (!cut.extends || cut.expires_at <= first.mark.expires_at) {
            return None;
        }
        Some(Self {
            key: first.mark.key.clone(),
            tenant: first.mark.tenant,
            min_version: first.mark.min_version,
            least: cut.expires_at,
            user: first.user,
            at: first.revoked_at,
            reason: first.reason.as_deref(),
            by: first.revoked_by,
        })
    }

    /// What is to be written where a node holds a mark, and `stands` is the ledger's newest entry of its identity: nothing where
    /// that covers it. Who revoked, when and why, is known only where an entry merely expires too early.
    pub fn of_reinstated(
        held: &Mark,
        stands: Option<&'a Entry>,
        user: Option<UserId>,
        by: &Provenance,
    ) -> Option<Self> {
        if stands.is_some_and(|stands| stands.mark.covers(held)) {
            return None;
        }
        let same = stands.filter(|stands| stands.mark.min_version >= held.min_version);
        let least = stands.map_or(held.expires_at, |stands| stands.mark.expires_at.max(held.expires_at));
        Some(Self {
            key: held.key.clone(),
            tenant: held.tenant,
            min_version: same.map_or(held.min_version, |same| same.mark.min_version),
            least,
            user: stands.and_then(|stands| stands.user).or(user),
            at: same.map_or(by.at, |same| same.revoked_at),
            reason: same.map_or(Some(action::REVOCATION_REINSTATED), |same| same.reason.as_deref()),
            by: same.map_or(by.actor, |same| same.revoked_by),
        })
    }

    /// The entry that this becomes. It lives at least as long as any access token minted so far, the last of which expires
    /// at `horizon`.
    pub fn into_entry(self, seq: i64, horizon: Timestamp) -> Entry {
        let expires_at = match self.key.kind() {
            CutKind::Key => Timestamp::MAX,
            _ => self.least.max(horizon),
        };
        Entry {
            seq,
            mark: Mark { tenant: self.tenant, key: self.key, min_version: self.min_version, expires_at },
            user: self.user,
            revoked_at: self.at,
            reason: self.reason.map(str::to_owned),
            revoked_by: self.by,
        }
    }
}
