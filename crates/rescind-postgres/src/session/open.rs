//! Opening a session.

use rescind::audit::{Record, Target, action};
use rescind::directory::{Tenant, User};
use rescind::keys::KeyUse;
use rescind::ledger::Entry;
use rescind::session::{OpenSession, Opened, Profile};
use rescind::store::StoreError;

use crate::audit::record;
use crate::directory::{
    Cause, NewUserRow, Raise, find_tenant, find_user, insert_user, lock_user, raise_user, set_profile,
};
use crate::error::{Fault, Outcome, corrupt, optional, violates_unique};
use crate::keys::is_active;
use crate::ledger::count_user;
use crate::row::{SESSION_SELECT, SessionRow, session_row};
use crate::session::{ALIVE, Ending, end_session};
use crate::tx::Tx;

pub(crate) async fn open(tx: &Tx, open: &OpenSession) -> Outcome<Opened> {
    guard_keys(tx, open).await?;
    let tenant = find_tenant(tx, open.tenant).await?;
    if open.profile.is_some() && tenant.is_system() {
        return Err(StoreError::Forbidden.into());
    }
    let mut entries = Vec::new();
    let user = match &open.profile {
        Some(profile) => bring_up_to_date(tx, open, profile, &mut entries).await?,
        None => known_user(tx, open).await?,
    };
    guard_standing(tx, open, &user, &tenant).await?;
    make_room(tx, open, &mut entries).await?;
    let number = next_number(tx, open).await?;
    insert(tx, open, &user, &tenant, number).await?;
    record_opening(tx, open).await?;
    Ok(Opened { number, chain: open.first_chain(&user, &tenant), user, entries })
}

async fn guard_keys(tx: &Tx, open: &OpenSession) -> Outcome<()> {
    if is_active(tx, &open.signing_kid, KeyUse::Access).await?
        && is_active(tx, &open.first.mac_kid, KeyUse::Refresh).await?
    {
        return Ok(());
    }
    Err(StoreError::KeyGone.into())
}

/// A user whose credentials were checked, and who may have gone since.
async fn known_user(tx: &Tx, open: &OpenSession) -> Outcome<User> {
    let gone = if open.standing.is_some() { StoreError::Conflict } else { StoreError::NotFound };
    let user = optional(lock_user(tx, open.tenant, open.user).await)?.ok_or(gone)?;
    open.guard_role(&user.role)?;
    Ok(user)
}

async fn bring_up_to_date(
    tx: &Tx,
    open: &OpenSession,
    profile: &Profile,
    entries: &mut Vec<Entry>,
) -> Outcome<User> {
    open.guard_role(&profile.role)?;
    let Some(user) = optional(lock_user(tx, open.tenant, open.user).await)? else {
        return make_user(tx, open, profile).await;
    };
    open.guard_role(&user.role)?;
    if user.email == profile.email && user.role == profile.role {
        return Ok(user);
    }
    set_profile(tx, open.tenant, open.user, Some(&profile.email), Some(&profile.role)).await?;
    let cause = Cause { least: open.access_exp, reason: None, by: &open.by };
    entries.push(raise_user(tx, open.tenant, open.user, Raise::Version, &cause).await?);
    record_user(tx, open, action::USER_UPDATED).await?;
    find_user(tx, open.tenant, open.user).await
}

async fn make_user(tx: &Tx, open: &OpenSession, profile: &Profile) -> Outcome<User> {
    let row = NewUserRow {
        tenant: open.tenant,
        id: open.user,
        email: &profile.email,
        role: &profile.role,
        password: None,
        at: open.by.at,
    };
    match insert_user(tx, &row).await {
        // Somebody else has made the same user at the same moment.
        Err(Fault::Store(StoreError::Taken("user_id"))) => return Err(Fault::Again),
        inserted => inserted?,
    }
    record_user(tx, open, action::USER_CREATED).await?;
    find_user(tx, open.tenant, open.user).await
}

/// Nothing that ends sessions came since the standing was read. What comes at this very moment, the tenant's suspension or the
/// client's end, kills the session by its floor or by its client.
async fn guard_standing(tx: &Tx, open: &OpenSession, user: &User, tenant: &Tenant) -> Outcome<()> {
    open.guard_standing(user, tenant)?;
    if let Some(client) = open.client
        && !tx.exists("SELECT 1 FROM clients WHERE id = $1 AND deleted_at IS NULL", &[&client.0]).await?
    {
        return Err(StoreError::Conflict.into());
    }
    Ok(())
}

