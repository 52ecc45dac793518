//! Sessions: one sign-in on one device, and the chain of single-use refresh tokens behind it.

mod facts;
mod refresh;
mod store;

use std::net::IpAddr;

use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::id::{ClientId, Jti, SessionId, TenantId, UserId};

pub use facts::{Floor, SessionFacts};
pub use refresh::{Judgement, Presented, RECENT_ROTATIONS, RefreshPolicy, RefreshState, Rotation, judge};
pub use store::{
    Chain, JtiOwner, OpenSession, Opened, Profile, Rotate, Rotated, SessionFilter, SessionStore,
    StatusFilter, Successor,
};

/// A session as it is shown.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, .. }| {
/// let session = authority.own_session(&ada, pair.session_id).await?;
/// assert!(session.client.is_some(), "a backend opened it");
/// assert!(session.idle_expires_at < session.expires_at);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Counts the user's sessions from 1; for showing only.
    pub number: i64,
    /// Whose it is.
    pub user: UserId,
    /// In which tenant.
    pub tenant: TenantId,
    /// The API client that opened it; none after a sign-in by password.
    pub client: Option<ClientId>,
    /// Whether it is alive, and if not, why.
    pub status: Status,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub last_used_at: Timestamp,
    /// When it ends unless it is refreshed before.
    pub idle_expires_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// What its device told of itself.
    pub device: Device,
    /// The jti of the access token that was minted last.
    pub access_jti: Jti,
}

/// Whether a session is alive. Derived when it is read: a tenant cut writes no session.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, .. }| {
/// use rescind::session::Status;
///
/// authority.revoke_all_own(&ada).await?;
/// match authority.own_session(&ada, pair.session_id).await?.status {
///     Status::Revoked(how) => assert_eq!(how.by, ada.actor()),
///     other => panic!("it is {}", other.as_str()),
/// }
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It can be refreshed.
    Active,
    /// It was ended.
    Revoked(Revoked),
    /// Its idle or its absolute limit has passed.
    Expired,
}

impl Status {
    /// The status' word.
    ///
    /// ```
    /// use rescind::session::Status;
    ///
    /// assert_eq!(Status::Expired.as_str(), "expired");
    /// ```
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked(_) => "revoked",
            Self::Expired => "expired",
        }
    }
}

/// How a session was ended.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, pair, .. }| {
/// use rescind::session::{Revoked, Status};
///
/// let ended = authority.end_session(&operator, pair.session_id, Some("reported".into())).await?;
/// let (at, reason, by) = (authority.now(), Some("reported".into()), operator.actor());
/// assert_eq!(ended.status, Status::Revoked(Revoked { at, reason, by }));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Option<String>,
    /// By whom.
    pub by: Actor,
}

/// What a device told of itself. All of it may be forged, and none of it decides anything.
///
/// ```
/// use rescind::session::Device;
///
/// let laptop = Device { name: Some("laptop".into()), ..Device::default() };
/// assert_eq!(laptop.ip, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// The name that the user gave it.
    pub name: Option<String>,
    /// Its `User-Agent`.
    pub user_agent: Option<String>,
    /// The address it signed in from, or last refreshed from.
    pub ip: Option<IpAddr>,
}
