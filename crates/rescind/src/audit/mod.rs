//! The audit trail: who did what, on whom, from where. Written in the transaction of what it records.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::id::{AuditId, ClientId, TenantId, UserId};
use crate::store::{Answer, Page, PageRequest};

/// Reading the audit trail. Writing it has no verb: every other verb writes its own entries.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, .. }| {
/// use rescind::audit::{AuditFilter, action};
/// # let page = rescind::store::PageRequest { limit: 50, cursor: None };
///
/// // Revoking has written it, in the same transaction.
/// authority.revoke_all_own(&ada).await?;
/// let newest = ports.store.audit_entries(&AuditFilter::default(), &page).await?.items.remove(0);
/// assert_eq!((newest.action.as_str(), newest.actor), (action::USER_REVOKED, ada.actor()));
/// # Ok(())
/// # });
/// ```
pub trait AuditStore: Send + Sync {
    /// Entries that match, newest first.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, acme, .. }| {
    /// use rescind::audit::{AuditFilter, action};
    /// # let page = rescind::store::PageRequest { limit: 50, cursor: None };
    ///
    /// let filter = AuditFilter { actions: vec![action::SESSION_OPENED], ..AuditFilter::default() };
    /// let entries = ports.store.audit_entries(&filter, &page).await?.items;
    /// assert_eq!(entries.iter().map(|entry| entry.tenant_id).collect::<Vec<_>>(), [Some(acme)]);
    /// # Ok(())
    /// # });
    /// ```
    fn audit_entries<'a>(
        &'a self,
        filter: &'a AuditFilter,
        page: &'a PageRequest,
    ) -> Answer<'a, Page<AuditEntry>>;
}

/// Which entries to list. Empty: all of them.
///
/// ```
/// use rescind::audit::{AuditFilter, action};
///
/// // What one backend did to passwords, since it was told to stop.
/// let filter = AuditFilter {
///     actor: Some("018f0000-0000-7000-8000-000000000001".into()),
///     action: Some(action::PASSWORD_CHANGED.into()),
///     ..AuditFilter::default()
/// };
/// assert_eq!(filter.tenant, None, "in every tenant");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this tenant only.
    pub tenant: Option<TenantId>,
    /// That concern this user (of [`AuditFilter::tenant`]).
    pub user: Option<UserId>,
    /// Whose actor has this id.
    pub actor: Option<String>,
    /// Whose target has this id.
    pub target: Option<String>,
    /// With this action.
    pub action: Option<String>,
    /// Restricted to these actions, where not empty.
    pub actions: Vec<&'static str>,
    /// Done within the request with this id.
    pub request: Option<String>,
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// At most so many rows are looked at for a page; it may then be short, or empty, although there is more:
    /// [`next_cursor`](crate::store::Page::next_cursor) tells. None: as many as it takes.
    pub walk: Option<u32>,
}

/// One thing that was done.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
/// use rescind::audit::{Actor, AuditFilter, action};
/// use rescind::store::PageRequest;
///
/// let page = PageRequest { limit: 500, cursor: None };
/// let entries = authority.audit(&operator, AuditFilter::default(), &page).await?.items;
/// let made = entries.iter().find(|entry| entry.action == action::TENANT_CREATED).ok_or("`acme` was made")?;
/// assert_eq!((made.actor, made.target.kind), (Actor::CommandLine, "tenant"));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// The entry's id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// What: one of [`action`].
    pub action: String,
    /// Who.
    pub actor: Actor,
    /// On whom or what.
    pub target: Target,
    /// In which tenant, where it is in one.
    pub tenant_id: Option<TenantId>,
    /// The reason that was given.
    pub reason: Option<String>,
    /// From which address.
    pub ip: Option<IpAddr>,
    /// Within which request.
    pub request_id: Option<String>,
}

