//! A ledger entry, shown.

use rescind::clock::Timestamp;
use rescind::ledger::{Entry, MarkKey};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A revocation: one entry of the ledger.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, .. }| {
/// use rescind::ledger::EntryFilter;
/// use rescind::store::PageRequest;
/// use rescind_server::view::RevocationView;
///
/// authority.revoke_all_own(&ada).await?;
/// let page = PageRequest { limit: 50, cursor: None };
/// let entries = authority.revocations(&operator, EntryFilter::default(), &page).await?;
/// let entries = entries.map(RevocationView::from);
/// let shown = &entries.items[0];
/// let me = ada.signed_in()?.user;
/// assert_eq!((shown.kind, shown.user_id), ("user", Some(me.0)));
/// assert_eq!(shown.revoked_by, format!("user:{}", me.0));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Revocation, description = "A revocation: one entry of the ledger.")]
pub struct RevocationView {
    /// Its place in the order of commits.
    pub seq: i64,
    /// At which level it cuts.
    #[schema(pattern = "^(token|session|user|tenant|client|key|digest)$")]
    pub kind: &'static str,
    /// What it cuts: a jti, an id, a `kid`, or a digest in hexadecimal.
    pub key: String,
    /// The token's jti, where it cuts one by that.
    pub jti: Option<String>,
    /// The user concerned, where one is known.
    pub user_id: Option<Uuid>,
    /// The tenant whose tokens it kills, or that it is about; `null`: everybody's.
    pub tenant_id: Option<Uuid>,
    /// Tokens below this version are dead; of a user's and a tenant's only.
    pub min_version: Option<i64>,
    /// Everything that it kills has expired by then; `null`: never (a key's).
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub revoked_at: Timestamp,
    /// Why; of one for everybody, callers of one tenant are not told.
    pub reason: Option<String>,
    /// By whom: `user:<id>`, `client:<id>`, `cli` or `system`; of one for everybody, callers of one tenant are told `system`.
    pub revoked_by: String,
}

impl From<Entry> for RevocationView {
    fn from(entry: Entry) -> Self {
        let mark = entry.mark;
        let tenant = match &mark.key {
            MarkKey::Tenant(tenant) => Some(*tenant),
            _ => mark.tenant,
        };
        let user = match &mark.key {
            MarkKey::User(user) => Some(*user),
            _ => entry.user,
        };
        Self {
            seq: entry.seq,
            kind: mark.kind().as_str(),
            key: mark.key.to_string(),
            jti: matches!(mark.key, MarkKey::Token(_)).then(|| mark.key.to_string()),
            user_id: user.map(|user| user.0),
            tenant_id: tenant.map(|tenant| tenant.0),
            min_version: mark.min_version,
            expires_at: (mark.expires_at != Timestamp::MAX).then_some(mark.expires_at),
            revoked_at: entry.revoked_at,
            reason: entry.reason,
            revoked_by: entry.revoked_by.to_string(),
        }
    }
}
