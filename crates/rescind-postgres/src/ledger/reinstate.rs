//! Writing back what this ledger has lost: many marks with few statements, since many may have been lost.

use std::collections::HashMap;

use rescind::audit::{Record, Target, action};
use rescind::id::{ClientId, SessionId, TenantId, UserId};
use rescind::ledger::{Draft, Entry, Mark, MarkKey, Reinstate};
use rescind::store::Provenance;

use crate::audit::record_all;
use crate::error::Outcome;
use crate::ledger::{all_standing, append_all_in_turn, column};
use crate::row::Cells;
use crate::tx::Tx;

const WHY: &str = action::REVOCATION_REINSTATED;

pub(crate) async fn reinstate(tx: &Tx, reinstate: &Reinstate) -> Outcome<Vec<Entry>> {
    let by = &reinstate.by;
    let lacking = lacking(tx, &reinstate.marks).await?;
    if lacking.is_empty() {
        return Ok(Vec::new());
    }
    let owners = bring_back(tx, &lacking, by).await?;
    tx.take_turn().await?;
    revoke_keys(tx, &lacking, by).await?;
    // Another node may have been quicker: only whoever has the turn knows what stands.
    let standing = all_standing(tx, &lacking).await?;
    let drafts: Vec<_> = std::iter::zip(&lacking, &standing)
        .filter_map(|(mark, stands)| Draft::of_reinstated(mark, stands.as_ref(), user_of(mark, &owners), by))
        .collect();
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let entries = append_all_in_turn(tx, drafts, by.at).await?;
    record_all(tx, by, &column(&entries, record_of)).await?;
    Ok(entries)
}

async fn lacking<'m>(tx: &Tx, marks: &'m [Mark]) -> Outcome<Vec<&'m Mark>> {
    let marks: Vec<_> = marks.iter().collect();
    let standing = all_standing(tx, &marks).await?;
    let covered = |mark: &Mark, stands: &Option<Entry>| stands.as_ref().is_some_and(|e| e.mark.covers(mark));
    Ok(marks
        .into_iter()
        .zip(&standing)
        .filter_map(|(mark, stands)| (!covered(mark, stands)).then_some(mark))
        .collect())
}

fn record_of(entry: &Entry) -> Record<'_> {
    Record {
        action: WHY,
        target: Target::new(entry.mark.kind().as_str(), &entry.mark.key),
        tenant: entry.mark.tenant,
        user: entry.user,
        reason: None,
    }
}

fn user_of(mark: &Mark, owners: &HashMap<SessionId, UserId>) -> Option<UserId> {
    match &mark.key {
        MarkKey::User(id) => Some(*id),
        MarkKey::Session(id) => owners.get(id).copied(),
        _ => None,
    }
}

/// Does to what the marks are about what the cuts did to it, where it is there, locking in the order of all. Returns whose
/// the sessions are.
async fn bring_back(tx: &Tx, marks: &[&Mark], by: &Provenance) -> Outcome<HashMap<SessionId, UserId>> {
    let (mut tenants, mut users, mut sessions) = (Vec::new(), Vec::new(), Vec::new());
    let mut clients = Vec::new();
    for mark in marks {
        match (&mark.key, mark.tenant, mark.min_version) {
            (MarkKey::Tenant(id), _, Some(version)) => tenants.push((*id, version)),
            (MarkKey::User(id), Some(tenant), Some(version)) => users.push((tenant, *id, version)),
            (MarkKey::Session(id), tenant, _) => sessions.push((*id, tenant)),
            (MarkKey::Client(id), tenant, _) => clients.push((*id, tenant)),
            _ => {}
        }
    }
    raise_tenants(tx, &tenants, by).await?;
    delete_clients(tx, clients, by).await?;
    raise_users(tx, &users, by).await?;
    end_sessions(tx, &sessions, by).await
}

async fn raise_tenants(tx: &Tx, tenants: &[(TenantId, i64)], by: &Provenance) -> Outcome<()> {
    if tenants.is_empty() {
        return Ok(());
    }
    tx.execute(
        "WITH locked AS (
             SELECT id, held.version
               FROM tenants JOIN unnest($1::uuid[], $2::bigint[]) AS held (id, version) USING (id)
              WHERE token_version < held.version OR session_floor < held.version
              ORDER BY id FOR NO KEY UPDATE OF tenants),
         raised AS (
             UPDATE tenants SET token_version = greatest(token_version, locked.version),
                                session_floor = greatest(session_floor, locked.version)
               FROM locked WHERE tenants.id = locked.id RETURNING tenants.id, locked.version)
         INSERT INTO floor_raises (tenant_id, floor, at, reason, raised_by)
         SELECT id, version, $3::bigint, $4::text, $5::text FROM raised",
        &[
            &column(tenants, |(id, _)| id.0),
            &column(tenants, |(_, version)| *version),
            &by.at.as_millis(),
            &WHY,
            &by.actor.to_string(),
        ],
    )
    .await?;
    Ok(())
}

