//! Answering a refresh token.

use std::sync::LazyLock;

use rescind::audit::{Actor, action};
use rescind::keys::KeyUse;
use rescind::session::{Chain, Judgement, Rotate, Rotated, SessionFacts, Status, judge};
use rescind::store::StoreError;
use rusqlite::Connection;

use crate::error::{Outcome, optional};
use crate::keys::is_active;
use crate::ledger::raise_horizon;
use crate::row::{CHAIN_COLUMNS, REFRESH_COLUMNS, Refresh, bytes, bytes_of, chain, refresh};
use crate::session::status::status;
use crate::session::{ALIVE, Ending, end_session, find_session};
use crate::writer::Tx;

/// The reason that a theft leaves.
const THEFT: &str = "refresh_reuse_detected";

pub(crate) fn rotate(tx: &Tx<'_>, rotate: &Rotate) -> Outcome<Rotated> {
    if let Some(chain) = try_rotate(tx, rotate)? {
        raise_horizon(tx, rotate.access_exp)?;
        return Ok(Rotated::Rotated(chain));
    }
    refuse(tx, rotate)
}

/// The one statement that rotates, and only under every guard at once.
pub(crate) static ROTATE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE sessions
            SET generation = generation + 1,
                recent = substr(CAST(refresh_hash || ?6 || recent AS BLOB), 1, 640),
                parent_hash = refresh_hash, parent_jti = refresh_jti,
                refresh_hash = ?7, refresh_salt = ?8, refresh_jti = ?9, refresh_mac_kid = ?10,
                rotated_at = ?1, last_used_at = ?1,
                idle_expires_at = min(?11, expires_at),
                access_jti = ?12,
                ip = coalesce(?13, ip)
          WHERE id = ?2 AND user_id = ?3 AND refresh_hash = ?4 AND generation = ?5
            AND (NOT ?14 OR client_id IS ?15)
            AND (?16 IS NULL OR client_id = ?16)
            AND (client_id IS NULL OR client_id IS ?16
                 OR EXISTS (SELECT 1 FROM clients WHERE clients.id = sessions.client_id
                               AND clients.refresh_requires_secret = 0))
            AND EXISTS (SELECT 1 FROM keys WHERE kid = ?17 AND usage = 'access' AND state = 'active')
            AND EXISTS (SELECT 1 FROM keys WHERE kid = ?10 AND usage = 'refresh' AND state = 'active')
            AND {ALIVE}
        RETURNING {CHAIN_COLUMNS}"
    )
});

fn try_rotate(tx: &Tx<'_>, rotate: &Rotate) -> Outcome<Option<Chain>> {
    let now = rotate.by.at.as_millis();
    let next = &rotate.successor;
    let mut statement = tx.prepare_cached(&ROTATE)?;
    let mut rows = statement.query(rusqlite::params![
        now,
        bytes(rotate.session.0),
        bytes(rotate.user.0),
        rotate.presented.hash,
        rotate.presented.generation,
        now.to_be_bytes(),
        next.hash,
        next.salt,
        bytes(next.jti.0),
        next.mac_kid,
        rotate.idle_expires_at.as_millis(),
        bytes(rotate.access_jti.0),
        rotate.device_ip.map(|ip| ip.to_string()),
        rotate.claimed_client.is_some(),
        bytes_of(rotate.claimed_client.flatten(), |id| id.0),
        bytes_of(rotate.proven_client, |id| id.0),
        rotate.signing_kid,
    ])?;
    let rotated = match rows.next()? {
        Some(row) => Some(chain(row)?),
        None => None,
    };
    // Stepping to the end is what finishes the statement.
    while rows.next()?.is_some() {}
    Ok(rotated)
}

/// What is said of a token that was not rotated. Dead is said before anything is called theft.
fn refuse(tx: &Tx<'_>, rotate: &Rotate) -> Outcome<Rotated> {
    let session = optional(find_session(tx, rotate.session, None))?;
    let Some(session) = session.filter(|session| session.user == rotate.user) else {
        return Ok(Rotated::Unknown);
    };
    let refresh = read_refresh(tx, rotate)?;
    if rotate.is_wrong_client(session.client, refresh.requires_secret) {
        return Ok(Rotated::WrongClient);
    }
    match status(tx, &session, rotate.by.at)? {
        Status::Revoked(_) => return Ok(Rotated::Revoked),
        Status::Expired => return Ok(Rotated::Expired),
        Status::Active => {}
    }
    match judge(&refresh.state, rotate.presented, rotate.by.at, &rotate.policy) {
        Judgement::Current => Err(unguarded(tx, rotate)?.into()),
        Judgement::Replay { late_run } => replay(tx, rotate, late_run),
        Judgement::Superseded => Ok(Rotated::Superseded),
        Judgement::Unseen => Ok(Rotated::Unknown),
        Judgement::Theft => theft(tx, rotate, &session),
    }
}

fn read_refresh(conn: &Connection, rotate: &Rotate) -> Outcome<Refresh> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {REFRESH_COLUMNS} FROM sessions WHERE id = ?1"))?;
    let mut rows = statement.query((bytes(rotate.session.0),))?;
    refresh(rows.next()?.ok_or(StoreError::NotFound)?)
}

/// Everything about the session holds, and yet the guard did not: it must be the keys.
fn unguarded(tx: &Tx<'_>, rotate: &Rotate) -> Outcome<StoreError> {
    let usable = is_active(tx, &rotate.signing_kid, KeyUse::Access)?
        && is_active(tx, &rotate.successor.mac_kid, KeyUse::Refresh)?;
    Ok(if usable { StoreError::Conflict } else { StoreError::KeyGone })
}

fn replay(tx: &Tx<'_>, rotate: &Rotate, late_run: Option<u32>) -> Outcome<Rotated> {
    if !is_active(tx, &rotate.signing_kid, KeyUse::Access)? {
        return Err(StoreError::KeyGone.into());
    }
    let chain = {
        let mut statement = tx.prepare_cached(&format!(
            "UPDATE sessions
                SET access_jti = ?2, last_used_at = ?3,
                    late_generation = iif(?4 IS NULL, late_generation, generation),
                    late_run = coalesce(?4, late_run)
              WHERE id = ?1 RETURNING {CHAIN_COLUMNS}"
        ))?;
        let mut rows = statement.query((
            bytes(rotate.session.0),
            bytes(rotate.access_jti.0),
            rotate.by.at.as_millis(),
            late_run,
        ))?;
        let replayed = chain(rows.next()?.ok_or(StoreError::NotFound)?)?;
        while rows.next()?.is_some() {}
        replayed
    };
    raise_horizon(tx, rotate.access_exp)?;
    Ok(Rotated::Replayed { chain, late: late_run.is_some() })
}

fn theft(tx: &Tx<'_>, rotate: &Rotate, session: &SessionFacts) -> Outcome<Rotated> {
    let ending = Ending {
        least: rotate.access_exp,
        reason: Some(THEFT),
        actor: Actor::System,
        action: action::REFRESH_REUSE_DETECTED,
        by: &rotate.by,
    };
    let (entry, _) = end_session(tx, session, &ending)?;
    Ok(Rotated::Theft(Box::new(entry)))
}
