//! Revoking.

use rescind::audit::{Record, Target, action};
use rescind::directory::Standing;
use rescind::id::{SessionId, TenantId, UserId};
use rescind::ledger::{Cut, CutOutcome, CutTarget, Draft, Entry, MarkKey, TokenKey};
use rescind::store::StoreError;

use crate::audit::record;
use crate::directory::{Cause, Raise, lock_foreign_user, lock_tenant, lock_user, raise_tenant, raise_user};
use crate::error::{Outcome, optional};
use crate::ledger::reach::{count_tenant, count_user};
use crate::ledger::{append_in_turn, standing};
use crate::session::{Ending, end_session, lock_session, owner_of};
use crate::tx::Tx;

pub(crate) async fn cut(tx: &Tx, cut: &Cut) -> Outcome<CutOutcome> {
    match &cut.target {
        CutTarget::Token { key, tenant, user } => token(tx, cut, key, *tenant, *user).await,
        CutTarget::Session { id, tenant, user } => session(tx, cut, *id, *tenant, *user).await,
        CutTarget::User { tenant, user, spare } => {
            lock_user(tx, *tenant, *user).await?;
            self::user(tx, cut, *tenant, *user, Raise::Floor { spare: *spare }).await
        }
        CutTarget::ForeignUser { tenant, user } => {
            lock_foreign_user(tx, *tenant, *user, cut.by.at).await?;
            self::user(tx, cut, *tenant, *user, Raise::Foreign).await
        }
        CutTarget::ForeignSession { id, tenant, user } => foreign_session(tx, cut, *id, *tenant, *user).await,
        CutTarget::Tenant { tenant } => self::tenant(tx, cut, *tenant).await,
        CutTarget::Digest { digest, tenant, user } => {
            single(tx, cut, MarkKey::Digest(*digest), *tenant, *user).await
        }
    }
}

async fn token(
    tx: &Tx,
    cut: &Cut,
    key: &TokenKey,
    tenant: Option<TenantId>,
    user: Option<UserId>,
) -> Outcome<CutOutcome> {
    // A stranger's jti is recorded for the caller's tenant as though nothing knew it.
    let owner =
        optional(owner_of(tx, key).await)?.filter(|owner| tenant.is_none_or(|tenant| tenant == owner.tenant));
    let key = MarkKey::Token(key.clone());
    match owner {
        Some(owner) if owner.refresh => session(tx, cut, owner.session, None, None).await,
        Some(owner) => single(tx, cut, key, Some(owner.tenant), Some(owner.user)).await,
        None => single(tx, cut, key, tenant, user).await,
    }
}

/// Cuts one token, by jti or by digest. A later `expires_at` than the standing entry's extends it, where it is meant to.
async fn single(
    tx: &Tx,
    cut: &Cut,
    key: MarkKey,
    tenant: Option<TenantId>,
    user: Option<UserId>,
) -> Outcome<CutOutcome> {
    // Only whoever has the turn knows what stands.
    tx.take_turn().await?;
    if let Some(entry) = standing(tx, tenant, &key).await? {
        let Some(longer) = Draft::of_repeated_cut(cut, &entry) else { return Ok(unchanged(entry)) };
        let entry = append_in_turn(tx, longer).await?;
        let act = Record {
            action: action::REVOCATION_EXTENDED,
            target: Target::new(key.kind().as_str(), &key),
            tenant: entry.mark.tenant,
            user: entry.user,
            reason: cut.reason.as_deref(),
        };
        record(tx, &cut.by, &act).await?;
        return Ok(unchanged(entry));
    }
    let target = Target::new(key.kind().as_str(), &key);
    let reason = cut.reason.as_deref();
    let entry = append_in_turn(tx, Draft::of_cut(cut, key, tenant, user)).await?;
    record(tx, &cut.by, &Record { action: cut.action, target, tenant, user, reason }).await?;
    Ok(CutOutcome { entry, created: true, revoked: 0, standing: Standing::default() })
}

async fn session(
    tx: &Tx,
    cut: &Cut,
    id: SessionId,
    tenant: Option<TenantId>,
    user: Option<UserId>,
) -> Outcome<CutOutcome> {
    let row = lock_session(tx, id, tenant).await?;
    if user.is_some_and(|user| user != row.facts.user) {
        return Err(StoreError::NotFound.into());
    }
    let active = row.facts.is_active(cut.by.at);
    let ending = Ending {
        least: cut.expires_at,
        reason: cut.reason.as_deref(),
        actor: cut.by.actor,
        action: cut.action,
        by: &cut.by,
    };
    let (entry, created) = end_session(tx, &row.facts, &ending).await?;
    Ok(CutOutcome { entry, created, revoked: u64::from(active), standing: Standing::default() })
}

/// The user must be locked.
async fn user(tx: &Tx, cut: &Cut, tenant: TenantId, user: UserId, raise: Raise) -> Outcome<CutOutcome> {
    let active = count_user(tx, tenant, user, raise.spare(), cut.by.at).await?;
    let reason = cut.reason.as_deref();
    let cause = Cause { least: cut.expires_at, reason, by: &cut.by };
    let entry = raise_user(tx, tenant, user, raise, &cause).await?;
    let target = Target::new("user", user);
    let act = Record { action: cut.action, target, tenant: Some(tenant), user: Some(user), reason };
    record(tx, &cut.by, &act).await?;
    let standing = raise.standing(tx, tenant, user).await?;
    Ok(CutOutcome { entry, created: true, revoked: active, standing })
}

async fn tenant(tx: &Tx, cut: &Cut, tenant: TenantId) -> Outcome<CutOutcome> {
    lock_tenant(tx, tenant).await?;
    let active = count_tenant(tx, tenant, cut.by.at).await?;
    let reason = cut.reason.as_deref();
    let cause = Cause { least: cut.expires_at, reason, by: &cut.by };
    let (entry, standing) = raise_tenant(tx, tenant, &cause).await?;
    let target = Target::new("tenant", tenant);
    let act = Record { action: cut.action, target, tenant: Some(tenant), user: None, reason };
    record(tx, &cut.by, &act).await?;
    Ok(CutOutcome { entry, created: true, revoked: active, standing })
}

async fn foreign_session(
    tx: &Tx,
    cut: &Cut,
    id: SessionId,
    tenant: Option<TenantId>,
    user: Option<UserId>,
) -> Outcome<CutOutcome> {
    let Some(known) = optional(lock_session(tx, id, tenant).await)? else {
        return single(tx, cut, MarkKey::Session(id), tenant, user).await;
    };
    let ended = session(tx, cut, id, tenant, None).await?;
    // Another issuer's tokens may outlive what was minted for it here, and be of no tenant.
    let kept = single(tx, cut, MarkKey::Session(id), tenant, Some(known.facts.user)).await?;
    Ok(CutOutcome { created: ended.created || kept.created, revoked: ended.revoked, ..kept })
}

fn unchanged(entry: Entry) -> CutOutcome {
    CutOutcome { entry, created: false, revoked: 0, standing: Standing::default() }
}
