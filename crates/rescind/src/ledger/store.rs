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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, acme, .. }| {
/// use rescind::ledger::Follow;
///
/// let store = ports.store;
/// let before = store.head().await?.cursor;
/// authority.revoke_tenant(&operator, acme, None, false).await?;
/// let Follow::Entries(entries, reached) = store.entries_after(before, 100).await? else {
///     panic!("it was restored meanwhile")
/// };
/// assert_eq!(entries.len(), 1);
/// assert_eq!(reached, store.head().await?.cursor);
/// # Ok(())
/// # });
/// ```
pub trait LedgerStore: Send + Sync {
    /// Revokes. Repeating a cut of a token, session or digest changes nothing and keeps the first reason
    /// (but see [`Cut::extends`]); a user or tenant cut always raises the version anew.
    ///
    /// [`crate::store::StoreError::NotFound`] where the session, user or tenant is not there, or not within the tenant
    /// that was named; a [foreign](CutTarget::ForeignUser) session or user need not be.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, acme, .. }| {
    /// use rescind::audit::action;
    /// use rescind::ledger::{Cut, CutTarget};
    ///
    /// let now = authority.now();
    /// let cut = Cut {
    ///     target: CutTarget::Tenant { tenant: acme },
    ///     expires_at: now.plus(authority.settings().access_ttl),
    ///     extends: false,
    ///     reason: Some("contract ended".into()),
    ///     action: action::TENANT_REVOKED,
    ///     by: operator.provenance(now),
    /// };
    /// let outcome = ports.store.cut(cut).await?;
    /// assert_eq!((outcome.created, outcome.revoked), (true, 1));
    /// # Ok(())
    /// # });
    /// ```
    fn cut(&self, cut: Cut) -> Answer<'_, CutOutcome>;
    /// Writes back what a node knows to be revoked and this ledger has lost, with whatever hangs on it: see [`Reinstate`].
    /// Returns the entries that were written; none where everything stands, so that any number of nodes may do it.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, acme, .. }| {
    /// use rescind::ledger::{Mark, MarkKey, Reinstate};
    ///
    /// // This node knows of a tenant cut; the ledger was restored from a backup of before it.
    /// let now = authority.now();
    /// let (version, access_exp) = (now.as_millis() + 1, now.plus(authority.settings().access_ttl));
    /// let mark = Mark {
    ///     tenant: None,
    ///     key: MarkKey::Tenant(acme),
    ///     min_version: Some(version),
    ///     expires_at: access_exp,
    /// };
    /// let lost = Reinstate { marks: vec![mark], access_exp, by: operator.provenance(now) };
    /// assert_eq!(ports.store.reinstate(lost.clone()).await?.len(), 1);
    /// assert_eq!(ports.store.tenant(acme).await?.token_version, version);
    /// assert_eq!(ports.store.reinstate(lost).await?, [], "it stands");
    /// # Ok(())
    /// # });
    /// ```
    fn reinstate(&self, reinstate: Reinstate) -> Answer<'_, Vec<Entry>>;
    /// How many sessions a cut would end now.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, acme, .. }| {
    /// use rescind::ledger::CutTarget;
    ///
    /// let target = CutTarget::Tenant { tenant: acme };
    /// assert_eq!(ports.store.count_reach(&target, authority.now()).await?, 1);
    /// # Ok(())
    /// # });
    /// ```
    fn count_reach<'a>(&'a self, target: &'a CutTarget, now: Timestamp) -> Answer<'a, u64>;

    /// Where the ledger ends, as of a read that began after the call.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, .. }| {
    /// let before = ports.store.head().await?;
    /// authority.revoke_all_own(&ada).await?;
    /// let after = ports.store.head().await?;
    /// assert_eq!(after.cursor.seq, before.cursor.seq + 1);
    /// assert_eq!(after.keys_version, before.keys_version, "the keys are as they were");
    /// # Ok(())
    /// # });
    /// ```
    fn head(&self) -> Answer<'_, Head>;
    /// Entries after `cursor`, in order, at most `limit`. A cursor of [`Cursor::default`] starts from what is not yet purged.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, ada, acme, .. }| {
    /// use rescind::ledger::{Cursor, CutKind, Follow};
    ///
    /// authority.revoke_all_own(&ada).await?;
    /// authority.revoke_tenant(&operator, acme, None, false).await?;
    ///
    /// let (mut cursor, mut kinds) = (Cursor::default(), Vec::new());
    /// while let Follow::Entries(entries, reached) = ports.store.entries_after(cursor, 1).await? {
    ///     let Some(entry) = entries.first() else { break };
    ///     kinds.push(entry.mark.kind());
    ///     cursor = reached;
    /// }
    /// assert_eq!(kinds, [CutKind::User, CutKind::Tenant]);
    /// # Ok(())
    /// # });
    /// ```
    fn entries_after(&self, cursor: Cursor, limit: u32) -> Answer<'_, Follow>;
    /// The same entries as verifiers need them: what each one means, with the cursor of its own place, from which a reader
    /// that has seen it can go on.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, .. }| {
    /// use rescind::ledger::{Cursor, Follow};
    ///
    /// authority.revoke_all_own(&ada).await?;
    /// let Follow::Entries(marks, reached) = ports.store.marks_after(Cursor::default(), 100).await? else {
    ///     panic!("the beginning is of every history")
    /// };
    /// assert_eq!((marks.len(), marks[0].cursor), (1, reached));
    /// # Ok(())
    /// # });
    /// ```
    fn marks_after(&self, cursor: Cursor, limit: u32) -> Answer<'_, Follow<PlacedMark>>;

    /// Resolves when the ledger may have grown since the last call, as far as the store can tell; none where it cannot, and its
    /// head is to be read every few milliseconds. A wake-up and no more: one may come late, twice or never.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
    /// // SQLite tells nobody: whoever follows it reads its head every few milliseconds.
    /// assert!(ports.store.changed().is_none());
    /// # Ok(())
    /// # });
    /// ```
    fn changed(&self) -> Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>> {
        None
    }

    /// Whether this is the node that does what one node is to do (purge, rotate keys): of several on one store it is one at a time,
    /// and another soon after that one died. A store that is one machine's says yes.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
    /// // A file is one machine's: its node does what one node is to do.
    /// assert!(ports.store.leads());
    /// # Ok(())
    /// # });
    /// ```
    fn leads(&self) -> bool {
        true
    }

    /// The newest entry that revokes this token, for `tenant` (where given: only entries of that scope or of none).
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, .. }| {
    /// use rescind::authority::{RevocationRequest, What};
    /// use rescind::ledger::TokenKey;
    /// use rescind::store::StoreError;
    ///
    /// let what = What::Jti("7f1c".into());
    /// let request = RevocationRequest { what, expires_at: None, user: None, tenant: None, reason: None };
    /// authority.revoke(&operator, request).await?;
    /// let entry = ports.store.token_entry(&TokenKey::new("7f1c"), None).await?;
    /// assert_eq!(entry.revoked_by, operator.actor());
    /// assert_eq!(ports.store.token_entry(&TokenKey::new("0000"), None).await, Err(StoreError::NotFound));
    /// # Ok(())
    /// # });
    /// ```
    fn token_entry<'a>(&'a self, key: &'a TokenKey, tenant: Option<TenantId>) -> Answer<'a, Entry>;
    /// What stands of each of `identities` that has an entry not yet purged, in no order: of several entries the highest version
    /// and the latest expiry, as a replica that has read them all holds it. One statement; asked at each check by a
    /// node that looks up ([`crate::lookup`]).
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, .. }| {
    /// use rescind::ledger::{MarkIdentity, MarkKey};
    ///
    /// authority.revoke_all_own(&ada).await?;
    /// let me = ada.signed_in()?;
    /// let asked = [MarkKey::User(me.user), MarkKey::Session(me.session)]
    ///     .map(|key| MarkIdentity { tenant: Some(me.tenant), key });
    /// let standing = ports.store.standing_marks(&asked).await?;
    /// // Her session needs no mark of its own.
    /// assert_eq!(standing.len(), 1);
    /// assert_eq!(standing[0].identity(), asked[0]);
    /// # Ok(())
    /// # });
    /// ```
    fn standing_marks<'a>(&'a self, identities: &'a [MarkIdentity]) -> Answer<'a, Vec<Mark>>;
    /// Entries that match, newest first.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, ada, acme, .. }| {
    /// use rescind::ledger::{CutKind, EntryFilter};
    /// # let page = rescind::store::PageRequest { limit: 50, cursor: None };
    ///
    /// authority.revoke_all_own(&ada).await?;
    /// authority.revoke_tenant(&operator, acme, None, false).await?;
    /// let all = ports.store.entries(&EntryFilter::default(), &page).await?.items;
    /// assert_eq!(all[0].mark.kind(), CutKind::Tenant, "the newest first");
    /// let of_users = EntryFilter { kind: Some(CutKind::User), ..EntryFilter::default() };
    /// assert_eq!(ports.store.entries(&of_users, &page).await?.items, all[1..]);
    /// # Ok(())
    /// # });
    /// ```
    fn entries<'a>(&'a self, filter: &'a EntryFilter, page: &'a PageRequest) -> Answer<'a, Page<Entry>>;

    /// When the entry expires that expires first; none where there is none. One look at an index.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, .. }| {
    /// assert_eq!(ports.store.first_expiry().await?, None);
    /// authority.revoke_all_own(&ada).await?;
    /// assert!(ports.store.first_expiry().await? > Some(authority.now()));
    /// # Ok(())
    /// # });
    /// ```
    fn first_expiry(&self) -> Answer<'_, Option<Timestamp>>;

    /// Removes a batch of entries that expired before `request.before`. Tags outlive the entries of their batch.
    /// In the same small steps go sessions that were ended, or whose absolute limit passed, 30 days before that.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, ada, clock, .. }| {
    /// use std::time::Duration;
    ///
    /// use rescind::ledger::PurgeRequest;
    ///
    /// authority.revoke_all_own(&ada).await?;
    /// clock.forward(Duration::from_secs(86_400));
    /// let now = authority.now();
    /// let request = PurgeRequest { before: now, limit: 500, dry_run: false, by: operator.provenance(now) };
    /// assert_eq!(ports.store.purge(request).await?.purged, 1);
    /// assert_eq!(ports.store.first_expiry().await?, None);
    /// # Ok(())
    /// # });
    /// ```
    fn purge(&self, request: PurgeRequest) -> Answer<'_, PurgeOutcome>;
}

