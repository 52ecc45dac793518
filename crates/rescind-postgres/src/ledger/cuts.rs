//! The statement that cuts single tokens, by jti or by digest, and what it is given.

use std::sync::LazyLock;

use rescind::audit::{Target, action};
use rescind::directory::Standing;
use rescind::entropy::{Entropy, random_bytes, uuid_v7};
use rescind::id::{TenantId, UserId};
use rescind::ledger::{Cut, CutOutcome, CutTarget, MarkKey, TokenKey};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::columns::Columns;
use crate::error::{Outcome, corrupt};
use crate::row::{ENTRY_COLUMNS, entry_from, key_bytes};
use crate::wake::TOLD;

/// The one statement that cuts them, for whoever has the turn: looks whose jti it is, and what stands; numbers and writes what is
/// to be written, the audit trail with it; leaves the batch's tag, and wakes whoever waits. One statement, because the
/// others wait for this turn to end.
///
/// By the rules of [`rescind::ledger::Draft`]: nothing where an entry stands that has not expired, but for a cut that is to
/// extend it; and a repeated entry is as the first one, but for its end. An item is passed over whose jti is a refresh
/// token's. No two may be about the same token: neither would see what is written for the other.
pub(crate) static CUT: LazyLock<String> = LazyLock::new(|| {
    let stands: Vec<String> = ENTRY_COLUMNS.split(", ").map(|column| format!("stands.{column}")).collect();
    let stands = stands.join(", ");
    let extended = action::REVOCATION_EXTENDED;
    format!(
        "WITH item AS MATERIALIZED (
             SELECT * FROM unnest($1::bytea[], $2::text[], $3::boolean[], $4::uuid[], $5::uuid[], $6::uuid[],
                                  $7::bigint[], $8::boolean[], $9::bigint[], $10::text[], $11::text[], $12::uuid[],
                                  $13::text[], $14::text[], $15::text[], $16::text[], $17::text[]) WITH ORDINALITY
                    AS item (i_key, i_kind, i_spelled, i_tenant, i_user, i_jti, i_least, i_extends, i_at, i_reason,
                             i_by, i_audit, i_action, i_actor, i_target, i_ip, i_request, i_place)),
         known AS MATERIALIZED (
             SELECT refresh_jti AS jti, true AS refresh, tenant_id AS owner_tenant, user_id AS owner
               FROM sessions WHERE refresh_jti = ANY($6)
             UNION ALL SELECT parent_jti, true, tenant_id, user_id FROM sessions WHERE parent_jti = ANY($6)
             UNION ALL SELECT access_jti, false, tenant_id, user_id FROM sessions WHERE access_jti = ANY($6)),
         seen AS MATERIALIZED (
             SELECT item.*, coalesce(owner_tenant, i_tenant) AS scope, coalesce(owner, i_user) AS about, {stands}
               FROM item
               LEFT JOIN known ON jti = i_jti AND (i_tenant IS NULL OR i_tenant = owner_tenant)
               LEFT JOIN LATERAL (
                    SELECT {ENTRY_COLUMNS} FROM ledger
                     WHERE key = i_key AND kind = i_kind AND spelled = i_spelled
                       AND tenant_id IS NOT DISTINCT FROM coalesce(owner_tenant, i_tenant)
                     ORDER BY seq DESC LIMIT 1) AS stands ON true
              WHERE refresh IS NOT TRUE),
         due AS MATERIALIZED (
             SELECT seen.*, head.seq + row_number() OVER (ORDER BY i_place) AS new_seq, head.horizon,
                    CASE WHEN seen.seq IS NULL THEN about ELSE seen.user_id END AS who
               FROM seen, head
              WHERE head.id = 1
                AND (seen.seq IS NULL OR expires_at <= i_at OR i_extends AND i_least > expires_at)),
         put AS (
             INSERT INTO ledger (seq, kind, key, spelled, tenant_id, about_tenant, user_id, expires_at, revoked_at,
                                 reason, revoked_by)
             SELECT new_seq, i_kind, i_key, i_spelled, scope,
                    -- An entry that holds for everybody's tokens and names a user is shown in the lists of the one
                    -- tenant that has a user of that id.
                    CASE WHEN scope IS NULL AND who IS NOT NULL
                         THEN (SELECT min(tenant_id::text)::uuid FROM users
                                WHERE id = who AND (deleted_at IS NULL OR sessions_opened > 0) HAVING count(*) = 1)
                         ELSE scope END,
                    who, greatest(i_least, horizon), coalesce(revoked_at, i_at),
                    CASE WHEN seq IS NULL THEN i_reason ELSE reason END, coalesce(revoked_by, i_by)
               FROM due
             RETURNING {ENTRY_COLUMNS}),
         noted AS (
             INSERT INTO audit (id, at, action, actor, actor_id, target_kind, target_id, tenant_id, user_id, reason,
                                ip, request_id)
             SELECT i_audit, i_at, CASE WHEN seq IS NULL THEN i_action ELSE '{extended}' END, i_by, i_actor, i_kind,
                    i_target, scope, who, i_reason, i_ip, i_request
               FROM due),
         moved AS (
             UPDATE head SET seq = (SELECT max(new_seq) FROM due), tag = $18
              WHERE id = 1 AND EXISTS (SELECT 1 FROM due)),
         left_behind AS (
             INSERT INTO batches (last_seq, tag, at) SELECT max(new_seq), $18, max(i_at) FROM due HAVING count(*) > 0
             RETURNING {TOLD})
         SELECT i_place, due.seq IS NULL AS created, {written} FROM put JOIN due ON new_seq = put.seq
         UNION ALL
         SELECT i_place, false, {ENTRY_COLUMNS} FROM seen WHERE i_place NOT IN (SELECT i_place FROM due)",
        written = stands.replace("stands.", "put."),
    )
});

