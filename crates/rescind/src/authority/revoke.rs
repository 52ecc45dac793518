//! Revoking, for those who administer.

use crate::audit::{Actor, action};
use crate::authority::act::{act, within};
use crate::authority::error::{Error, Result};
use crate::authority::{Authority, Caller, ClientProof, LARGEST_LEEWAY, Reach};
use crate::clock::Timestamp;
use crate::directory::Scope;
use crate::id::{ClientId, SessionId, TenantId, UserId};
use crate::ledger::{
    Cut, CutOutcome, CutTarget, Entry, EntryFilter, Mark, PurgeOutcome, PurgeRequest, TokenKey,
};
use crate::store::{Page, PageRequest, traced};
use uuid::Uuid;

/// The longest text of a `jti`.
const MAX_JTI_BYTES: usize = 256;

/// For how long an entry may be asked to stand: what has no end would stay in every verifier's memory for ever.
const LONGEST_ENTRY: std::time::Duration = std::time::Duration::from_secs(10 * 366 * 86_400);

/// What is to be revoked, and for whom.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, .. }| {
/// use std::time::Duration;
///
/// use rescind::authority::{RevocationRequest, What};
///
/// // Of another issuer's token its `jti` is known, and that it lives for an hour.
/// let hour = authority.now().plus(Duration::from_secs(3600));
/// let request = RevocationRequest {
///     what: What::Jti("7f1c".into()),
///     expires_at: Some(hour),
///     user: None,
///     tenant: Some(acme),
///     reason: Some("found in a log".into()),
/// };
/// let (entry, _) = authority.revoke(&operator, request).await?;
/// assert_eq!(entry.mark.tenant, Some(acme));
/// assert!(entry.mark.expires_at >= hour);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct RevocationRequest {
    /// What.
    pub what: What,
    /// When what it kills has expired by itself, where the caller knows; without the safety margin.
    pub expires_at: Option<Timestamp>,
    /// The user concerned, for listing.
    pub user: Option<UserId>,
    /// For whose tokens it holds; none: the caller's own tenant, or everybody's.
    pub tenant: Option<TenantId>,
    /// Why.
    pub reason: Option<String>,
}

/// A token or a session, however the caller names it.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, .. }| {
/// use std::time::Duration;
///
/// use rescind::authority::{RevocationRequest, What};
/// use rescind::id::{SessionId, UserId};
/// use rescind::ledger::MarkKey;
///
/// // Of another issuer nothing is known here but how long its tokens may live.
/// # let (user, session) = (UserId(uuid::Uuid::from_u128(7)), SessionId(uuid::Uuid::from_u128(8)));
/// let foreign = |what| RevocationRequest {
///     what,
///     expires_at: Some(authority.now().plus(Duration::from_secs(8 * 3600))),
///     user: None,
///     tenant: Some(acme),
///     reason: Some("has left".into()),
/// };
/// let (entry, _) = authority.revoke(&operator, foreign(What::ForeignUser(user))).await?;
/// // Tokens whose `ver` is lower are dead; those that issuer mints from now on are to carry it.
/// assert!(entry.mark.min_version > Some(0));
///
/// let (entry, _) = authority.revoke(&operator, foreign(What::ForeignSession(session))).await?;
/// assert_eq!(entry.mark.key, MarkKey::Session(session));
/// # Ok(())
/// # });
/// ```
#[derive(Clone)]
pub enum What {
    /// By its `jti`. Where it is a refresh token's, its session.
    Jti(String),
    /// A session, by its id.
    Session(SessionId),
    /// By its text: an access token is cut by its jti, a refresh token ends its session.
    Token(String),
    /// By SHA-256 of its signing input.
    Digest([u8; 32]),
    /// A session of another issuer's ([`Issuer::foreign`](crate::token::Issuer::foreign)), which need not be known here.
    /// [`RevocationRequest::expires_at`] must be told, unless the settings say how long such tokens live.
    ForeignSession(SessionId),
    /// Every token of a user of another issuer's whose version is lower than that of the entry that this writes. The user need
    /// not be known here; the tenant must be, and `expires_at` told as above.
    ForeignUser(UserId),
}