/// What is to be revoked.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, .. }| {
/// use std::time::Duration;
///
/// use rescind::audit::action;
/// use rescind::ledger::{Cut, CutTarget, TokenKey};
///
/// let now = authority.now();
/// let day = Duration::from_secs(86_400);
/// let cut = Cut {
///     target: CutTarget::Token { key: TokenKey::new("7f1c"), tenant: None, user: None },
///     expires_at: now.plus(day),
///     extends: true,
///     reason: Some("found in a log".into()),
///     action: action::TOKEN_REVOKED,
///     by: operator.provenance(now),
/// };
/// let first = ports.store.cut(cut.clone()).await?.entry;
/// // Its token turns out to live for longer: a new entry, with the reason of the first.
/// let longer = Cut { expires_at: now.plus(2 * day), reason: None, ..cut };
/// let second = ports.store.cut(longer).await?.entry;
/// assert!(second.mark.expires_at > first.mark.expires_at);
/// assert_eq!(second.reason.as_deref(), Some("found in a log"));
/// # Ok(())
/// # });
/// ```
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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, backend, handover, ada, .. }| {
/// use rescind::ledger::CutTarget;
///
/// authority.hand_over(&backend, handover).await?;
/// let me = ada.signed_in()?;
/// let all_but = |spare| CutTarget::User { tenant: me.tenant, user: me.user, spare };
/// assert_eq!(ports.store.count_reach(&all_but(None), authority.now()).await?, 2);
/// assert_eq!(ports.store.count_reach(&all_but(Some(me.session)), authority.now()).await?, 1);
/// # Ok(())
/// # });
/// ```
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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, ada, .. }| {
/// let me = ada.signed_in()?;
/// let outcome = authority.revoke_user(&operator, me.user, Some(me.tenant), None).await?;
/// assert_eq!((outcome.created, outcome.revoked), (true, 1));
/// // What is below this version is dead; what is minted from now on has it.
/// assert_eq!(outcome.entry.mark.min_version, Some(outcome.standing.token_version));
/// # Ok(())
/// # });
/// ```
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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, ada, .. }| {
/// use rescind::ledger::Reinstate;
///
/// authority.revoke_all_own(&ada).await?;
/// // All that this node holds; nothing of it is missing in the ledger.
/// let now = authority.now();
/// let all = Reinstate {
///     marks: authority.replica().marks_held().take(Reinstate::MOST).collect(),
///     access_exp: now.plus(authority.settings().access_ttl),
///     by: operator.provenance(now),
/// };
/// assert_eq!(all.marks.len(), 1);
/// assert_eq!(ports.store.reinstate(all).await?, []);
/// # Ok(())
/// # });
/// ```
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
    ///
    /// ```
    /// use rescind::ledger::Reinstate;
    ///
    /// // Ten thousand marks are ten transactions.
    /// assert_eq!(10_000_usize.div_ceil(Reinstate::MOST), 10);
    /// ```
    pub const MOST: usize = 1000;
}

