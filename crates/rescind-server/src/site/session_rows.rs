//! Sessions, as a table shows them: the same in administration and on a user's own page.

use rescind::authority::Authority;
use rescind::session::{Session, Status};

use super::device;
use super::when::When;

/// A row of "Where you're signed in".
pub(super) struct SessionRow {
    pub(super) id: String,
    pub(super) number: i64,
    /// The name that its user gave it.
    pub(super) name: Option<String>,
    /// Browser and system, where they are known.
    pub(super) device: String,
    /// What the device said of itself, whole.
    pub(super) user_agent: Option<String>,
    pub(super) ip: Option<String>,
    pub(super) created: When,
    pub(super) last_used: When,
    pub(super) expires: When,
    pub(super) status: &'static str,
    /// Why and by whom it was ended.
    pub(super) ended: Option<String>,
    /// Whether it is the one that asks.
    pub(super) current: bool,
}

impl SessionRow {
    pub(super) fn of(authority: &Authority, session: Session, current: bool) -> Self {
        let now = authority.now();
        Self {
            id: session.id.to_string(),
            number: session.number,
            name: session.device.name.filter(|name| !name.trim().is_empty()),
            device: device::describe(session.device.user_agent.as_deref())
                .unwrap_or_else(|| "Unknown device".to_owned()),
            user_agent: session.device.user_agent,
            ip: session.device.ip.map(|ip| ip.to_string()),
            created: When::of(session.created_at, now),
            last_used: When::of(session.last_used_at, now),
            expires: When::of(session.idle_expires_at.min(session.expires_at), now),
            status: session.status.as_str(),
            ended: ended(&session.status),
            current,
        }
    }

    pub(super) fn is_active(&self) -> bool {
        self.status == Status::Active.as_str()
    }
}

fn ended(status: &Status) -> Option<String> {
    let Status::Revoked(how) = status else { return None };
    let by = how.by.to_string();
    Some(how.reason.as_ref().map_or_else(|| format!("by {by}"), |reason| format!("{reason} (by {by})")))
}
