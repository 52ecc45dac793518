//! What the ledger asks of a store.
//!
//! That its order keeps what is promised here, and that a reader then misses nothing, is model-checked in `tests/protocol`: `order`,
//! `replicas` and `history`.

use std::pin::Pin;

use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::directory::Standing;
use crate::id::{SessionId, TenantId, UserId};
use crate::ledger::{Cursor, CutKind, Entry, Mark, MarkIdentity, PlacedMark, TokenKey};
use crate::store::{Answer, Page, PageRequest, Provenance};

/// The ledger, kept.
///
/// `seq` follows commit order: a reader that has reached `seq` n has seen every entry ≤ n. An entry's `expires_at` is
/// never below the highest access `exp` ever minted by this authority, which the store keeps to within [`HORIZON_STEP`].
pub trait LedgerStore: Send + Sync {
    /// Revokes. Repeating a cut of a token, session or digest changes nothing and keeps the first reason
    /// (but see [`Cut::extends`]); a user or tenant cut always raises the version anew.
    ///
    /// [`crate::store::StoreError::NotFound`] where the session, user or tenant is not there, or not within the tenant
    /// that was named; a [foreign](CutTarget::ForeignUser) session or user need not be.
    fn cut(&self, cut: Cut) -> Answer<'_, CutOutcome>;
    /// Writes back what a node knows to be revoked and this ledger has lost, with whatever hangs on it: see [`Reinstate`].
    /// Returns the entries that were written; none where everything stands, so that any number of nodes may do it.
    fn reinstate(&self, reinstate: Reinstate) -> Answer<'_, Vec<Entry>>;
    /// How many sessions a cut would end now.
    fn count_reach<'a>(&'a self, target: &'a CutTarget, now: Timestamp) -> Answer<'a, u64>;

    /// Where the ledger ends, as of a read that began after the call.
    fn head(&self) -> Answer<'_, Head>;
    /// Entries after `cursor`, in order, at most `limit`. A cursor of [`Cursor::default`] starts from what is not yet purged.
    fn entries_after(&self, cursor: Cursor, limit: u32) -> Answer<'_, Follow>;
    /// The same entries as verifiers need them: what each one means, with the cursor of its own place, from which a reader
    /// that has seen it can go on.
    fn marks_after(&self, cursor: Cursor, limit: u32) -> Answer<'_, Follow<PlacedMark>>;

    /// Resolves when the ledger may have grown since the last call, as far as the store can tell; none where it cannot, and its
    /// head is to be read every few milliseconds. A wake-up and no more: one may come late, twice or never.
    fn changed(&self) -> Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>> {
        None
    }

    /// Whether this is the node that does what one node is to do (purge, rotate keys): of several on one store it is one at a time,
    /// and another soon after that one died. A store that is one machine's says yes.
    fn leads(&self) -> bool {
        true
    }

    /// The newest entry that revokes this token, for `tenant` (where given: only entries of that scope or of none).
    fn token_entry<'a>(&'a self, key: &'a TokenKey, tenant: Option<TenantId>) -> Answer<'a, Entry>;
    /// What stands of each of `identities` that has an entry not yet purged, in no order: of several entries the highest version
    /// and the latest expiry, as a replica that has read them all holds it. One statement; asked at each check by a
    /// node that looks up ([`crate::lookup`]).
    fn standing_marks<'a>(&'a self, identities: &'a [MarkIdentity]) -> Answer<'a, Vec<Mark>>;
    /// Entries that match, newest first.
    fn entries<'a>(&'a self, filter: &'a EntryFilter, page: &'a PageRequest) -> Answer<'a, Page<Entry>>;

    /// When the entry expires that expires first; none where there is none. One look at an index.
    fn first_expiry(&self) -> Answer<'_, Option<Timestamp>>;

    /// Removes a batch of entries that expired before `request.before`. Tags outlive the entries of their batch.
    /// In the same small steps go sessions that were ended, or whose absolute limit passed, 30 days before that.
    fn purge(&self, request: PurgeRequest) -> Answer<'_, PurgeOutcome>;
}

/// What is to be revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// What.
    pub target: CutTarget,
    /// The least `expires_at` of the entry: the longest access lifetime from now, or later where the caller said so.
    pub expires_at: Timestamp,
    /// Whether that is what the caller said, so that it extends an entry of a token or digest that expires earlier, by a
    /// new entry with the first one's time, reason and actor. One who says nothing repeats what was said, and a session
    /// needs no extending: nothing is minted for it any more.
    pub extends: bool,
    /// Why.
    pub reason: Option<String>,
    /// The audit entry's action.
    pub action: &'static str,
    /// By whom.
    pub by: Provenance,
}