/// The words of [`AuditEntry::action`].
pub mod action {
    /// A session was opened by password.
    pub const SIGNED_IN: &str = "signed_in";
    /// A session was opened by a backend.
    pub const SESSION_OPENED: &str = "session_opened";
    /// A session was ended.
    pub const SESSION_REVOKED: &str = "session_revoked";
    /// A session was renamed.
    pub const SESSION_RENAMED: &str = "session_renamed";
    /// A session gave way to a newer one: its user had the most sessions allowed.
    pub const SESSION_DISPLACED: &str = "session_displaced";
    /// A refresh token was used twice; its session was ended.
    pub const REFRESH_REUSE_DETECTED: &str = "refresh_reuse_detected";
    /// A token was revoked by its jti or digest.
    pub const TOKEN_REVOKED: &str = "token_revoked";
    /// A token's revocation was given a later end.
    pub const REVOCATION_EXTENDED: &str = "revocation_extended";
    /// All sessions of a user were ended.
    pub const USER_REVOKED: &str = "user_revoked";
    /// All sessions of a user but one were ended.
    pub const OTHER_SESSIONS_REVOKED: &str = "other_sessions_revoked";
    /// All sessions of a tenant were ended.
    pub const TENANT_REVOKED: &str = "tenant_revoked";
    /// Somebody registered.
    pub const USER_REGISTERED: &str = "user_registered";
    /// A user was made.
    pub const USER_CREATED: &str = "user_created";
    /// A user's role, email or password was changed, or the user disabled or enabled.
    pub const USER_UPDATED: &str = "user_updated";
    /// A user was erased.
    pub const USER_DELETED: &str = "user_deleted";
    /// A user changed the own password.
    pub const PASSWORD_CHANGED: &str = "password_changed";
    /// A tenant was made.
    pub const TENANT_CREATED: &str = "tenant_created";
    /// A tenant was renamed, suspended or let in again.
    pub const TENANT_UPDATED: &str = "tenant_updated";
    /// An API client was made.
    pub const CLIENT_CREATED: &str = "client_created";
    /// An API client was deleted.
    pub const CLIENT_DELETED: &str = "client_deleted";
    /// An API client got another secret.
    pub const CLIENT_SECRET_ROTATED: &str = "client_secret_rotated";
    /// A key was made.
    pub const KEY_CREATED: &str = "key_created";
    /// The next key began to sign.
    pub const KEY_ROTATED: &str = "key_rotated";
    /// A key was revoked.
    pub const KEY_REVOKED: &str = "key_revoked";
    /// The keys were wrapped with another master key.
    pub const KEYS_REWRAPPED: &str = "keys_rewrapped";
    /// Expired ledger entries were removed.
    pub const LEDGER_PURGED: &str = "ledger_purged";
    /// A revocation that the store had lost was written back by a node that remembered it.
    pub const REVOCATION_REINSTATED: &str = "revocation_reinstated";
    /// The store was restored from a backup.
    pub const RESTORED: &str = "restored";
    /// A server began to serve under another issuer than the last, or under the first: tokens of before are refused.
    pub const ISSUER_SET: &str = "issuer_set";
}

/// Who does something.
///
/// ```
/// use rescind::audit::Actor;
/// # use rescind::id::UserId;
/// # let ada = UserId(uuid::Uuid::from_u128(1));
///
/// let text = Actor::User(ada).to_string();
/// assert_eq!(text.parse(), Ok(Actor::User(ada)));
/// assert_eq!(Actor::System.to_string(), "system");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A signed-in user.
    User(UserId),
    /// An API client.
    Client(ClientId),
    /// A person at the command line of the machine that holds the store.
    CommandLine,
    /// Rescind itself: a background task, or the detection of theft.
    System,
    /// Somebody without credentials, such as who registers.
    Anonymous,
}

impl Actor {
    /// The word for this kind of actor.
    ///
    /// ```
    /// use rescind::audit::Actor;
    ///
    /// assert_eq!(Actor::CommandLine.kind(), "cli");
    /// ```
    pub const fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Client(_) => "client",
            Self::CommandLine => "cli",
            Self::System => "system",
            Self::Anonymous => "anonymous",
        }
    }

    /// The actor's id, where the kind has one.
    ///
    /// ```
    /// use rescind::audit::Actor;
    ///
    /// // Rescind itself has no id.
    /// assert_eq!(Actor::System.id(), None);
    /// ```
    pub fn id(self) -> Option<String> {
        match self {
            Self::User(id) => Some(id.to_string()),
            Self::Client(id) => Some(id.to_string()),
            Self::CommandLine | Self::System | Self::Anonymous => None,
        }
    }
}

/// `kind` or `kind:id`, as `revoked_by` has it.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id() {
            Some(id) => write!(f, "{}:{id}", self.kind()),
            None => f.write_str(self.kind()),
        }
    }
}

