//! A mark, shown.

use rescind::clock::Timestamp;
use rescind::ledger::Mark;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What one entry of the ledger means to a verifier.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Mark)]
pub(crate) struct MarkView {
    /// The entry's place in the order of commits.
    pub(crate) seq: i64,
    /// At which level it cuts.
    #[schema(pattern = "^(token|session|user|tenant|client|key|digest)$")]
    pub(crate) kind: &'static str,
    /// What it cuts: a jti, an id, a `kid`, or a digest in hexadecimal.
    pub(crate) key: String,
    /// The tenant whose tokens it kills, and whose user it means; `null`: everybody's.
    pub(crate) tenant_id: Option<Uuid>,
    /// Tokens below this version are dead; of users and tenants only.
    pub(crate) min_version: Option<i64>,
    /// Everything that it kills has expired by then; `null`: never (a key's).
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) expires_at: Option<Timestamp>,
}

impl MarkView {
    /// The mark of the entry with this `seq`.
    pub(crate) fn new(seq: i64, mark: &Mark) -> Self {
        Self {
            seq,
            kind: mark.kind().as_str(),
            key: mark.key.to_string(),
            tenant_id: mark.tenant.map(|tenant| tenant.0),
            min_version: mark.min_version,
            expires_at: (mark.expires_at != Timestamp::MAX).then_some(mark.expires_at),
        }
    }
}