/// What the statement is given.
pub(crate) fn columns<'c>(cuts: &'c [&'c Cut], entropy: &dyn Entropy) -> Columns<'c, &'c Cut> {
    let tag: [u8; 16] = random_bytes(entropy);
    Columns::of(cuts)
        .and(|cut| key_bytes(&key_of(cut)).0)
        .and(|cut| key_of(cut).kind().as_str())
        .and(|cut| key_bytes(&key_of(cut)).1)
        .and(|cut| named(cut).0.map(|id| id.0))
        .and(|cut| named(cut).1.map(|id| id.0))
        .and(|cut| jti(cut))
        .and(|cut| cut.expires_at.as_millis())
        .and(|cut| cut.extends)
        .and(|cut| cut.by.at.as_millis())
        .and(|cut| cut.reason.clone())
        .and(|cut| cut.by.actor.to_string())
        .and(|cut| uuid_v7(cut.by.at, entropy))
        .and(|cut| cut.action)
        .and(|cut| cut.by.actor.id())
        .and(|cut| Target::new(key_of(cut).kind().as_str(), key_of(cut)).id)
        .and(|cut| cut.by.ip.map(|ip| ip.to_string()))
        .and(|cut| cut.by.request_id.clone())
        .and_value(tag.to_vec())
}

/// One answer of the statement, and the place from 1 of the item that it is about.
pub(crate) fn outcome(row: &Row) -> Outcome<(usize, CutOutcome)> {
    let place = usize::try_from(row.get::<_, i64>(0)).map_err(|_| corrupt("a place that is none"))?;
    let (created, entry) = (row.get(1), entry_from(row, 2)?);
    Ok((place, CutOutcome { entry, created, revoked: 0, standing: Standing::default() }))
}

/// What is cut: only cuts of single tokens come here.
pub(crate) fn key_of(cut: &Cut) -> MarkKey {
    match &cut.target {
        CutTarget::Token { key, .. } => MarkKey::Token(key.clone()),
        CutTarget::Digest { digest, .. } => MarkKey::Digest(*digest),
        CutTarget::Session { id, .. } | CutTarget::ForeignSession { id, .. } => MarkKey::Session(*id),
        CutTarget::User { user, .. } | CutTarget::ForeignUser { user, .. } => MarkKey::User(*user),
        CutTarget::Tenant { tenant } => MarkKey::Tenant(*tenant),
    }
}

fn named(cut: &Cut) -> (Option<TenantId>, Option<UserId>) {
    match &cut.target {
        CutTarget::Token { tenant, user, .. } | CutTarget::Digest { tenant, user, .. } => (*tenant, *user),
        _ => (None, None),
    }
}

/// The jti that a session may know.
fn jti(cut: &Cut) -> Option<Uuid> {
    match &cut.target {
        CutTarget::Token { key: TokenKey::Uuid(jti), .. } => Some(*jti),
        _ => None,
    }
}