impl FromStr for Actor {
    type Err = InvalidActor;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s.split_once(':') {
            Some(("user", id)) => id.parse().map(Self::User).map_err(|_| InvalidActor),
            Some(("client", id)) => id.parse().map(Self::Client).map_err(|_| InvalidActor),
            None if s == "cli" => Ok(Self::CommandLine),
            None if s == "system" => Ok(Self::System),
            None if s == "anonymous" => Ok(Self::Anonymous),
            _ => Err(InvalidActor),
        }
    }
}

impl Serialize for Actor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Target { kind: self.kind(), id: self.id() }.serialize(serializer)
    }
}

/// The text names no actor.
///
/// ```
/// use rescind::audit::{Actor, InvalidActor};
///
/// assert_eq!("user:ada".parse::<Actor>(), Err(InvalidActor));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an actor")]
pub struct InvalidActor;

/// On whom or what something is done.
///
/// ```
/// use rescind::audit::Target;
///
/// let target = Target::new("key", "k1");
/// assert_eq!(serde_json::to_value(&target)?, serde_json::json!({ "kind": "key", "id": "k1" }));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// `session`, `user`, `tenant`, `client`, `key`, `token`, `digest` or `ledger`.
    pub kind: &'static str,
    /// Its id, where the kind has one.
    pub id: Option<String>,
}

impl Target {
    /// The kinds that exist.
    ///
    /// ```
    /// use rescind::audit::Target;
    ///
    /// assert!(Target::KINDS.iter().all(|kind| Target::known_kind(kind) == Some(*kind)));
    /// ```
    pub const KINDS: [&'static str; 8] =
        ["session", "user", "tenant", "client", "key", "token", "digest", "ledger"];

    /// Of a kind that is not known here.
    ///
    /// ```
    /// assert_eq!(rescind::audit::Target::OTHER, "other");
    /// ```
    pub const OTHER: &'static str = "other";

    /// A target of `kind`, one of [`Target::KINDS`], with this id.
    ///
    /// ```
    /// use rescind::audit::Target;
    ///
    /// assert_eq!(Target::new("token", 42).id.as_deref(), Some("42"));
    /// ```
    pub fn new(kind: &'static str, id: impl fmt::Display) -> Self {
        Self { kind, id: Some(id.to_string()) }
    }

    /// The kind with this name, if there is one.
    ///
    /// ```
    /// use rescind::audit::Target;
    ///
    /// assert_eq!(Target::known_kind("session"), Some("session"));
    /// assert_eq!(Target::known_kind("house"), None);
    /// ```
    pub fn known_kind(name: &str) -> Option<&'static str> {
        Self::KINDS.into_iter().find(|kind| *kind == name)
    }

    /// The kind that is shown for one that a newer program wrote, whose trail an older one reads beside it: [`Target::OTHER`].
    ///
    /// ```
    /// use rescind::audit::Target;
    ///
    /// assert_eq!(Target::shown_kind("session"), "session");
    /// assert_eq!(Target::shown_kind("house"), Target::OTHER);
    /// ```
    pub fn shown_kind(name: &str) -> &'static str {
        Self::known_kind(name).unwrap_or(Self::OTHER)
    }
}

/// What is recorded of an act, beside its [`Provenance`](crate::store::Provenance): an entry that is yet to be written.
///
/// ```
/// use rescind::audit::{Record, Target, action};
///
/// let record = Record {
///     action: action::KEY_REVOKED,
///     target: Target::new("key", "k1"),
///     tenant: None,
///     user: None,
///     reason: Some("its machine was stolen"),
/// };
/// assert!(Target::KINDS.contains(&record.target.kind));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// What was done; one of [`action`].
    pub action: &'a str,
    /// To what.
    pub target: Target,
    /// In which tenant.
    pub tenant: Option<TenantId>,
    /// The user whom it concerns.
    pub user: Option<UserId>,
    /// Why.
    pub reason: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_read_back_as_it_was_written() {
        let id = uuid::Uuid::from_u128(7);
        for actor in [
            Actor::User(UserId(id)),
            Actor::Client(ClientId(id)),
            Actor::CommandLine,
            Actor::System,
            Actor::Anonymous,
        ] {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
        for text in ["", "user", "user:", "user:x", "cli:1", "root"] {
            assert_eq!(text.parse::<Actor>(), Err(InvalidActor), "{text}");
        }
    }
}