async fn raise_users(tx: &Tx, users: &[(TenantId, UserId, i64)], by: &Provenance) -> Outcome<()> {
    if users.is_empty() {
        return Ok(());
    }
    // One of another issuer's is known by its tombstone alone, which was lost with the entry.
    tx.execute(
        "INSERT INTO users (tenant_id, id, token_version, session_floor, created_at, deleted_at)
         SELECT tenants.id, held.id, 0, 0, $3::bigint, $3::bigint
           FROM unnest($1::uuid[], $2::uuid[]) AS held (tenant_id, id) JOIN tenants ON tenants.id = held.tenant_id
          ORDER BY held.tenant_id, held.id ON CONFLICT (tenant_id, id) DO NOTHING",
        &[
            &column(users, |(tenant, ..)| tenant.0),
            &column(users, |(_, id, _)| id.0),
            &by.at.as_millis(),
        ],
    )
    .await?;
    tx.execute(
        "WITH locked AS (
             SELECT tenant_id, id, held.version
               FROM users JOIN unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS held (tenant_id, id, version)
                         USING (tenant_id, id)
              WHERE token_version < held.version OR session_floor < held.version
              ORDER BY tenant_id, id FOR NO KEY UPDATE OF users),
         raised AS (
             UPDATE users SET token_version = greatest(token_version, locked.version),
                              session_floor = greatest(session_floor, locked.version)
               FROM locked WHERE users.tenant_id = locked.tenant_id AND users.id = locked.id
             RETURNING users.tenant_id, users.id, locked.version)
         INSERT INTO floor_raises (tenant_id, user_id, floor, at, reason, raised_by)
         SELECT tenant_id, id, version, $4::bigint, $5::text, $6::text FROM raised",
        &[
            &column(users, |(tenant, ..)| tenant.0),
            &column(users, |(_, id, _)| id.0),
            &column(users, |(.., version)| *version),
            &by.at.as_millis(),
            &WHY,
            &by.actor.to_string(),
        ],
    )
    .await?;
    Ok(())
}

async fn end_sessions(
    tx: &Tx,
    sessions: &[(SessionId, Option<TenantId>)],
    by: &Provenance,
) -> Outcome<HashMap<SessionId, UserId>> {
    if sessions.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx
        .rows(
            "WITH locked AS (
                 SELECT id FROM sessions JOIN unnest($1::uuid[], $2::uuid[]) AS held (id, scope) USING (id)
                  WHERE held.scope IS NULL OR sessions.tenant_id = held.scope
                  ORDER BY id FOR NO KEY UPDATE OF sessions)
             UPDATE sessions
                SET revoked_at = coalesce(revoked_at, $3), revoked_by = coalesce(revoked_by, $5),
                    revoked_reason = CASE WHEN revoked_at IS NULL THEN $4 ELSE revoked_reason END
               FROM locked WHERE sessions.id = locked.id RETURNING sessions.id, user_id",
            &[
                &column(sessions, |(id, _)| id.0),
                &column(sessions, |(_, tenant)| tenant.map(|id| id.0)),
                &by.at.as_millis(),
                &WHY,
                &by.actor.to_string(),
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            Ok((cells.id(SessionId)?, cells.id(UserId)?))
        })
        .collect()
}

/// Their secrets are good no longer.
async fn delete_clients(
    tx: &Tx,
    mut clients: Vec<(ClientId, Option<TenantId>)>,
    by: &Provenance,
) -> Outcome<()> {
    clients.sort_unstable();
    for (id, tenant) in clients {
        tx.execute(
            "UPDATE clients
                SET secret = NULL, old_secret = NULL, old_secret_until = NULL, deleted_at = $3, deleted_by = $4
              WHERE id = $1 AND tenant_id IS NOT DISTINCT FROM $2 AND deleted_at IS NULL",
            &[&id.0, &tenant.map(|id| id.0), &by.at.as_millis(), &by.actor.to_string()],
        )
        .await?;
    }
    Ok(())
}

/// Nodes load the keys again, and sign with none of these any longer. Only for one who has the turn.
async fn revoke_keys(tx: &Tx, marks: &[&Mark], by: &Provenance) -> Outcome<()> {
    let kid = |mark: &&Mark| match &mark.key {
        MarkKey::Key(kid) => Some(kid.to_string()),
        _ => None,
    };
    let kids: Vec<String> = marks.iter().filter_map(kid).collect();
    if kids.is_empty() {
        return Ok(());
    }
    tx.execute(
        "WITH revoked AS (
             UPDATE keys SET state = 'revoked', revoked_at = $2 WHERE kid = ANY($1) AND state <> 'revoked'
             RETURNING 1)
         UPDATE head SET keys_version = keys_version + 1 WHERE id = 1 AND EXISTS (SELECT 1 FROM revoked)",
        &[&kids, &by.at.as_millis()],
    )
    .await?;
    Ok(())
}
