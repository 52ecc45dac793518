//! Cuts of single tokens, by jti or by digest, many at once. A refresh token's jti, which ends a session, is cut by itself.

use std::collections::HashSet;
use std::sync::LazyLock;

use futures_util::try_join;
use rescind::audit::{Target, action};
use rescind::clock::Timestamp;
use rescind::directory::Standing;
use rescind::entropy::{random_bytes, uuid_v7};
use rescind::id::{TenantId, UserId};
use rescind::ledger::{Cut, CutOutcome, CutTarget, Draft, Entry, MarkKey};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::Grouped;
use crate::Inner;
use crate::conn::Conn;
use crate::error::{Outcome, corrupt};
use crate::row::{Cells, ENTRY_COLUMNS, entry_from, key_bytes};
use crate::tx::TAKE_TURN;

/// See [`Grouped`].
pub(crate) struct Cuts;

/// For each item: whose jti it is, where its tenant may know that, and what stands already. Only for whoever has the turn.
static LOOK: LazyLock<String> = LazyLock::new(|| {
    let entry: Vec<String> = ENTRY_COLUMNS.split(", ").map(|column| format!("ledger.{column}")).collect();
    format!(
        "SELECT i_place, owner.refresh, owner.tenant_id, owner.user_id, {}
           FROM unnest($1::bytea[], $2::text[], $3::boolean[], $4::uuid[], $5::uuid[]) WITH ORDINALITY
                AS item (i_key, i_kind, i_spelled, i_tenant, i_jti, i_place)
           LEFT JOIN LATERAL (
                SELECT * FROM (
                    SELECT true AS refresh, tenant_id, user_id FROM sessions WHERE refresh_jti = i_jti
                    UNION ALL SELECT true, tenant_id, user_id FROM sessions WHERE parent_jti = i_jti
                    UNION ALL SELECT false, tenant_id, user_id FROM sessions WHERE access_jti = i_jti
                    LIMIT 1) AS known
                 WHERE i_tenant IS NULL OR i_tenant = known.tenant_id) AS owner ON true
           LEFT JOIN LATERAL (
                SELECT {ENTRY_COLUMNS} FROM ledger
                 WHERE key = i_key AND kind = i_kind AND spelled = i_spelled
                   AND tenant_id IS NOT DISTINCT FROM coalesce(owner.tenant_id, i_tenant)
                 ORDER BY seq DESC LIMIT 1) AS ledger ON true
          ORDER BY i_place",
        entry.join(", ")
    )
});

const HEAD: &str = "SELECT seq, horizon FROM head WHERE id = 1";

/// In whose lists an entry is shown that holds for everybody's tokens and names a user: the tenant of the one user with that id.
const INSERT_ENTRIES: &str = "
    INSERT INTO ledger (seq, kind, key, spelled, tenant_id, about_tenant, user_id, expires_at, revoked_at, reason,
                        revoked_by)
    SELECT i_seq, i_kind, i_key, i_spelled, i_tenant,
           coalesce(i_tenant, (SELECT min(tenant_id::text)::uuid FROM users WHERE id = i_user HAVING count(*) = 1)),
           i_user, i_expires, i_revoked, i_reason, i_by
      FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::boolean[], $5::uuid[], $6::uuid[], $7::bigint[],
                  $8::bigint[], $9::text[], $10::text[])
           AS item (i_seq, i_kind, i_key, i_spelled, i_tenant, i_user, i_expires, i_revoked, i_reason, i_by)";

const INSERT_AUDIT: &str = "
    INSERT INTO audit (id, at, action, actor, actor_id, target_kind, target_id, tenant_id, user_id, reason, ip,
                       request_id)
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::uuid[], $9::uuid[], $10::text[], $11::text[], $12::text[])";

const MOVE_HEAD: &str = "UPDATE head SET seq = $1, tag = $2 WHERE id = 1";

const INSERT_BATCH: &str = "INSERT INTO batches (last_seq, tag, at) VALUES ($1, $2, $3)";

impl Grouped for Cuts {
    type Item = Cut;
    type Answer = CutOutcome;
    const BATCH: usize = 256;
    // There is one turn.
    const LANES: usize = 1;

    async fn run(inner: &Inner, items: &[Cut]) -> Outcome<Vec<Option<CutOutcome>>> {
        let conn = inner.connect().await?;
        let seen = look(&conn, items).await?;
        let decided = decide(items, seen);
        write(&conn, inner, items, &decided).await?;
        conn.release();
        Ok(decided.into_iter().map(|decided| decided.outcome).collect())
    }
}

