//! Answering a refresh token.

use rescind::audit::{Actor, action};
use rescind::keys::KeyUse;
use rescind::session::{Chain, Judgement, Rotate, Rotated, SessionFacts, Status, judge};
use rescind::store::StoreError;

use crate::conn::Conn;
use crate::error::{Fault, Outcome, optional};
use crate::keys::is_active;
use crate::row::{CHAIN_COLUMNS, REFRESH_COLUMNS, Refresh, chain, chain_from, refresh};
use crate::session::rotation::{ROTATE, columns};
use crate::session::{Ending, end_session, lock_session};
use crate::tx::Tx;

/// The reason that a theft leaves.
const THEFT: &str = "refresh_reuse_detected";

pub(crate) async fn rotate(tx: &Tx, rotate: &Rotate) -> Outcome<Rotated> {
    match try_rotate(tx, rotate).await? {
        Some(chain) => Ok(Rotated::Rotated(chain)),
        None => refuse(tx, rotate).await,
    }
}

async fn try_rotate(tx: &Tx, rotate: &Rotate) -> Outcome<Option<Chain>> {
    let columns = columns(std::slice::from_ref(rotate));
    let row = tx.row(&ROTATE, &columns.params()).await?;
    row.as_ref().map(|row| chain_from(row, 1)).transpose()
}

/// What is said of a token that was not rotated. Dead is said before anything is called theft.
async fn refuse(tx: &Tx, rotate: &Rotate) -> Outcome<Rotated> {
    let session = optional(lock_session(tx, rotate.session, None).await)?;
    let Some(session) = session.filter(|session| session.facts.user == rotate.user) else {
        return Ok(Rotated::Unknown);
    };
    let refresh = read_refresh(tx, rotate).await?;
    if rotate.is_wrong_client(session.facts.client, refresh.requires_secret) {
        return Ok(Rotated::WrongClient);
    }
    match session.status(rotate.by.at) {
        Status::Revoked(_) => return Ok(Rotated::Revoked),
        Status::Expired => return Ok(Rotated::Expired),
        Status::Active => {}
    }
    match judge(&refresh.state, rotate.presented, rotate.by.at, &rotate.policy) {
        Judgement::Current => Err(unguarded(tx, rotate).await?),
        Judgement::Replay { late_run } => replay(tx, rotate, late_run).await,
        Judgement::Superseded => Ok(Rotated::Superseded),
        Judgement::Unseen => Ok(Rotated::Unknown),
        Judgement::Theft => theft(tx, rotate, &session.facts).await,
    }
}

async fn read_refresh(conn: &Conn, rotate: &Rotate) -> Outcome<Refresh> {
    let sql = format!("SELECT {REFRESH_COLUMNS} FROM sessions WHERE id = $1");
    refresh(&conn.row(&sql, &[&rotate.session.0]).await?.ok_or(StoreError::NotFound)?)
}

/// Everything about the session holds, and yet the guard did not: it must be the keys, or it did not hold a moment ago.
async fn unguarded(tx: &Tx, rotate: &Rotate) -> Outcome<Fault> {
    let usable = is_active(tx, &rotate.signing_kid, KeyUse::Access).await?
        && is_active(tx, &rotate.successor.mac_kid, KeyUse::Refresh).await?;
    Ok(if usable { Fault::Again } else { StoreError::KeyGone.into() })
}

async fn replay(tx: &Tx, rotate: &Rotate, late_run: Option<u32>) -> Outcome<Rotated> {
    if !is_active(tx, &rotate.signing_kid, KeyUse::Access).await? {
        return Err(StoreError::KeyGone.into());
    }
    let sql = format!(
        "UPDATE sessions
            SET access_jti = $2, last_used_at = $3,
                late_generation = CASE WHEN $4::bigint IS NULL THEN late_generation ELSE generation END,
                late_run = coalesce($4, late_run)
          WHERE sessions.id = $1 RETURNING {CHAIN_COLUMNS}"
    );
    let row = tx
        .row(
            &sql,
            &[&rotate.session.0, &rotate.access_jti.0, &rotate.by.at.as_millis(), &late_run.map(i64::from)],
        )
        .await?;
    let chain = chain(&row.ok_or(StoreError::NotFound)?)?;
    Ok(Rotated::Replayed { chain, late: late_run.is_some() })
}

async fn theft(tx: &Tx, rotate: &Rotate, session: &SessionFacts) -> Outcome<Rotated> {
    let ending = Ending {
        least: rotate.access_exp,
        reason: Some(THEFT),
        actor: Actor::System,
        action: action::REFRESH_REUSE_DETECTED,
        by: &rotate.by,
    };
    let (entry, _) = end_session(tx, session, &ending).await?;
    Ok(Rotated::Theft(Box::new(entry)))
}