/// At which level, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CutTarget {
    /// One token. Where the jti is the current or last refresh token's of a session (of `tenant`, where given), the session
    /// is cut in its stead; where it is a known access token's, the entry carries that session's tenant and user.
    Token {
        /// Its jti.
        key: TokenKey,
        /// For whose tokens it holds; none: everybody's.
        tenant: Option<TenantId>,
        /// The user concerned, where the caller knows.
        user: Option<UserId>,
    },
    /// A session.
    Session {
        /// Its id.
        id: SessionId,
        /// Found only within this tenant, where given.
        tenant: Option<TenantId>,
        /// Found only as this user's, where given.
        user: Option<UserId>,
    },
    /// All tokens and sessions of a user.
    User {
        /// The user's tenant.
        tenant: TenantId,
        /// The user.
        user: UserId,
        /// A session that is lifted to the new floor, so that it lives on. It must be active, else `NotFound`.
        spare: Option<SessionId>,
    },
    /// All tokens and sessions of a tenant.
    Tenant {
        /// The tenant.
        tenant: TenantId,
    },
    /// All tokens of a user whose `ver` is lower, whether or not this authority knows such a user: another issuer's, whose tokens
    /// carry what [`CutOutcome::standing`] tells. One who comes to be known here later goes on from above. The tenant must be there.
    ForeignUser {
        /// The user's tenant.
        tenant: TenantId,
        /// The user.
        user: UserId,
    },
    /// A session, by the same rule: one that is known here is ended too. An entry of just this scope stands afterwards, until
    /// [`Cut::expires_at`] where that extends it.
    ForeignSession {
        /// Its id.
        id: SessionId,
        /// For whose tokens it holds; none: everybody's.
        tenant: Option<TenantId>,
        /// The user concerned, where the caller knows.
        user: Option<UserId>,
    },
    /// One token, by SHA-256 of its signing input.
    Digest {
        /// The digest.
        digest: [u8; 32],
        /// For whose tokens it holds; none: everybody's.
        tenant: Option<TenantId>,
        /// The user concerned, where the caller knows.
        user: Option<UserId>,
    },
}

/// What a cut did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutOutcome {
    /// The entry that stands: a new one, or the one that stood already.
    pub entry: Entry,
    /// Whether it is new.
    pub created: bool,
    /// How many sessions were active before and are dead now.
    pub revoked: u64,
    /// After a user or tenant cut: what a token minted now would carry (the tenant's part alone after a tenant cut).
    pub standing: Standing,
}

/// Marks that a node holds, to be written back into a ledger that was restored from an older backup, or that lost its last
/// commits in a failover.
///
/// A mark that does not [stand](Mark::covers) gets an entry, and what it is about, where the store has that, is brought
/// to where the mark says that it was: a user's or tenant's version *and* floor are at least its version, a session is
/// ended, a client deleted, a key revoked ([`Head::keys_version`] changes; a successor is the caller's to see to).
///
/// A mark does not say whether its cut raised the floor too, so a change of role that was lost ends the user's sessions. The
/// other way round sessions that were cut would go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reinstate {
    /// What is known to be revoked: at most [`Reinstate::MOST`] marks, each identity once.
    pub marks: Vec<Mark>,
    /// When the last access token that was minted in the history that was lost expires: no entry does before.
    pub access_exp: Timestamp,
    /// By whom.
    pub by: Provenance,
}

impl Reinstate {
    /// How many marks are written back in one transaction at the most.
    pub const MOST: usize = 1000;
}

/// Where the ledger ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The last entry's `seq`, and its batch's tag.
    pub cursor: Cursor,
    /// A number that changes whenever the keys do, so that a node knows to load them again.
    pub keys_version: i64,
    /// The store's own clock, where it has one that may differ from ours.
    pub store_time: Option<Timestamp>,
}

/// What follows a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Follow<T = Entry> {
    /// Entries in order, and the cursor after them. Fewer than asked for: that was all.
    Entries(Vec<T>, Cursor),
    /// The cursor is of another history, or what follows it was purged: load everything anew.
    OtherHistory,
}

/// Which entries to list.
///
/// ```
/// use rescind::ledger::{CutKind, EntryFilter};
///
/// // Everything but what is said: all sessions that were ended, of all tenants.
/// let sessions = EntryFilter { kind: Some(CutKind::Session), ..EntryFilter::default() };
/// assert_eq!((sessions.tenant, sessions.user), (None, None));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// That hold for this tenant's tokens only, or are about it.
    pub tenant: Option<TenantId>,
    /// That concern this user.
    pub user: Option<UserId>,
    /// Of this kind.
    pub kind: Option<CutKind>,
    /// Revoked by this actor.
    pub actor: Option<Actor>,
    /// Not older than this.
    pub since: Option<Timestamp>,
}

/// A purge takes a session that is over, and the tag of a batch, when they were old for so long at [`PurgeRequest::before`]: until
/// then the session is still listed, and the tag known.
pub const RETENTION: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 3600);

/// By how much a store may raise the horizon, the highest access `exp` ever minted, ahead of what is minted: an entry lives
/// at most so much longer than it need.
pub const HORIZON_STEP: std::time::Duration = std::time::Duration::from_secs(60);

/// What is to be purged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurgeRequest {
    /// Entries whose `expires_at` is earlier: now less the safety margin.
    pub before: Timestamp,
    /// At most so many in this transaction.
    pub limit: u32,
    /// Only count them (all, whatever the limit).
    pub dry_run: bool,
    /// By whom.
    pub by: Provenance,
}

/// What a purge did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PurgeOutcome {
    /// How many entries were removed, or would be.
    pub purged: u64,
    /// Whether there may be more.
    pub more: bool,
}