impl What {
    /// The same `jti` as UUIDs are usually spelled, where it is one that is spelled otherwise.
    fn usually_spelled(&self) -> Option<Self> {
        let Self::Jti(jti) = self else { return None };
        usual_spelling(jti).map(Self::Jti)
    }
}

impl std::fmt::Debug for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Jti(jti) => f.debug_tuple("Jti").field(jti).finish(),
            Self::Session(id) => f.debug_tuple("Session").field(id).finish(),
            Self::Token(_) => f.write_str("Token(…)"),
            Self::Digest(_) => f.write_str("Digest(…)"),
            Self::ForeignSession(id) => f.debug_tuple("ForeignSession").field(id).finish(),
            Self::ForeignUser(id) => f.debug_tuple("ForeignUser").field(id).finish(),
        }
    }
}

/// What a tenant cut did, or would do.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, .. }| {
/// let would = authority.revoke_tenant(&operator, acme, None, true).await?;
/// let did = authority.revoke_tenant(&operator, acme, None, false).await?;
/// assert_eq!((would.seq, would.revoked), (None, did.revoked));
/// assert!(would.token_version < did.token_version);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantRevocation {
    /// How many sessions were ended, or would be.
    pub revoked: u64,
    /// The tenant's token version.
    pub token_version: i64,
    /// The ledger entry; none after a dry run.
    pub seq: Option<i64>,
}

