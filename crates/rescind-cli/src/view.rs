//! What is shown of things, with the field names of the HTTP API.

use rescind::authority::KeyView;
use rescind::clock::Timestamp;
use rescind::directory::{ApiClient, Tenant, User};
use rescind::id::{ClientId, Jti, SessionId, TenantId, UserId};
use rescind::ledger::{Entry, MarkKey};
use rescind::session::{Session, Status};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct UserJson {
    user_id: UserId,
    tenant_id: TenantId,
    email: String,
    role: String,
    disabled: bool,
    token_version: i64,
    created_at: Timestamp,
}

impl From<User> for UserJson {
    fn from(user: User) -> Self {
        Self {
            user_id: user.id,
            tenant_id: user.tenant,
            email: user.email,
            role: user.role,
            disabled: user.disabled,
            token_version: user.token_version,
            created_at: user.created_at,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct TenantJson {
    tenant_id: TenantId,
    slug: String,
    name: String,
    suspended: bool,
    token_version: i64,
    created_at: Timestamp,
}

impl From<Tenant> for TenantJson {
    fn from(tenant: Tenant) -> Self {
        Self {
            tenant_id: tenant.id,
            slug: tenant.slug,
            name: tenant.name,
            suspended: tenant.suspended,
            token_version: tenant.token_version,
            created_at: tenant.created_at,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ClientJson {
    client_id: ClientId,
    name: String,
    scopes: Vec<&'static str>,
    tenant_id: Option<TenantId>,
    refresh_requires_secret: bool,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
}

impl From<ApiClient> for ClientJson {
    fn from(client: ApiClient) -> Self {
        Self {
            client_id: client.id,
            name: client.name,
            scopes: client.scopes.iter().map(rescind::directory::Scope::as_str).collect(),
            tenant_id: client.tenant,
            refresh_requires_secret: client.refresh_requires_secret,
            created_at: client.created_at,
            last_used_at: client.last_used_at,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct SessionJson {
    session_id: SessionId,
    number: i64,
    user_id: UserId,
    tenant_id: TenantId,
    status: &'static str,
    current: bool,
    created_at: Timestamp,
    last_used_at: Timestamp,
    idle_expires_at: Timestamp,
    expires_at: Timestamp,
    ip: Option<std::net::IpAddr>,
    user_agent: Option<String>,
    device_name: Option<String>,
    access_jti: Jti,
    revoked_at: Option<Timestamp>,
    revoked_reason: Option<String>,
    revoked_by: Option<String>,
}

impl From<Session> for SessionJson {
    fn from(session: Session) -> Self {
        let status = session.status.as_str();
        let revoked = match session.status {
            Status::Revoked(revoked) => Some(revoked),
            Status::Active | Status::Expired => None,
        };
        Self {
            session_id: session.id,
            number: session.number,
            user_id: session.user,
            tenant_id: session.tenant,
            status,
            current: false,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            idle_expires_at: session.idle_expires_at,
            expires_at: session.expires_at,
            ip: session.device.ip,
            user_agent: session.device.user_agent,
            device_name: session.device.name,
            access_jti: session.access_jti,
            revoked_at: revoked.as_ref().map(|revoked| revoked.at),
            revoked_by: revoked.as_ref().map(|revoked| revoked.by.to_string()),
            revoked_reason: revoked.and_then(|revoked| revoked.reason),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct RevocationJson {
    seq: i64,
    kind: &'static str,
    key: String,
    jti: Option<String>,
    user_id: Option<UserId>,
    tenant_id: Option<TenantId>,
    expires_at: Timestamp,
    revoked_at: Timestamp,
    reason: Option<String>,
    revoked_by: String,
}

impl RevocationJson {
    pub(crate) const fn kind(&self) -> &'static str {
        self.kind
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }
}

impl From<Entry> for RevocationJson {
    fn from(entry: Entry) -> Self {
        let jti = match &entry.mark.key {
            MarkKey::Token(key) => Some(key.to_string()),
            _ => None,
        };
        Self {
            seq: entry.seq,
            kind: entry.mark.key.kind().as_str(),
            key: entry.mark.key.to_string(),
            jti,
            user_id: entry.user,
            tenant_id: entry.mark.tenant,
            expires_at: entry.mark.expires_at,
            revoked_at: entry.revoked_at,
            reason: entry.reason,
            revoked_by: entry.revoked_by.to_string(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct KeyJson {
    kid: String,
    alg: String,
    state: &'static str,
    created_at: Timestamp,
    active_from: Option<Timestamp>,
    retired_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    #[serde(rename = "use")]
    usage: &'static str,
}

impl From<KeyView> for KeyJson {
    fn from(key: KeyView) -> Self {
        Self {
            kid: key.kid,
            alg: key.alg,
            state: key.state.as_str(),
            created_at: key.created_at,
            active_from: key.active_from,
            retired_at: key.retired_at,
            revoked_at: key.revoked_at,
            usage: key.usage.as_str(),
        }
    }
}