/// Where the ledger ends.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, .. }| {
/// let head = ports.store.head().await?;
/// assert_eq!(head.cursor, authority.replica().cursor(), "this node has read all of it");
/// // The store's clock is this machine's own: there is none to compare.
/// assert_eq!(head.store_time, None);
/// # Ok(())
/// # });
/// ```
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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
/// use rescind::ledger::{Cursor, Follow};
///
/// // A place that this ledger never had, as after it was restored from a backup.
/// let elsewhere = Cursor { seq: 7, tag: [0xa7; 16] };
/// match ports.store.entries_after(elsewhere, 100).await? {
///     Follow::OtherHistory => println!("load everything anew"),
///     Follow::Entries(entries, _) => panic!("{entries:?}"),
/// }
/// # Ok(())
/// # });
/// ```
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
    /// At most so many rows are looked at for a page; it may then be short, or empty, although there is more:
    /// [`next_cursor`](crate::store::Page::next_cursor) tells. None: as many as it takes.
    pub walk: Option<u32>,
}

/// A purge takes a session that is over, and the tag of a batch, when they were old for so long at [`PurgeRequest::before`]: until
/// then the session is still listed, and the tag known.
///
/// ```
/// use rescind::authority::AuthoritySettings;
/// use rescind::ledger::RETENTION;
///
/// // Whoever was cut off for less than that goes on from where it was.
/// assert!(RETENTION > AuthoritySettings::new("https://auth.example").max_staleness);
/// ```
pub const RETENTION: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 3600);