/// Ends the least recently used sessions where there would be too many.
async fn make_room(tx: &Tx, open: &OpenSession, entries: &mut Vec<Entry>) -> Outcome<()> {
    if open.max_sessions == 0 {
        return Ok(());
    }
    let active = count_user(tx, open.tenant, open.user, None, open.by.at).await?;
    let surplus = (active + 1).saturating_sub(u64::from(open.max_sessions));
    if surplus == 0 {
        return Ok(());
    }
    let ending = Ending {
        least: open.access_exp,
        reason: Some(action::SESSION_DISPLACED),
        actor: open.by.actor,
        action: action::SESSION_DISPLACED,
        by: &open.by,
    };
    for session in least_recently_used(tx, open, surplus).await? {
        entries.push(end_session(tx, &session.facts, &ending).await?.0);
    }
    Ok(())
}

async fn least_recently_used(tx: &Tx, open: &OpenSession, count: u64) -> Outcome<Vec<SessionRow>> {
    let sql = format!(
        "{SESSION_SELECT} WHERE sessions.tenant_id = $2 AND sessions.user_id = $3 AND {ALIVE}
          ORDER BY sessions.last_used_at, sessions.number LIMIT $4 FOR NO KEY UPDATE OF sessions"
    );
    let count = i64::try_from(count).map_err(|_| corrupt("too many sessions"))?;
    let rows = tx.rows(&sql, &[&open.by.at.as_millis(), &open.tenant.0, &open.user.0, &count]).await?;
    rows.iter().map(session_row).collect()
}

async fn next_number(tx: &Tx, open: &OpenSession) -> Outcome<i64> {
    let row = tx
        .row(
            "UPDATE users SET sessions_opened = sessions_opened + 1 WHERE tenant_id = $1 AND id = $2
             RETURNING sessions_opened",
            &[&open.tenant.0, &open.user.0],
        )
        .await?;
    Ok(row.ok_or(StoreError::NotFound)?.get(0))
}

async fn insert(tx: &Tx, open: &OpenSession, user: &User, tenant: &Tenant, number: i64) -> Outcome<()> {
    let (first, device) = (&open.first, &open.device);
    let inserted = tx
        .execute(
            "INSERT INTO sessions (id, tenant_id, user_id, number, client_id, user_floor, tenant_floor,
                                   audience, claims, device_name, user_agent, ip,
                                   created_at, last_used_at, idle_expires_at, expires_at, generation,
                                   refresh_hash, refresh_salt, refresh_jti, refresh_mac_kid, rotated_at, access_jti)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14, $15, 0,
                     $16, $17, $18, $19, $13, $20)",
            &[
                &open.id.0,
                &open.tenant.0,
                &open.user.0,
                &number,
                &open.client.map(|id| id.0),
                &user.session_floor,
                &tenant.session_floor,
                &json(&open.audience)?,
                &json(&open.claims)?,
                &device.name,
                &device.user_agent,
                &device.ip.map(|ip| ip.to_string()),
                &open.by.at.as_millis(),
                &open.idle_limit().as_millis(),
                &open.expires_at.as_millis(),
                &first.hash.as_slice(),
                &first.salt.as_slice(),
                &first.jti.0,
                &first.mac_kid,
                &open.access_jti.0,
            ],
        )
        .await;
    match inserted {
        Err(error) if violates_unique(&error, "sessions_pkey") => Err(StoreError::Taken("session_id").into()),
        other => other.map(|_| ()).map_err(Into::into),
    }
}

fn json<T: serde::Serialize>(value: &T) -> Outcome<String> {
    serde_json::to_string(value).map_err(|_| corrupt("what cannot be written as JSON"))
}

async fn record_opening(tx: &Tx, open: &OpenSession) -> Outcome<()> {
    let act = Record {
        action: open.action,
        target: Target::new("session", open.id),
        tenant: Some(open.tenant),
        user: Some(open.user),
        reason: None,
    };
    record(tx, &open.by, &act).await
}

async fn record_user(tx: &Tx, open: &OpenSession, action: &str) -> Outcome<()> {
    let act = Record {
        action,
        target: Target::new("user", open.user),
        tenant: Some(open.tenant),
        user: Some(open.user),
        reason: None,
    };
    record(tx, &open.by, &act).await
}
