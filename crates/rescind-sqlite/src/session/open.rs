//! Opening a session.

use rescind::audit::{Record, Target, action};
use rescind::directory::{Tenant, User};
use rescind::keys::KeyUse;
use rescind::ledger::Entry;
use rescind::session::{OpenSession, Opened, Profile, SessionFacts};
use rescind::store::StoreError;

use crate::audit::record;
use crate::directory::{
    Cause, NewUserRow, Raise, find_tenant, find_user, insert_user, raise_user, set_profile,
};
use crate::error::{Outcome, corrupt, optional, violates_unique};
use crate::keys::is_active;
use crate::ledger::{count_user, raise_horizon};
use crate::row::{SESSION_SELECT, bytes, bytes_of, session_row};
use crate::session::{ALIVE, Ending, end_session};
use crate::writer::Tx;

pub(crate) fn open(tx: &Tx<'_>, open: &OpenSession) -> Outcome<Opened> {
    guard_keys(tx, open)?;
    let tenant = find_tenant(tx, open.tenant)?;
    if open.profile.is_some() && tenant.is_system() {
        return Err(StoreError::Forbidden.into());
    }
    let mut entries = Vec::new();
    let user = match &open.profile {
        Some(profile) => bring_up_to_date(tx, open, profile, &mut entries)?,
        None => known_user(tx, open)?,
    };
    guard_standing(tx, open, &user, &tenant)?;
    make_room(tx, open, &mut entries)?;
    let number = next_number(tx, open)?;
    insert(tx, open, &user, &tenant, number)?;
    raise_horizon(tx, open.access_exp)?;
    record_opening(tx, open)?;
    Ok(Opened { number, chain: open.first_chain(&user, &tenant), user, entries })
}

fn guard_keys(tx: &Tx<'_>, open: &OpenSession) -> Outcome<()> {
    if is_active(tx, &open.signing_kid, KeyUse::Access)?
        && is_active(tx, &open.first.mac_kid, KeyUse::Refresh)?
    {
        return Ok(());
    }
    Err(StoreError::KeyGone.into())
}

/// A user whose credentials were checked, and who may have gone since.
fn known_user(tx: &Tx<'_>, open: &OpenSession) -> Outcome<User> {
    let gone = if open.standing.is_some() { StoreError::Conflict } else { StoreError::NotFound };
    let user = optional(find_user(tx, open.tenant, open.user))?.ok_or(gone)?;
    open.guard_role(&user.role)?;
    Ok(user)
}

fn bring_up_to_date(
    tx: &Tx<'_>,
    open: &OpenSession,
    profile: &Profile,
    entries: &mut Vec<Entry>,
) -> Outcome<User> {
    open.guard_role(&profile.role)?;
    let Some(user) = optional(find_user(tx, open.tenant, open.user))? else {
        return make_user(tx, open, profile);
    };
    open.guard_role(&user.role)?;
    if user.email == profile.email && user.role == profile.role {
        return Ok(user);
    }
    set_profile(tx, open.tenant, open.user, Some(&profile.email), Some(&profile.role))?;
    let cause = Cause { least: open.access_exp, reason: None, by: &open.by };
    entries.push(raise_user(tx, open.tenant, open.user, Raise::Version, &cause)?);
    record_user(tx, open, action::USER_UPDATED)?;
    find_user(tx, open.tenant, open.user)
}

fn make_user(tx: &Tx<'_>, open: &OpenSession, profile: &Profile) -> Outcome<User> {
    let row = NewUserRow {
        tenant: open.tenant,
        id: open.user,
        email: &profile.email,
        role: &profile.role,
        password: None,
        at: open.by.at,
    };
    insert_user(tx, &row)?;
    record_user(tx, open, action::USER_CREATED)?;
    find_user(tx, open.tenant, open.user)
}

/// Nothing that ends sessions came since the standing was read.
fn guard_standing(tx: &Tx<'_>, open: &OpenSession, user: &User, tenant: &Tenant) -> Outcome<()> {
    open.guard_standing(user, tenant)?;
    let client_gone = match open.client {
        Some(client) => !tx
            .prepare_cached("SELECT 1 FROM clients WHERE id = ?1 AND deleted_at IS NULL")?
            .exists((bytes(client.0),))?,
        None => false,
    };
    if client_gone { Err(StoreError::Conflict.into()) } else { Ok(()) }
}

