//! Revoking.

use rescind::audit::{Record, Target, action};
use rescind::directory::Standing;
use rescind::id::{SessionId, TenantId, UserId};
use rescind::ledger::{Cut, CutOutcome, CutTarget, Draft, Entry, MarkKey, TokenKey};
use rescind::store::StoreError;

use crate::audit::record;
use crate::directory::{Cause, Raise, raise_tenant, raise_user};
use crate::error::{Outcome, optional};
use crate::ledger::reach::{count_tenant, count_user};
use crate::ledger::{append, standing};
use crate::session::{Ending, end_session, find_session, owner_of};
use crate::writer::Tx;

pub(crate) fn cut(tx: &Tx<'_>, cut: &Cut) -> Outcome<CutOutcome> {
    match &cut.target {
        CutTarget::Token { key, tenant, user } => token(tx, cut, key, *tenant, *user),
        CutTarget::Session { id, tenant, user } => session(tx, cut, *id, *tenant, *user),
        CutTarget::User { tenant, user, spare } => {
            self::user(tx, cut, *tenant, *user, Raise::Floor { spare: *spare })
        }
        CutTarget::Tenant { tenant } => self::tenant(tx, cut, *tenant),
        CutTarget::ForeignUser { tenant, user } => self::user(tx, cut, *tenant, *user, Raise::Foreign),
        CutTarget::ForeignSession { id, tenant, user } => foreign_session(tx, cut, *id, *tenant, *user),
        CutTarget::Digest { digest, tenant, user } => {
            single(tx, cut, MarkKey::Digest(*digest), *tenant, *user)
        }
    }
}

fn token(
    tx: &Tx<'_>,
    cut: &Cut,
    key: &TokenKey,
    tenant: Option<TenantId>,
    user: Option<UserId>,
) -> Outcome<CutOutcome> {
    // A stranger's jti is recorded for the caller's tenant as though nothing knew it.
    let owner =
        optional(owner_of(tx, key))?.filter(|owner| tenant.is_none_or(|tenant| tenant == owner.tenant));
    let key = MarkKey::Token(key.clone());
    match owner {
        Some(owner) if owner.refresh => session(tx, cut, owner.session, None, None),
        Some(owner) => single(tx, cut, key, Some(owner.tenant), Some(owner.user)),
        None => single(tx, cut, key, tenant, user),
    }
}

/// Cuts one token, by jti or by digest. A later `expires_at` than the standing entry's extends it, where it is meant to.
fn single(
    tx: &Tx<'_>,
    cut: &Cut,
    key: MarkKey,
    tenant: Option<TenantId>,
    user: Option<UserId>,
) -> Outcome<CutOutcome> {
    let first = standing(tx, tenant, &key)?;
    if let Some(entry) = first {
        let Some(longer) = Draft::of_repeated_cut(cut, &entry) else { return Ok(unchanged(entry)) };
        let entry = append(tx, longer)?;
        let act = Record {
            action: action::REVOCATION_EXTENDED,
            target: Target::new(key.kind().as_str(), &key),
            tenant: entry.mark.tenant,
            user: entry.user,
            reason: cut.reason.as_deref(),
        };
        record(tx, &cut.by, &act)?;
        return Ok(unchanged(entry));
    }
    let target = Target::new(key.kind().as_str(), &key);
    let reason = cut.reason.as_deref();
    let entry = append(tx, Draft::of_cut(cut, key, tenant, user))?;
    record(tx, &cut.by, &Record { action: cut.action, target, tenant, user, reason })?;
    Ok(CutOutcome { entry, created: true, revoked: 0, standing: Standing::default() })
}

fn session(
    tx: &Tx<'_>,
    cut: &Cut,
    id: SessionId,
    tenant: Option<TenantId>,
    user: Option<UserId>,
) -> Outcome<CutOutcome> {
    let row = find_session(tx, id, tenant)?;
    if user.is_some_and(|user| user != row.user) {
        return Err(StoreError::NotFound.into());
    }
    let active = row.is_active(cut.by.at);
    let ending = Ending {
        least: cut.expires_at,
        reason: cut.reason.as_deref(),
        actor: cut.by.actor,
        action: cut.action,
        by: &cut.by,
    };
    let (entry, created) = end_session(tx, &row, &ending)?;
    Ok(CutOutcome { entry, created, revoked: u64::from(active), standing: Standing::default() })
}

fn user(tx: &Tx<'_>, cut: &Cut, tenant: TenantId, user: UserId, raise: Raise) -> Outcome<CutOutcome> {
    let active = count_user(tx, tenant, user, raise.spare(), cut.by.at)?;
    let reason = cut.reason.as_deref();
    let cause = Cause { least: cut.expires_at, reason, by: &cut.by };
    let entry = raise_user(tx, tenant, user, raise, &cause)?;
    let target = Target::new("user", user);
    record(
        tx,
        &cut.by,
        &Record { action: cut.action, target, tenant: Some(tenant), user: Some(user), reason },
    )?;
    let standing = raise.standing(tx, tenant, user)?;
    Ok(CutOutcome { entry, created: true, revoked: active, standing })
}

fn tenant(tx: &Tx<'_>, cut: &Cut, tenant: TenantId) -> Outcome<CutOutcome> {
    let active = count_tenant(tx, tenant, cut.by.at)?;
    let reason = cut.reason.as_deref();
    let cause = Cause { least: cut.expires_at, reason, by: &cut.by };
    let (entry, standing) = raise_tenant(tx, tenant, &cause)?;
    let target = Target::new("tenant", tenant);
    record(tx, &cut.by, &Record { action: cut.action, target, tenant: Some(tenant), user: None, reason })?;
    Ok(CutOutcome { entry, created: true, revoked: active, standing })
}

fn foreign_session(
    tx: &Tx<'_>,
    cut: &Cut,
    id: SessionId,
    tenant: Option<TenantId>,
    user: Option<UserId>,
) -> Outcome<CutOutcome> {
    let Some(known) = optional(find_session(tx, id, tenant))? else {
        return single(tx, cut, MarkKey::Session(id), tenant, user);
    };
    let ended = session(tx, cut, id, tenant, None)?;
    // Another issuer's tokens may outlive what was minted for it here, and be of no tenant.
    let kept = single(tx, cut, MarkKey::Session(id), tenant, Some(known.user))?;
    Ok(CutOutcome { created: ended.created || kept.created, revoked: ended.revoked, ..kept })
}

fn unchanged(entry: Entry) -> CutOutcome {
    CutOutcome { entry, created: false, revoked: 0, standing: Standing::default() }
}