/// By how much a store may raise the horizon, the highest access `exp` ever minted, ahead of what is minted: an entry lives
/// at most so much longer than it need.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, .. }| {
/// use std::time::Duration;
///
/// use rescind::ledger::HORIZON_STEP;
///
/// let me = ada.signed_in()?;
/// let entry = authority.revoke_user(&operator, me.user, Some(me.tenant), None).await?.entry;
/// let needed = authority.now().plus(authority.settings().access_ttl);
/// assert!(entry.mark.expires_at.since(needed) <= HORIZON_STEP + Duration::from_secs(1));
/// # Ok(())
/// # });
/// ```
pub const HORIZON_STEP: std::time::Duration = std::time::Duration::from_secs(60);

/// What is to be purged.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, ada, clock, .. }| {
/// use std::time::Duration;
///
/// use rescind::ledger::PurgeRequest;
///
/// authority.revoke_all_own(&ada).await?;
/// clock.forward(Duration::from_secs(86_400));
/// let (before, by) = (authority.now(), operator.provenance(authority.now()));
/// let request = PurgeRequest { before, limit: 500, dry_run: true, by };
/// assert_eq!(ports.store.purge(request.clone()).await?.purged, 1);
/// assert_eq!(ports.store.purge(request).await?.purged, 1, "it was only counted");
/// # Ok(())
/// # });
/// ```
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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, .. }| {
/// use rescind::ledger::{PurgeOutcome, PurgeRequest};
///
/// let (before, by) = (authority.now(), operator.provenance(authority.now()));
/// let request = PurgeRequest { before, limit: 500, dry_run: false, by };
/// let nothing = PurgeOutcome { purged: 0, more: false };
/// assert_eq!(ports.store.purge(request).await?, nothing);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PurgeOutcome {
    /// How many entries were removed, or would be.
    pub purged: u64,
    /// Whether there may be more.
    pub more: bool,
}
