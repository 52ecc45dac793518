//! An entry of the audit trail, shown.

use rescind::audit::AuditEntry;
use rescind::clock::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// One thing that was done. A user's own ones are security events.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditView {
    /// Its id.
    pub(crate) id: Uuid,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    /// What.
    pub(crate) action: String,
    /// Who.
    pub(crate) actor: Party,
    /// On whom or what.
    pub(crate) target: Party,
    /// In which tenant, where it is in one.
    pub(crate) tenant_id: Option<Uuid>,
    /// The reason that was given.
    pub(crate) reason: Option<String>,
    /// From which address.
    pub(crate) ip: Option<String>,
    /// Within which request.
    pub(crate) request_id: Option<String>,
}

/// Who did it, or on whom or what it was done.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Party {
    /// `user`, `client`, `cli`, `system`, `anonymous`, `session`, `tenant`, `key`, `token`, `digest` or `ledger`; `other` for one that a newer program wrote.
    pub(crate) kind: &'static str,
    /// Its id, where the kind has one.
    pub(crate) id: Option<String>,
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id.0,
            at: entry.at,
            action: entry.action,
            actor: Party { kind: entry.actor.kind(), id: entry.actor.id() },
            target: Party { kind: entry.target.kind, id: entry.target.id },
            tenant_id: entry.tenant_id.map(|tenant| tenant.0),
            reason: entry.reason,
            ip: entry.ip.map(|ip| ip.to_string()),
            request_id: entry.request_id,
        }
    }
}
