//! A session, shown.

use rescind::clock::Timestamp;
use rescind::id::SessionId;
use rescind::session::{Session, Status};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A session: one sign-in on one device.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, pair, .. }| {
/// use rescind_server::view::SessionView;
///
/// let reason = Some("reported stolen".to_owned());
/// let ended = authority.end_session(&operator, pair.session_id, reason.clone()).await?;
/// let shown = SessionView::from(ended);
/// assert_eq!((shown.session_id, shown.status), (pair.session_id.0, "revoked"));
/// assert_eq!(shown.revoked_reason, reason);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Session, description = "A session: one sign-in on one device.")]
pub struct SessionView {
    /// Its id: what calls take.
    pub session_id: Uuid,
    /// Counts the user's sessions from 1; for showing only.
    pub number: i64,
    /// Whose it is.
    pub user_id: Uuid,
    /// In which tenant.
    pub tenant_id: Uuid,
    /// `active`, `revoked` or `expired`.
    #[schema(pattern = "^(active|revoked|expired)$")]
    pub status: &'static str,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last refreshed.
    #[schema(value_type = String, format = DateTime)]
    pub last_used_at: Timestamp,
    /// When it ends unless it is refreshed before.
    #[schema(value_type = String, format = DateTime)]
    pub idle_expires_at: Timestamp,
    /// When it ends in any case.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// The address that it was last used from.
    pub ip: Option<String>,
    /// The device's `User-Agent`.
    pub user_agent: Option<String>,
    /// The name that the user gave the device.
    pub device_name: Option<String>,
    /// The jti of the access token that was minted last.
    pub access_jti: Uuid,
    /// When it was ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
    /// Why.
    pub revoked_reason: Option<String>,
    /// By whom: `user:<id>`, `client:<id>`, `cli` or `system`.
    pub revoked_by: Option<String>,
}

impl SessionView {
    /// With `current` said of the session that asks.
    #[must_use]
    pub(crate) fn asked_by(mut self, asking: SessionId) -> Self {
        self.current = self.session_id == asking.0;
        self
    }
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        let status = session.status.as_str();
        let revoked = match session.status {
            Status::Revoked(revoked) => Some(revoked),
            Status::Active | Status::Expired => None,
        };
        Self {
            session_id: session.id.0,
            number: session.number,
            user_id: session.user.0,
            tenant_id: session.tenant.0,
            status,
            current: false,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            idle_expires_at: session.idle_expires_at,
            expires_at: session.expires_at,
            ip: session.device.ip.map(|ip| ip.to_string()),
            user_agent: session.device.user_agent,
            device_name: session.device.name,
            access_jti: session.access_jti.0,
            revoked_at: revoked.as_ref().map(|revoked| revoked.at),
            revoked_by: revoked.as_ref().map(|revoked| revoked.by.to_string()),
            revoked_reason: revoked.and_then(|revoked| revoked.reason),
        }
    }
}
