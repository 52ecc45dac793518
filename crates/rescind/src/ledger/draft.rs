//! An entry that is yet to be written.

use crate::audit::{Actor, action};
use crate::clock::Timestamp;
use crate::id::{TenantId, UserId};
use crate::ledger::{Cut, CutKind, Entry, Mark, MarkKey};
use crate::store::Provenance;

/// An entry before it has a place in the ledger.
///
/// ```
/// use rescind::audit::Actor;
/// use rescind::clock::Timestamp;
/// use rescind::ledger::{Draft, MarkKey};
///
/// let now = Timestamp::from_secs(1_767_323_045);
/// let draft = Draft {
///     key: MarkKey::Key("k1".into()),
///     tenant: None,
///     min_version: None,
///     least: now,
///     user: None,
///     at: now,
///     reason: Some("its machine was stolen"),
///     by: Actor::CommandLine,
/// };
/// // What a key has signed is never let through again.
/// let entry = draft.into_entry(42, now);
/// assert_eq!((entry.seq, entry.mark.expires_at), (42, Timestamp::MAX));
/// ```
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
    ///
    /// ```
    /// use rescind::ledger::{Draft, MarkKey};
    /// # use std::time::Duration;
    /// # use rescind::audit::action;
    /// # use rescind::authority::Caller;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::ledger::{Cut, CutTarget, TokenKey};
    /// # let now = Timestamp::from_secs(1_767_323_045);
    /// # let jti = TokenKey::new("7f1c");
    /// # let target = CutTarget::Token { key: jti.clone(), tenant: None, user: None };
    /// # let (expires_at, reason) = (now.plus(Duration::from_secs(900)), Some("found in a log".to_owned()));
    /// # let by = Caller::command_line().provenance(now);
    /// # let cut = Cut { target, expires_at, extends: false, reason, action: action::TOKEN_REVOKED, by };
    ///
    /// let draft = Draft::of_cut(&cut, MarkKey::Token(jti), None, None);
    /// assert_eq!((draft.least, draft.reason), (cut.expires_at, Some("found in a log")));
    /// ```
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
    ///
    /// ```
    /// use rescind::ledger::{Draft, MarkKey};
    /// # use std::time::Duration;
    /// # use rescind::audit::action;
    /// # use rescind::authority::Caller;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::ledger::{Cut, CutTarget, TokenKey};
    /// # let now = Timestamp::from_secs(1_767_323_045);
    /// # let jti = TokenKey::new("7f1c");
    /// # let target = CutTarget::Token { key: jti.clone(), tenant: None, user: None };
    /// # let (expires_at, reason) = (now.plus(Duration::from_secs(900)), Some("found in a log".to_owned()));
    /// # let by = Caller::command_line().provenance(now);
    /// # let cut = Cut { target, expires_at, extends: false, reason, action: action::TOKEN_REVOKED, by };
    ///
    /// let first = Draft::of_cut(&cut, MarkKey::Token(jti), None, None).into_entry(1, now);
    /// assert_eq!(Draft::of_repeated_cut(&cut, &first), None, "it says nothing new");
    /// let expires_at = cut.expires_at.plus(Duration::from_secs(3600));
    /// let longer = Cut { expires_at, extends: true, ..cut.clone() };
    /// assert_eq!(Draft::of_repeated_cut(&longer, &first).map(|draft| draft.least), Some(expires_at));
    /// ```
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
    ///
    /// ```
    /// use rescind::ledger::{Draft, MarkKey};
    /// # use std::time::Duration;
    /// # use rescind::audit::action;
    /// # use rescind::authority::Caller;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::ledger::{Cut, CutTarget, TokenKey};
    /// # let now = Timestamp::from_secs(1_767_323_045);
    /// # let jti = TokenKey::new("7f1c");
    /// # let target = CutTarget::Token { key: jti.clone(), tenant: None, user: None };
    /// # let (expires_at, reason) = (now.plus(Duration::from_secs(900)), Some("found in a log".to_owned()));
    /// # let by = Caller::command_line().provenance(now);
    /// # let cut = Cut { target, expires_at, extends: false, reason, action: action::TOKEN_REVOKED, by };
    ///
    /// let entry = Draft::of_cut(&cut, MarkKey::Token(jti), None, None).into_entry(1, now);
    /// let held = entry.mark.clone();
    /// assert_eq!(Draft::of_reinstated(&held, Some(&entry), None, &cut.by), None, "it stands");
    /// // A ledger that was restored knows nothing of it.
    /// let lost = Draft::of_reinstated(&held, None, None, &cut.by).map(|draft| draft.reason);
    /// assert_eq!(lost, Some(Some(action::REVOCATION_REINSTATED)));
    /// ```
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
    ///
    /// ```
    /// use rescind::ledger::{Draft, MarkKey};
    /// # use std::time::Duration;
    /// # use rescind::audit::action;
    /// # use rescind::authority::Caller;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::ledger::{Cut, CutTarget, TokenKey};
    /// # let now = Timestamp::from_secs(1_767_323_045);
    /// # let jti = TokenKey::new("7f1c");
    /// # let target = CutTarget::Token { key: jti.clone(), tenant: None, user: None };
    /// # let (expires_at, reason) = (now.plus(Duration::from_secs(900)), Some("found in a log".to_owned()));
    /// # let by = Caller::command_line().provenance(now);
    /// # let cut = Cut { target, expires_at, extends: false, reason, action: action::TOKEN_REVOKED, by };
    ///
    /// // An access token that was minted before lives for longer than was asked for.
    /// let horizon = cut.expires_at.plus(Duration::from_secs(3600));
    /// let entry = Draft::of_cut(&cut, MarkKey::Token(jti), None, None).into_entry(42, horizon);
    /// assert_eq!((entry.seq, entry.mark.expires_at), (42, horizon));
    /// ```
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