/// What there is of one item.
struct Seen {
    owner: Option<Owner>,
    standing: Option<Entry>,
}

/// Whose jti it is.
struct Owner {
    refresh: bool,
    tenant: TenantId,
    user: UserId,
}

/// Where the ledger stands.
struct Place {
    seq: i64,
    horizon: Timestamp,
}

/// Takes the turn, and looks.
async fn look(conn: &Conn, items: &[Cut]) -> Outcome<(Vec<Seen>, Place)> {
    let (turn, look, head) =
        (conn.prepare(TAKE_TURN).await?, conn.prepare(&LOOK).await?, conn.prepare(HEAD).await?);
    let keys: Vec<_> = items.iter().map(|item| key_bytes(&key_of(item))).collect();
    let (bytes, spelled): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
    let kinds: Vec<_> = items.iter().map(|item| key_of(item).kind().as_str()).collect();
    let tenants: Vec<_> = items.iter().map(|item| named(item).0.map(|id| id.0)).collect();
    let jtis: Vec<_> = items.iter().map(jti).collect();
    let params: [&(dyn ToSql + Sync); 5] = [&bytes, &kinds, &spelled, &tenants, &jtis];
    // Sent in this order, all at once; each sees what is committed when its turn has come.
    let (_, _, rows, head) = try_join!(
        conn.batch("BEGIN"),
        conn.query(&turn, &[]),
        conn.query(&look, &params),
        conn.query(&head, &[]),
    )?;
    let head = head.first().ok_or_else(|| corrupt("the head is gone"))?;
    let mut cells = Cells::new(head);
    let place = Place { seq: cells.take()?, horizon: cells.time()? };
    Ok((rows.iter().map(seen).collect::<Outcome<_>>()?, place))
}

fn seen(row: &Row) -> Outcome<Seen> {
    let mut cells = Cells::from(row, 1);
    let refresh: Option<bool> = cells.take()?;
    let (tenant, user) = (cells.maybe_id(TenantId)?, cells.maybe_id(UserId)?);
    let owner = match (refresh, tenant, user) {
        (Some(refresh), Some(tenant), Some(user)) => Some(Owner { refresh, tenant, user }),
        _ => None,
    };
    let standing = match row.try_get::<_, Option<i64>>(4) {
        Ok(Some(_)) => Some(entry_from(row, 4)?),
        _ => None,
    };
    Ok(Seen { owner, standing })
}

/// What becomes of one item.
struct Decided {
    /// None: by itself, or after the one before it.
    outcome: Option<CutOutcome>,
    /// Whether the outcome's entry is to be written.
    written: bool,
}

fn decide(items: &[Cut], (seen, mut place): (Vec<Seen>, Place)) -> Vec<Decided> {
    let mut met = HashSet::new();
    let by_itself = || Decided { outcome: None, written: false };
    let mut decided = Vec::with_capacity(items.len());
    for (item, seen) in items.iter().zip(seen) {
        let key = key_of(item);
        // The same once more would not see what is about to be written.
        if seen.owner.as_ref().is_some_and(|owner| owner.refresh) || !met.insert(key.clone()) {
            decided.push(by_itself());
            continue;
        }
        let (tenant, user) = match seen.owner {
            Some(owner) => (Some(owner.tenant), Some(owner.user)),
            None => named(item),
        };
        let draft = match &seen.standing {
            None => Some(Draft::of_cut(item, key, tenant, user)),
            Some(first) => Draft::of_repeated_cut(item, first),
        };
        let created = seen.standing.is_none();
        let entry = draft.map(|draft| {
            place.seq += 1;
            draft.into_entry(place.seq, place.horizon)
        });
        let written = entry.is_some();
        let outcome = entry.or(seen.standing).map(|entry| CutOutcome {
            entry,
            created,
            revoked: 0,
            standing: Standing::default(),
        });
        decided.push(Decided { outcome, written });
    }
    decided
}

