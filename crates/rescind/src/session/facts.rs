//! What a store knows of a session, and the status that follows from it.

use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::id::{ClientId, Jti, SessionId, TenantId, UserId};
use crate::session::{Device, Revoked, Session, Status};

/// A session as it is kept, together with what of its user, its tenant and its client decides its status: a tenant cut
/// writes no session.
///
/// ```
/// use rescind::session::SessionFacts;
/// # use rescind::clock::Timestamp;
/// # use rescind::id::{Jti, SessionId, TenantId, UserId};
/// # use rescind::session::{Device, Floor};
/// # let (id, at) = (uuid::Uuid::from_u128, Timestamp::from_secs);
/// # let floor = Floor { stored: 7, current: 7, barred: false };
/// # let facts = SessionFacts {
/// #     id: SessionId(id(1)),
/// #     number: 1,
/// #     user: UserId(id(2)),
/// #     tenant: TenantId(id(3)),
/// #     client: None,
/// #     created_at: at(0),
/// #     last_used_at: at(0),
/// #     idle_expires_at: at(100),
/// #     expires_at: at(1_000),
/// #     device: Device::default(),
/// #     access_jti: Jti(id(4)),
/// #     revoked: None,
/// #     user_floor: floor,
/// #     tenant_floor: floor,
/// #     client_deleted: None,
/// # };
///
/// assert!(facts.is_active(at(50)));
/// // A tenant cut raises the tenant's floor, and writes nothing to its sessions.
/// let after = SessionFacts { tenant_floor: Floor { current: 8, ..floor }, ..facts };
/// assert!(!after.is_active(at(50)));
/// ```
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
///
/// ```
/// use rescind::session::Floor;
///
/// let floor = Floor { stored: 7, current: 7, barred: false };
/// assert!(!floor.kills());
/// // A cut raised it. A session that is spared is lifted.
/// let raised = Floor { current: 8, ..floor };
/// assert!(raised.kills() && !Floor { stored: 8, ..raised }.kills());
/// ```
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
    ///
    /// ```
    /// use rescind::session::Floor;
    ///
    /// assert!(Floor { stored: 7, current: 8, barred: false }.kills());
    /// assert!(Floor { stored: 8, current: 8, barred: true }.kills(), "its user was disabled");
    /// ```
    pub fn kills(&self) -> bool {
        self.barred || self.current > self.stored
    }

    /// The raise that killed is the first one to this height or above. A session that was lifted to the very floor that
    /// barred its user fell with that.
    ///
    /// ```
    /// use rescind::session::Floor;
    ///
    /// // Raised to 9 and then to 12: the first of the two ended the session.
    /// let floor = Floor { stored: 7, current: 12, barred: false };
    /// assert!((floor.fatal_height()..=12).contains(&9));
    /// assert_eq!(floor.fatal_height(), 8);
    /// ```
    pub fn fatal_height(&self) -> i64 {
        if self.current > self.stored { self.stored + 1 } else { self.stored }
    }

    /// How a session ended that fell through, where the raise is no longer known. A floor is the time of its raise,
    /// unless raised twice within a millisecond.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::session::Floor;
    ///
    /// let floor = Floor { stored: 0, current: 1_767_323_045_000, barred: false };
    /// assert_eq!(floor.forgotten_raise().at, Timestamp::from_secs(1_767_323_045));
    /// ```
    pub fn forgotten_raise(&self) -> Revoked {
        Revoked { at: Timestamp::from_millis(self.current), reason: None, by: Actor::System }
    }
}

