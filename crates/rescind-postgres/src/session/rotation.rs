//! The statement that rotates refresh tokens, and what it is given.

use std::sync::LazyLock;

use rescind::session::Rotate;

use crate::columns::Columns;
use crate::row::CHAIN_COLUMNS;
use crate::session::ALIVE;

/// The one statement that rotates, each item only under every guard at once. Of several with the same token one has the row, and
/// says which; of those who come at the same moment on another node one has it, and the others wait for it and find
/// its hash and generation changed.
pub(crate) static ROTATE: LazyLock<String> = LazyLock::new(|| {
    let alive = ALIVE.replace("$1", "i_now");
    format!(
        "UPDATE sessions
            SET generation = generation + 1,
                recent = substring(refresh_hash || i_now_bytes || recent FOR 640),
                parent_hash = refresh_hash, parent_jti = refresh_jti,
                refresh_hash = i_next_hash, refresh_salt = i_next_salt, refresh_jti = i_next_jti,
                refresh_mac_kid = i_mac_kid,
                rotated_at = i_now, last_used_at = i_now,
                idle_expires_at = least(i_idle, expires_at),
                access_jti = i_access_jti,
                ip = coalesce(i_ip, ip)
           FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::bytea[], $5::bigint[], $6::bytea[], $7::bytea[],
                       $8::bytea[], $9::uuid[], $10::text[], $11::bigint[], $12::uuid[], $13::text[],
                       $14::boolean[], $15::uuid[], $16::uuid[], $17::text[]) WITH ORDINALITY
                AS item (i_now, i_session, i_user, i_hash, i_generation, i_now_bytes, i_next_hash,
                         i_next_salt, i_next_jti, i_mac_kid, i_idle, i_access_jti, i_ip,
                         i_claims, i_claimed, i_proven, i_signing_kid, i_place)
          WHERE sessions.id = i_session AND user_id = i_user AND refresh_hash = i_hash
            AND generation = i_generation
            AND (NOT i_claims OR client_id IS NOT DISTINCT FROM i_claimed)
            AND (i_proven IS NULL OR client_id = i_proven)
            AND (client_id IS NULL OR client_id IS NOT DISTINCT FROM i_proven
                 OR EXISTS (SELECT 1 FROM clients WHERE clients.id = sessions.client_id
                               AND NOT clients.refresh_requires_secret))
            AND EXISTS (SELECT 1 FROM keys WHERE kid = i_signing_kid AND usage = 'access' AND state = 'active')
            AND EXISTS (SELECT 1 FROM keys WHERE kid = i_mac_kid AND usage = 'refresh' AND state = 'active')
            AND {alive}
        RETURNING i_place, {CHAIN_COLUMNS}"
    )
});

/// What the statement is given.
pub(crate) fn columns(items: &[Rotate]) -> Columns<'_, Rotate> {
    Columns::of(items)
        .and(|item| item.by.at.as_millis())
        .and(|item| item.session.0)
        .and(|item| item.user.0)
        .and(|item| item.presented.hash.to_vec())
        .and(|item| item.presented.generation)
        .and(|item| item.by.at.as_millis().to_be_bytes().to_vec())
        .and(|item| item.successor.hash.to_vec())
        .and(|item| item.successor.salt.to_vec())
        .and(|item| item.successor.jti.0)
        .and(|item| item.successor.mac_kid.clone())
        .and(|item| item.idle_expires_at.as_millis())
        .and(|item| item.access_jti.0)
        .and(|item| item.device_ip.map(|ip| ip.to_string()))
        .and(|item| item.claimed_client.is_some())
        .and(|item| item.claimed_client.flatten().map(|id| id.0))
        .and(|item| item.proven_client.map(|id| id.0))
        .and(|item| item.signing_kid.clone())
}