/// Writes what is to be written, and commits.
async fn write(conn: &Conn, inner: &Inner, items: &[Cut], decided: &[Decided]) -> Outcome<()> {
    let written: Vec<(&Cut, &CutOutcome)> = items
        .iter()
        .zip(decided)
        .filter(|(_, decided)| decided.written)
        .filter_map(|(item, decided)| Some((item, decided.outcome.as_ref()?)))
        .collect();
    let Some((newest, last)) = written.last() else {
        conn.batch("COMMIT").await?;
        return Ok(());
    };
    let tag: [u8; 16] = random_bytes(&*inner.entropy);
    let (seq, at, tag) = (last.entry.seq, newest.by.at.as_millis(), tag.as_slice());
    let (entries, audit) = (entry_lists(&written), audit_lists(&written, inner));
    let (entries, audit) = (borrowed(&entries), borrowed(&audit));
    let insert_entries = conn.prepare(INSERT_ENTRIES).await?;
    let insert_audit = conn.prepare(INSERT_AUDIT).await?;
    let (move_head, insert_batch) = (conn.prepare(MOVE_HEAD).await?, conn.prepare(INSERT_BATCH).await?);
    let notify = conn.prepare(crate::wake::NOTIFY).await?;
    // Sent in this order, all at once. Where one fails, so does the commit.
    let head: [&(dyn ToSql + Sync); 2] = [&seq, &tag];
    let batch: [&(dyn ToSql + Sync); 3] = [&seq, &tag, &at];
    try_join!(
        conn.query(&insert_entries, &entries),
        conn.query(&insert_audit, &audit),
        conn.query(&move_head, &head),
        conn.query(&insert_batch, &batch),
        conn.query(&notify, &[]),
        conn.batch("COMMIT"),
    )?;
    Ok(())
}

type Lists = Vec<Box<dyn ToSql + Sync + Send>>;

fn entry_lists(written: &[(&Cut, &CutOutcome)]) -> Lists {
    let entries: Vec<&Entry> = written.iter().map(|(_, outcome)| &outcome.entry).collect();
    let keys: Vec<_> = entries.iter().map(|entry| key_bytes(&entry.mark.key)).collect();
    let (keys, spelled): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
    vec![
        list(&entries, |entry| entry.seq),
        list(&entries, |entry| entry.mark.kind().as_str()),
        Box::new(keys),
        Box::new(spelled),
        list(&entries, |entry| entry.mark.tenant.map(|id| id.0)),
        list(&entries, |entry| entry.user.map(|id| id.0)),
        list(&entries, |entry| entry.mark.expires_at.as_millis()),
        list(&entries, |entry| entry.revoked_at.as_millis()),
        list(&entries, |entry| entry.reason.clone()),
        list(&entries, |entry| entry.revoked_by.to_string()),
    ]
}

fn audit_lists(written: &[(&Cut, &CutOutcome)], inner: &Inner) -> Lists {
    let targets: Vec<Target> = written
        .iter()
        .map(|(_, outcome)| {
            let key = &outcome.entry.mark.key;
            Target::new(key.kind().as_str(), key)
        })
        .collect();
    let act = |(cut, outcome): &(&Cut, &CutOutcome)| {
        if outcome.created { cut.action } else { action::REVOCATION_EXTENDED }
    };
    vec![
        list(written, |(cut, _)| uuid_v7(cut.by.at, &*inner.entropy)),
        list(written, |(cut, _)| cut.by.at.as_millis()),
        list(written, act),
        list(written, |(cut, _)| cut.by.actor.to_string()),
        list(written, |(cut, _)| cut.by.actor.id()),
        list(&targets, |target| target.kind),
        list(&targets, |target| target.id.clone()),
        list(written, |(_, outcome)| outcome.entry.mark.tenant.map(|id| id.0)),
        list(written, |(_, outcome)| outcome.entry.user.map(|id| id.0)),
        list(written, |(cut, _)| cut.reason.clone()),
        list(written, |(cut, _)| cut.by.ip.map(|ip| ip.to_string())),
        list(written, |(cut, _)| cut.by.request_id.clone()),
    ]
}

fn list<I, T: ToSql + Sync + Send + 'static>(
    items: &[I],
    value: impl Fn(&I) -> T,
) -> Box<dyn ToSql + Sync + Send> {
    Box::new(items.iter().map(value).collect::<Vec<T>>())
}

fn borrowed(lists: &Lists) -> Vec<&(dyn ToSql + Sync)> {
    lists.iter().map(|list| &**list as &(dyn ToSql + Sync)).collect()
}

/// What is cut: only cuts of single tokens come here.
fn key_of(cut: &Cut) -> MarkKey {
    match &cut.target {
        CutTarget::Token { key, .. } => MarkKey::Token(key.clone()),
        CutTarget::Digest { digest, .. } => MarkKey::Digest(*digest),
        CutTarget::Session { id, .. } => MarkKey::Session(*id),
        CutTarget::User { user, .. } => MarkKey::User(*user),
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
fn jti(cut: &Cut) -> Option<uuid::Uuid> {
    match &cut.target {
        CutTarget::Token { key: rescind::ledger::TokenKey::Uuid(jti), .. } => Some(*jti),
        _ => None,
    }
}