impl Authority {
    /// Revokes a token or a session. Answers with the entry that stands, and whether it is new.
    ///
    /// A `jti` that is a UUID in another than the usual spelling (capitals, braces, no hyphens) is revoked in both: another issuer's
    /// token may have just that text, and whoever means one of ours means the usual one, which is what is answered.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, pair, .. }| {
    /// use rescind::authority::{RevocationRequest, What};
    /// use rescind::ledger::CutKind;
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let token = pair.access_token.expose_secret();
    /// let request = RevocationRequest {
    ///     what: What::Token(token.into()),
    ///     expires_at: None,
    ///     user: None,
    ///     tenant: None,
    ///     reason: Some("found in a log".into()),
    /// };
    /// let (entry, new) = authority.revoke(&operator, request.clone()).await?;
    /// assert_eq!((entry.mark.kind(), new), (CutKind::Token, true));
    /// let refused = authority.check(token, Expected::Configured).await;
    /// assert_eq!(refused.unwrap_err().code(), "token_revoked");
    ///
    /// // Revoked once more, it stays as it was.
    /// assert_eq!(authority.revoke(&operator, request).await?, (entry, false));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn revoke(&self, caller: &Caller, request: RevocationRequest) -> Result<(Entry, bool)> {
        let Some(usual) = request.what.usually_spelled() else {
            return self.revoke_one(caller, request).await;
        };
        self.revoke_one(caller, request.clone()).await?;
        self.revoke_one(caller, RevocationRequest { what: usual, ..request }).await
    }

    /// What [`Authority::revoke`] would cut: one thing, or two where a `jti` is a UUID that is spelled as they usually are not. Nothing is
    /// written. Where it would refuse, this does.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
    /// use rescind::authority::{RevocationRequest, What};
    ///
    /// let request = |jti: &str| RevocationRequest {
    ///     what: What::Jti(jti.into()),
    ///     expires_at: None,
    ///     user: None,
    ///     tenant: None,
    ///     reason: None,
    /// };
    /// let capitals = request("0198F3A0-5C1E-7CC3-98C4-DC0C0C07398F");
    /// assert_eq!(authority.revocation_targets(&operator, &capitals).await?.len(), 2);
    /// assert!(authority.revocation_targets(&operator, &request("")).await.is_err());
    /// # Ok(())
    /// # });
    /// ```
    pub async fn revocation_targets(
        &self,
        caller: &Caller,
        request: &RevocationRequest,
    ) -> Result<Vec<CutTarget>> {
        let mut targets = vec![self.admit(caller, request).await?.1];
        if let Some(what) = request.what.usually_spelled() {
            targets.push(self.admit(caller, &RevocationRequest { what, ..request.clone() }).await?.1);
        }
        Ok(targets)
    }

    /// What the request names, and how far the caller reaches, who may cut it.
    async fn admit(&self, caller: &Caller, request: &RevocationRequest) -> Result<(Reach, CutTarget)> {
        let reach = self.reach(caller, Scope::RevocationsWrite)?;
        check_reason(request.reason.as_deref())?;
        if let Some(tenant) = request.tenant {
            reach.must_cover(tenant)?;
        }
        if request.expires_at.is_some_and(|at| at > self.now().plus(LONGEST_ENTRY)) {
            return Err(Error::Invalid { member: "expires_at", why: "at most ten years ahead" });
        }
        self.check_horizon(request)?;
        Ok((reach, self.target(request, reach).await?))
    }

    async fn revoke_one(&self, caller: &Caller, request: RevocationRequest) -> Result<(Entry, bool)> {
        let now = self.now();
        let (reach, target) = self.admit(caller, &request).await?;
        let action = action_of(&target);
        let expires_at = request.expires_at.unwrap_or(Timestamp::from_millis(0)).max(self.access_exp(now));
        let extends = request.expires_at.is_some();
        let by = caller.provenance(now);
        let outcome =
            self.cut(Cut { target, expires_at, extends, reason: request.reason, action, by }).await?;
        Ok((told(outcome.entry, reach), outcome.created))
    }

    /// Revokes what the text of a token names (RFC 7009 §2.1): for its own client, or for a caller that reaches its tenant with
    /// `revocations:write` (`reach`). Whatever else it names is no error there, and nothing happens.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, backend, .. }| {
    /// use rescind::authority::{ClientProof, RefreshRequest};
    /// use secrecy::ExposeSecret as _;
    ///
    /// let token = pair.refresh_token.expose_secret();
    /// // Somebody else's client asks: no error, and nothing happens.
    /// let other = ClientProof::Claimed(None);
    /// authority.revoke_text(&ada, token, None, other).await?;
    /// let again = RefreshRequest { token, ..RefreshRequest::default() };
    /// assert!(authority.refresh(&ada, again.clone()).await.is_ok());
    ///
    /// let own = backend.identity.client().ok_or("not a client")?;
    /// authority.revoke_text(&backend, token, None, ClientProof::Proven(own)).await?;
    /// assert!(authority.refresh(&ada, again).await.is_err());
    /// # Ok(())
    /// # });
    /// ```
    pub async fn revoke_text(
        &self,
        caller: &Caller,
        token: &str,
        reach: Option<Reach>,
        client: ClientProof,
    ) -> Result<()> {
        let target = match self.target_of_text(token, Reach::All, None).await {
            Ok(target) => target,
            Err(Error::NotFound | Error::Invalid { .. }) => return Ok(()),
            Err(other) => return Err(other),
        };
        if !self.may_revoke_text(token, &target, reach, client).await? {
            return Ok(());
        }
        let now = self.now();
        let cut = Cut {
            action: action_of(&target),
            target,
            expires_at: self.access_exp(now),
            extends: false,
            reason: Some("revoked by its client".to_owned()),
            by: caller.provenance(now),
        };
        match self.cut(cut).await {
            Err(Error::NotFound) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Ends every session and token of a user.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, pair, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let me = ada.signed_in()?;
    /// let reason = Some("has left".into());
    /// let outcome = authority.revoke_user(&operator, me.user, Some(me.tenant), reason).await?;
    /// assert_eq!(outcome.revoked, 1, "so many sessions were active");
    /// let refused = authority.check(pair.access_token.expose_secret(), Expected::Configured).await;
    /// assert_eq!(refused.unwrap_err().code(), "token_revoked");
    /// # Ok(())
    /// # });
    /// ```
    pub async fn revoke_user(
        &self,
        caller: &Caller,
        user: UserId,
        tenant: Option<TenantId>,
        reason: Option<String>,
    ) -> Result<CutOutcome> {
        check_reason(reason.as_deref())?;
        let user = self.reachable_user(caller, Scope::RevocationsWrite, user, tenant).await?;
        let now = self.now();
        self.cut(Cut {
            target: CutTarget::User { tenant: user.tenant, user: user.id, spare: None },
            expires_at: self.access_exp(now),
            extends: false,
            reason,
            action: action::USER_REVOKED,
            by: caller.provenance(now),
        })
        .await
    }

    /// How many sessions [`Authority::revoke_user`] would end.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, .. }| {
    /// let me = ada.signed_in()?;
    /// assert_eq!(authority.count_user(&operator, me.user, Some(me.tenant)).await?, 1);
    /// authority.revoke_all_own(&ada).await?;
    /// assert_eq!(authority.count_user(&operator, me.user, Some(me.tenant)).await?, 0);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn count_user(&self, caller: &Caller, user: UserId, tenant: Option<TenantId>) -> Result<u64> {
        let user = self.reachable_user(caller, Scope::RevocationsWrite, user, tenant).await?;
        let target = CutTarget::User { tenant: user.tenant, user: user.id, spare: None };
        Ok(self.store.count_reach(&target, self.now()).await?)
    }

    /// Ends every session and token of a tenant, or says how many sessions that would be.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, pair, backend, handover, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// // First how far it would reach, then in earnest.
    /// let would = authority.revoke_tenant(&operator, acme, None, true).await?;
    /// assert_eq!((would.revoked, would.seq), (1, None));
    /// let done = authority.revoke_tenant(&operator, acme, Some("contract ended".into()), false).await?;
    /// assert_eq!(done.revoked, 1);
    /// assert!(authority.check(pair.access_token.expose_secret(), Expected::Configured).await.is_err());
    ///
    /// // Whoever signs in afterwards is let in, even within the same second.
    /// let after = authority.hand_over(&backend, handover).await?;
    /// assert!(authority.check(after.access_token.expose_secret(), Expected::Configured).await.is_ok());
    /// # Ok(())
    /// # });
    /// ```
    pub async fn revoke_tenant(
        &self,
        caller: &Caller,
        tenant: TenantId,
        reason: Option<String>,
        dry_run: bool,
    ) -> Result<TenantRevocation> {
        check_reason(reason.as_deref())?;
        self.reach(caller, Scope::RevocationsWrite)?.must_cover(tenant)?;
        let now = self.now();
        let target = CutTarget::Tenant { tenant };
        if dry_run {
            let token_version = self.store.tenant(tenant).await?.token_version;
            let revoked = self.store.count_reach(&target, now).await?;
            return Ok(TenantRevocation { revoked, token_version, seq: None });
        }
        let outcome = self
            .cut(Cut {
                target,
                expires_at: self.access_exp(now),
                extends: false,
                reason,
                action: action::TENANT_REVOKED,
                by: caller.provenance(now),
            })
            .await?;
        Ok(TenantRevocation {
            revoked: outcome.revoked,
            token_version: outcome.standing.tenant_token_version,
            seq: Some(outcome.entry.seq),
        })
    }

    /// The newest entry that revokes a token. Of one for everybody a caller of one tenant is told that it stands, and neither why nor by
    /// whom: it has no reason and no user then, and [`Actor::System`] has made it.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
    /// use rescind::authority::{Error, RevocationRequest, What};
    ///
    /// let jti = "7f1c";
    /// assert_eq!(authority.revocation(&operator, jti).await.unwrap_err(), Error::NotFound);
    ///
    /// let (what, reason) = (What::Jti(jti.into()), Some("found in a log".into()));
    /// let request = RevocationRequest { what, reason, expires_at: None, user: None, tenant: None };
    /// authority.revoke(&operator, request).await?;
    /// assert_eq!(authority.revocation(&operator, jti).await?.reason.as_deref(), Some("found in a log"));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn revocation(&self, caller: &Caller, jti: &str) -> Result<Entry> {
        let reach = self.reach(caller, Scope::RevocationsRead)?;
        let entry = self.store.token_entry(&TokenKey::new(jti), reach.tenant()).await?;
        match entry.mark.tenant {
            Some(tenant) => reach.must_cover(tenant).map(|()| entry),
            None => Ok(told(entry, reach)),
        }
    }

    /// Revocations, newest first.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, acme, .. }| {
    /// use rescind::ledger::{CutKind, EntryFilter};
    /// use rescind::store::PageRequest;
    ///
    /// authority.revoke_all_own(&ada).await?;
    /// authority.revoke_tenant(&operator, acme, None, false).await?;
    ///
    /// let page = PageRequest { limit: 50, cursor: None };
    /// let all = authority.revocations(&operator, EntryFilter::default(), &page).await?;
    /// let kinds: Vec<_> = all.items.iter().map(|entry| entry.mark.kind()).collect();
    /// assert_eq!(kinds, [CutKind::Tenant, CutKind::User]);
    /// let users = EntryFilter { kind: Some(CutKind::User), ..EntryFilter::default() };
    /// let of_users = authority.revocations(&operator, users, &page).await?;
    /// assert_eq!(of_users.items, all.items[1..]);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn revocations(
        &self,
        caller: &Caller,
        filter: EntryFilter,
        page: &PageRequest,
    ) -> Result<Page<Entry>> {
        let reach = self.reach(caller, Scope::RevocationsRead)?;
        let filter = EntryFilter { tenant: reach.tenant().or(filter.tenant), ..filter };
        let mut entries = self.store.entries(&filter, page).await?;
        entries.items.retain(|entry| scope_of(entry).is_none_or(|tenant| reach.covers(tenant)));
        Ok(entries)
    }

    /// A user's revocations, newest first.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, .. }| {
    /// use rescind::store::PageRequest;
    ///
    /// authority.revoke_all_own(&ada).await?;
    /// let (me, page) = (ada.signed_in()?, PageRequest { limit: 50, cursor: None });
    /// let entries = authority.revocations_of(&operator, me.user, Some(me.tenant), &page).await?.items;
    /// assert_eq!(entries[0].revoked_by, ada.actor());
    /// # Ok(())
    /// # });
    /// ```
    pub async fn revocations_of(
        &self,
        caller: &Caller,
        user: UserId,
        tenant: Option<TenantId>,
        page: &PageRequest,
    ) -> Result<Page<Entry>> {
        let user = self.reachable_user(caller, Scope::RevocationsRead, user, tenant).await?;
        let filter = EntryFilter { tenant: Some(user.tenant), user: Some(user.id), ..EntryFilter::default() };
        Ok(self.store.entries(&filter, page).await?)
    }

    /// Removes what expired longer than `margin` ago, in small batches; or says how much that would be. The margin is never
    /// below [`LARGEST_LEEWAY`].
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, clock, .. }| {
    /// use std::time::Duration;
    ///
    /// authority.revoke_all_own(&ada).await?;
    /// assert_eq!(authority.purge(&operator, None, false).await?, 0, "it is needed yet");
    ///
    /// // What it kills has expired by itself long since.
    /// clock.forward(Duration::from_secs(86_400));
    /// assert_eq!(authority.purge(&operator, None, true).await?, 1);
    /// assert_eq!(authority.purge(&operator, None, false).await?, 1);
    /// assert_eq!(authority.purge(&operator, None, false).await?, 0);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn purge(
        &self,
        caller: &Caller,
        margin: Option<std::time::Duration>,
        dry_run: bool,
    ) -> Result<u64> {
        caller.must_be_operator(self.system_tenant)?;
        let margin = self.purge_margin(margin);
        let mut purged = 0;
        loop {
            let now = self.now();
            let request = PurgeRequest {
                before: now.minus(margin),
                limit: PURGE_BATCH,
                dry_run,
                by: caller.provenance(now),
            };
            let PurgeOutcome { purged: batch, more } = self.store.purge(request).await?;
            purged += batch;
            if dry_run {
                return Ok(purged);
            }
            self.acts.purged_a_batch(batch);
            if !more {
                self.acts.purged_all();
                return Ok(purged);
            }
        }
    }

    /// For how long an entry is kept after it has expired.
    pub(super) fn purge_margin(&self, asked: Option<std::time::Duration>) -> std::time::Duration {
        asked.unwrap_or(self.settings.purge_safety_margin).max(LARGEST_LEEWAY).max(self.settings.leeway)
    }

    /// Revokes in the store, and, once that is durable, in this node's replica.
    pub(super) async fn cut(&self, cut: Cut) -> Result<CutOutcome> {
        let now = cut.by.at;
        let revoking = async {
            let outcome = traced("cut", self.store.cut(cut)).await?;
            tracing::Span::current().record("kind", outcome.entry.mark.kind().as_str());
            Ok(outcome)
        };
        let outcome = within(act!("revoke", kind = tracing::field::Empty), revoking).await?;
        let entry = std::slice::from_ref(&outcome.entry);
        // One that stood already was written, and counted, before.
        if outcome.created {
            self.wrote(entry, now);
        } else {
            self.apply(entry, now);
        }
        Ok(outcome)
    }

    /// Entries that this node has just written.
    pub(super) fn wrote(&self, entries: &[Entry], now: Timestamp) {
        self.acts.wrote(entries);
        self.apply(entries, now);
    }

    /// The marks of entries that this node wrote hold here at once; its cursor moves only by reading in order.
    pub(super) fn apply(&self, entries: &[Entry], now: Timestamp) {
        self.take_up(entries.iter().map(|entry| &entry.mark), now);
        self.history.wrote(entries);
    }

    /// Marks that the ledger holds hold here. What is news here goes on to the shared cache, so that what another process wrote
    /// that has none gets there too.
    pub(super) fn take_up<'m>(&self, marks: impl Iterator<Item = &'m Mark>, now: Timestamp) {
        let news: Vec<_> = marks.filter(|mark| self.replica.apply(mark, now)).collect();
        self.lookup.publish(news, now);
    }

    async fn target(&self, request: &RevocationRequest, reach: Reach) -> Result<CutTarget> {
        let tenant = request.tenant.or(reach.tenant());
        if let (None, Some(user)) = (tenant, request.user) {
            self.must_be_one(user).await?;
        }
        match &request.what {
            What::Jti(jti) => {
                check_jti(jti)?;
                let key = TokenKey::new(jti);
                self.refuse_operators_token(&key, reach).await?;
                Ok(CutTarget::Token { key, tenant, user: request.user })
            }
            What::Digest(digest) => Ok(CutTarget::Digest { digest: *digest, tenant, user: request.user }),
            What::Session(id) => self.target_of_session(*id, reach, tenant).await,
            What::Token(text) => self.target_of_text(text, reach, tenant).await,
            What::ForeignSession(id) => {
                let of_system = self.store.session(*id, Some(self.system_tenant), self.now()).await;
                if super::sign_in::found(of_system)?.is_some() {
                    reach.must_cover(self.system_tenant)?;
                }
                Ok(CutTarget::ForeignSession { id: *id, tenant, user: request.user })
            }
            What::ForeignUser(user) => {
                let tenant =
                    tenant.ok_or(Error::Invalid { member: "tenant_id", why: "whose user is it?" })?;
                Ok(CutTarget::ForeignUser { tenant, user: *user })
            }
        }
    }

    /// An entry that ends before another issuer's tokens would let them live again, and how long they live has to be told: once, by
    /// [`AuthoritySettings::foreign_ttl`](crate::authority::AuthoritySettings::foreign_ttl), or each time.
    fn check_horizon(&self, request: &RevocationRequest) -> Result<()> {
        let foreign = matches!(request.what, What::ForeignSession(_) | What::ForeignUser(_));
        if foreign && request.expires_at.is_none() && self.settings.foreign_ttl.is_zero() {
            let why = "needed: when the last token of another issuer that this is to kill has expired";
            return Err(Error::Invalid { member: "expires_at", why });
        }
        Ok(())
    }

    /// A user's id means one user within a tenant only. One who is not known here may be somebody else's, and of any tenant.
    async fn must_be_one(&self, user: UserId) -> Result<()> {
        super::sign_in::found(self.store.user(None, user).await).map(drop)
    }

    /// Only operators cut what is of the tenant `system`.
    async fn refuse_operators_token(&self, key: &TokenKey, reach: Reach) -> Result<()> {
        let Reach::AllBut(_) = reach else { return Ok(()) };
        match super::sign_in::found(self.store.jti_owner(key).await)? {
            Some(owner) => reach.must_cover(owner.tenant),
            None => Ok(()),
        }
    }

    async fn target_of_session(
        &self,
        id: SessionId,
        reach: Reach,
        tenant: Option<TenantId>,
    ) -> Result<CutTarget> {
        let session = self.store.session(id, tenant, self.now()).await?;
        reach.must_cover(session.tenant)?;
        Ok(CutTarget::Session { id, tenant: Some(session.tenant), user: None })
    }

    /// Whoever holds a token may end it, as the client that it was given to: by name, or by secret where that client must prove
    /// itself.
    async fn may_revoke_text(
        &self,
        token: &str,
        target: &CutTarget,
        reach: Option<Reach>,
        client: ClientProof,
    ) -> Result<bool> {
        let (owner, tenant) = match target {
            CutTarget::Session { id, tenant, .. } => {
                let session = self.store.session(*id, *tenant, self.now()).await?;
                (session.client, session.tenant)
            }
            CutTarget::Token { tenant: Some(tenant), .. } => (self.client_of_text(token), *tenant),
            _ => return Ok(false),
        };
        if reach.is_some_and(|reach| reach.covers(tenant)) {
            return Ok(true);
        }
        Ok(match client {
            ClientProof::Proven(proven) => owner == Some(proven),
            ClientProof::Claimed(claimed) => owner == claimed && self.is_public(owner).await?,
            ClientProof::Unstated => self.is_public(owner).await?,
        })
    }

    fn client_of_text(&self, token: &str) -> Option<ClientId> {
        let access = self.verifier.validator().validate_ignoring_time(token).ok()?;
        access.client_id()?.parse().ok()
    }

    async fn is_public(&self, client: Option<ClientId>) -> Result<bool> {
        let Some(id) = client else { return Ok(true) };
        let known = super::sign_in::found(self.store.client(id, self.now()).await)?;
        Ok(known.is_none_or(|(client, _)| !client.refresh_requires_secret))
    }

    async fn target_of_text(&self, token: &str, reach: Reach, within: Option<TenantId>) -> Result<CutTarget> {
        if let Ok(refresh) = self.refresh_validator.validate_ignoring_time(token) {
            return self.target_of_session(refresh.session_id(), reach, within.or(reach.tenant())).await;
        }
        let invalid = Error::Invalid { member: "token", why: "not a token of this authority" };
        let access = self.verifier.validator().validate_ignoring_time(token).map_err(|_| invalid.clone())?;
        let (Some(jti), Some(tenant)) = (access.jti(), access.tenant_id()) else { return Err(invalid) };
        reach.must_cover(tenant)?;
        if within.is_some_and(|within| within != tenant) {
            return Err(Error::NotFound);
        }
        Ok(CutTarget::Token { key: TokenKey::new(jti), tenant: Some(tenant), user: access.user_id() })
    }
}