impl SessionFacts {
    /// Whether it can be refreshed.
    ///
    /// ```
    /// # use rescind::session::SessionFacts;
    /// # use rescind::clock::Timestamp;
    /// # use rescind::id::{Jti, SessionId, TenantId, UserId};
    /// # use rescind::session::{Device, Floor};
    /// # let (id, at) = (uuid::Uuid::from_u128, Timestamp::from_secs);
    /// # let floor = Floor { stored: 7, current: 7, barred: false };
    /// # let facts = SessionFacts {
    /// #     id: SessionId(id(1)),
    /// #     number: 1,
    /// #     user: UserId(id(2)),
    /// #     tenant: TenantId(id(3)),
    /// #     client: None,
    /// #     created_at: at(0),
    /// #     last_used_at: at(0),
    /// #     idle_expires_at: at(100),
    /// #     expires_at: at(1_000),
    /// #     device: Device::default(),
    /// #     access_jti: Jti(id(4)),
    /// #     revoked: None,
    /// #     user_floor: floor,
    /// #     tenant_floor: floor,
    /// #     client_deleted: None,
    /// # };
    /// assert!(facts.is_active(at(99)));
    /// assert!(!facts.is_active(facts.idle_expires_at));
    /// ```
    pub fn is_active(&self, now: Timestamp) -> bool {
        !self.is_ended() && now < self.limit()
    }

    /// The status, given the raises of floors that ended it, where some did.
    ///
    /// What came first decides: a session that had expired was not ended by a user cut a week later. Only being ended itself
    /// is always shown.
    ///
    /// ```
    /// use rescind::audit::Actor;
    /// use rescind::session::{Revoked, SessionFacts, Status};
    /// # use rescind::clock::Timestamp;
    /// # use rescind::id::{Jti, SessionId, TenantId, UserId};
    /// # use rescind::session::{Device, Floor};
    /// # let (id, at) = (uuid::Uuid::from_u128, Timestamp::from_secs);
    /// # let floor = Floor { stored: 7, current: 7, barred: false };
    /// # let facts = SessionFacts {
    /// #     id: SessionId(id(1)),
    /// #     number: 1,
    /// #     user: UserId(id(2)),
    /// #     tenant: TenantId(id(3)),
    /// #     client: None,
    /// #     created_at: at(0),
    /// #     last_used_at: at(0),
    /// #     idle_expires_at: at(100),
    /// #     expires_at: at(1_000),
    /// #     device: Device::default(),
    /// #     access_jti: Jti(id(4)),
    /// #     revoked: None,
    /// #     user_floor: floor,
    /// #     tenant_floor: floor,
    /// #     client_deleted: None,
    /// # };
    ///
    /// let cut = |secs| Revoked { at: at(secs), reason: None, by: Actor::System };
    /// assert_eq!(facts.status([cut(60)], at(70)), Status::Revoked(cut(60)));
    /// // It had expired by then: the cut did not end it.
    /// assert_eq!(facts.status([cut(150)], at(200)), Status::Expired);
    /// ```
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
    ///
    /// ```
    /// use rescind::session::{SessionFacts, Status};
    /// # use rescind::clock::Timestamp;
    /// # use rescind::id::{Jti, SessionId, TenantId, UserId};
    /// # use rescind::session::{Device, Floor};
    /// # let (id, at) = (uuid::Uuid::from_u128, Timestamp::from_secs);
    /// # let floor = Floor { stored: 7, current: 7, barred: false };
    /// # let facts = SessionFacts {
    /// #     id: SessionId(id(1)),
    /// #     number: 1,
    /// #     user: UserId(id(2)),
    /// #     tenant: TenantId(id(3)),
    /// #     client: None,
    /// #     created_at: at(0),
    /// #     last_used_at: at(0),
    /// #     idle_expires_at: at(100),
    /// #     expires_at: at(1_000),
    /// #     device: Device::default(),
    /// #     access_jti: Jti(id(4)),
    /// #     revoked: None,
    /// #     user_floor: floor,
    /// #     tenant_floor: floor,
    /// #     client_deleted: None,
    /// # };
    ///
    /// let shown = facts.show([], at(100));
    /// assert_eq!((shown.number, shown.status), (1, Status::Expired));
    /// ```
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
