//! What a store knows of a session, and the status that follows from it.

use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::id::{ClientId, Jti, SessionId, TenantId, UserId};
use crate::session::{Device, Revoked, Session, Status};

/// A session as it is kept, together with what of its user, its tenant and its client decides its status: a tenant cut
/// writes no session.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// Its id.
    pub id: SessionId,
    /// Counts the user's sessions from 1.
    pub number: i64,
    /// Whose it is.
    pub user: UserId,
    /// In which tenant.
    pub tenant: TenantId,
    /// The API client that opened it.
    pub client: Option<ClientId>,
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
    /// How it was ended itself, if it was.
    pub revoked: Option<Revoked>,
    /// Its user's floor.
    pub user_floor: Floor,
    /// Its tenant's floor.
    pub tenant_floor: Floor,
    /// How its client was deleted, if it was.
    pub client_deleted: Option<Revoked>,
}

/// One of the two floors that a session stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// Where the session began, or was lifted to.
    pub stored: i64,
    /// Where the floor now is.
    pub current: i64,
    /// Whether whoever has this floor is barred altogether.
    pub barred: bool,
}

impl Floor {
    /// Whether the session fell through.
    pub fn kills(&self) -> bool {
        self.barred || self.current > self.stored
    }

    /// The raise that killed is the first one to this height or above. A session that was lifted to the very floor that
    /// barred its user fell with that.
    pub fn fatal_height(&self) -> i64 {
        if self.current > self.stored { self.stored + 1 } else { self.stored }
    }

    /// How a session ended that fell through, where the raise is no longer known. A floor is the time of its raise,
    /// unless raised twice within a millisecond.
    pub fn forgotten_raise(&self) -> Revoked {
        Revoked { at: Timestamp::from_millis(self.current), reason: None, by: Actor::System }
    }
}

impl SessionFacts {
    /// Whether it can be refreshed.
    pub fn is_active(&self, now: Timestamp) -> bool {
        !self.is_ended() && now < self.limit()
    }

    /// The status, given the raises of floors that ended it, where some did.
    ///
    /// What came first decides: a session that had expired was not ended by a user cut a week later. Only being ended itself
    /// is always shown.
    pub fn status(&self, raises: impl IntoIterator<Item = Revoked>, now: Timestamp) -> Status {
        let expired = now >= self.limit();
        let indirect = self.client_deleted.iter().cloned().chain(raises);
        let counted = indirect.filter(|ending| !expired || ending.at < self.limit());
        match self.revoked.iter().cloned().chain(counted).min_by_key(|ending| ending.at) {
            Some(first) => Status::Revoked(first),
            None if expired => Status::Expired,
            None => Status::Active,
        }
    }

    /// The session as it is shown, given the raises of floors that ended it.
    pub fn show(self, raises: impl IntoIterator<Item = Revoked>, now: Timestamp) -> Session {
        Session {
            status: self.status(raises, now),
            id: self.id,
            number: self.number,
            user: self.user,
            tenant: self.tenant,
            client: self.client,
            created_at: self.created_at,
            last_used_at: self.last_used_at,
            idle_expires_at: self.idle_expires_at,
            expires_at: self.expires_at,
            device: self.device,
            access_jti: self.access_jti,
        }
    }

    /// Whether anything but time ended it.
    fn is_ended(&self) -> bool {
        self.revoked.is_some()
            || self.user_floor.kills()
            || self.tenant_floor.kills()
            || self.client_deleted.is_some()
    }

    fn limit(&self) -> Timestamp {
        self.idle_expires_at.min(self.expires_at)
    }
}