/// Ends the least recently used sessions where there would be too many.
fn make_room(tx: &Tx<'_>, open: &OpenSession, entries: &mut Vec<Entry>) -> Outcome<()> {
    if open.max_sessions == 0 {
        return Ok(());
    }
    let active = count_user(tx, open.tenant, open.user, None, open.by.at)?;
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
    for session in least_recently_used(tx, open, surplus)? {
        entries.push(end_session(tx, &session, &ending)?.0);
    }
    Ok(())
}

fn least_recently_used(tx: &Tx<'_>, open: &OpenSession, count: u64) -> Outcome<Vec<SessionFacts>> {
    let mut statement = tx.prepare_cached(&format!(
        "{SESSION_SELECT} WHERE sessions.tenant_id = ?2 AND sessions.user_id = ?3 AND {ALIVE}
          ORDER BY sessions.last_used_at, sessions.number LIMIT ?4"
    ))?;
    let count = i64::try_from(count).map_err(|_| corrupt("too many sessions"))?;
    let mut rows =
        statement.query((open.by.at.as_millis(), bytes(open.tenant.0), bytes(open.user.0), count))?;
    let mut sessions = Vec::new();
    while let Some(row) = rows.next()? {
        sessions.push(session_row(row)?);
    }
    Ok(sessions)
}

fn next_number(tx: &Tx<'_>, open: &OpenSession) -> Outcome<i64> {
    Ok(tx
        .prepare_cached(
            "UPDATE users SET sessions_opened = sessions_opened + 1 WHERE tenant_id = ?1 AND id = ?2
             RETURNING sessions_opened",
        )?
        .query_row((bytes(open.tenant.0), bytes(open.user.0)), |row| row.get(0))?)
}

fn insert(tx: &Tx<'_>, open: &OpenSession, user: &User, tenant: &Tenant, number: i64) -> Outcome<()> {
    let (first, device) = (&open.first, &open.device);
    let inserted = tx
        .prepare_cached(
            "INSERT INTO sessions (id, tenant_id, user_id, number, client_id, user_floor, tenant_floor,
                                   audience, claims, device_name, user_agent, ip,
                                   created_at, last_used_at, idle_expires_at, expires_at, generation,
                                   refresh_hash, refresh_salt, refresh_jti, refresh_mac_kid, rotated_at, access_jti)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13, ?14, ?15, 0,
                     ?16, ?17, ?18, ?19, ?13, ?20)",
        )?
        .execute(rusqlite::params![
            bytes(open.id.0),
            bytes(open.tenant.0),
            bytes(open.user.0),
            number,
            bytes_of(open.client, |id| id.0),
            user.session_floor,
            tenant.session_floor,
            json(&open.audience)?,
            json(&open.claims)?,
            device.name,
            device.user_agent,
            device.ip.map(|ip| ip.to_string()),
            open.by.at.as_millis(),
            open.idle_limit().as_millis(),
            open.expires_at.as_millis(),
            first.hash,
            first.salt,
            bytes(first.jti.0),
            first.mac_kid,
            bytes(open.access_jti.0),
        ]);
    match inserted {
        Err(error) if violates_unique(&error, "sessions.id") => Err(StoreError::Taken("session_id").into()),
        other => other.map(|_| ()).map_err(Into::into),
    }
}

fn json<T: serde::Serialize>(value: &T) -> Outcome<String> {
    serde_json::to_string(value).map_err(|_| corrupt("what cannot be written as JSON"))
}

fn record_opening(tx: &Tx<'_>, open: &OpenSession) -> Outcome<()> {
    let act = Record {
        action: open.action,
        target: Target::new("session", open.id),
        tenant: Some(open.tenant),
        user: Some(open.user),
        reason: None,
    };
    record(tx, &open.by, &act)
}

fn record_user(tx: &Tx<'_>, open: &OpenSession, action: &str) -> Outcome<()> {
    let act = Record {
        action,
        target: Target::new("user", open.user),
        tenant: Some(open.tenant),
        user: Some(open.user),
        reason: None,
    };
    record(tx, &open.by, &act)
}