fn action_of(target: &CutTarget) -> &'static str {
    match target {
        CutTarget::Session { .. } | CutTarget::ForeignSession { .. } => action::SESSION_REVOKED,
        CutTarget::ForeignUser { .. } => action::USER_REVOKED,
        _ => action::TOKEN_REVOKED,
    }
}

/// How many entries one transaction of a purge removes.
const PURGE_BATCH: u32 = 500;

/// Whose an entry is: the tenant that it holds for, or that it is about.
fn scope_of(entry: &Entry) -> Option<TenantId> {
    match entry.mark.key {
        crate::ledger::MarkKey::Tenant(tenant) => Some(tenant),
        _ => entry.mark.tenant,
    }
}

/// An entry as it is shown to whoever reaches so far: of an operator's, which is everybody's, a tenant learns that it stands.
pub(super) fn told(entry: Entry, reach: Reach) -> Entry {
    if reach.tenant().is_none() || scope_of(&entry).is_some() {
        return entry;
    }
    Entry { user: None, reason: None, revoked_by: Actor::System, ..entry }
}

/// A `jti` that is a UUID in another spelling than the usual one, in that.
pub(super) fn usual_spelling(jti: &str) -> Option<String> {
    let usual = Uuid::try_parse(jti).ok()?.to_string();
    (usual != jti).then_some(usual)
}

pub(super) fn check_jti(jti: &str) -> Result<()> {
    if (1..=MAX_JTI_BYTES).contains(&jti.len()) && !jti.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Error::Invalid { member: "jti", why: "1 to 256 bytes, none of them a control character" })
}

pub(super) fn check_reason(reason: Option<&str>) -> Result<()> {
    let fits =
        |reason: &str| reason.chars().count() <= 500 && !reason.chars().any(|c| c.is_control() && c != '\n');
    if reason.is_none_or(fits) {
        return Ok(());
    }
    Err(Error::Invalid { member: "reason", why: "at most 500 characters, none of them a control character" })
}
