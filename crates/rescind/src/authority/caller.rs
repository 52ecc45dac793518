//! Who calls, and how far the caller reaches.

use std::net::IpAddr;

use crate::audit::Actor;
use crate::authority::error::{Error, Result};
use crate::clock::Timestamp;
use crate::directory::{ADMIN_ROLE, ApiClient, Scope};
use crate::id::{SessionId, TenantId, UserId};
use crate::store::Provenance;

/// Who calls, from where, within which request.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, backend, .. }| {
/// use std::net::IpAddr;
///
/// use rescind::authority::{Caller, Origin};
///
/// // Credentials that were checked, and where they came from.
/// let ip = Some(IpAddr::from([192, 0, 2, 1]));
/// let caller = Caller { origin: Origin { ip, request_id: Some("r-1".into()) }, ..backend };
/// assert_eq!(caller.provenance(authority.now()).ip, ip);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub identity: Identity,
    /// From where.
    pub origin: Origin,
}

/// Where a call comes from.
///
/// ```
/// use std::net::IpAddr;
///
/// use rescind::authority::{Caller, Identity, Origin};
/// use rescind::clock::Timestamp;
///
/// let origin = Origin { ip: Some(IpAddr::from([192, 0, 2, 1])), request_id: Some("r-1".into()) };
/// let caller = Caller { identity: Identity::Anonymous, origin };
/// // The audit trail says so of whatever the caller does.
/// let kept = caller.provenance(Timestamp::from_secs(1_767_323_045));
/// assert_eq!((kept.ip, kept.request_id), (caller.origin.ip, caller.origin.request_id));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address, where there is one.
    pub ip: Option<IpAddr>,
    /// The request's id.
    pub request_id: Option<String>,
}

/// Who calls. Made only from credentials that were checked.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
/// use rescind::authority::{Caller, Identity, Origin};
/// use secrecy::ExposeSecret as _;
///
/// let (me, _) = authority.authenticate_user(pair.access_token.expose_secret()).await?;
/// let caller = Caller { identity: Identity::User(me), origin: Origin::default() };
/// assert_eq!(caller.actor().kind(), "user");
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub enum Identity {
    /// A signed-in user.
    User(SignedIn),
    /// An API client that has proven its secret.
    Client(ApiClient),
    /// A person at the command line of the machine that holds the store.
    CommandLine,
    /// Rescind itself.
    System,
    /// Somebody without credentials.
    Anonymous,
}

/// A user, as a verified access token tells.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, pair, acme, .. }| {
/// use secrecy::ExposeSecret as _;
///
/// let (me, _) = authority.authenticate_user(pair.access_token.expose_secret()).await?;
/// assert_eq!((me.tenant, me.session), (acme, pair.session_id));
/// assert_eq!(me.role, "member");
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub user: UserId,
    /// In which tenant.
    pub tenant: TenantId,
    /// In which session.
    pub session: SessionId,
    /// With which role.
    pub role: String,
}

/// Which tenants a caller reaches. What is beyond does not exist for it.
///
/// ```
/// use rescind::authority::Reach;
/// # use rescind::id::TenantId;
/// # let [system, acme] = [1, 2].map(|n| TenantId(uuid::Uuid::from_u128(n)));
///
/// // A client that no tenant binds and that lacks the scope `admin` does not reach the operators.
/// assert!(Reach::AllBut(system).covers(acme));
/// assert!(!Reach::AllBut(system).covers(system));
/// assert!(Reach::One(acme).must_cover(system).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of them: an operator.
    All,
    /// All but the operators' own.
    AllBut(TenantId),
    /// One.
    One(TenantId),
}

impl Reach {
    /// Whether `tenant` is within.
    ///
    /// ```
    /// use rescind::authority::Reach;
    /// # use rescind::id::TenantId;
    /// # let [acme, globex] = [1, 2].map(|n| TenantId(uuid::Uuid::from_u128(n)));
    ///
    /// assert!(Reach::One(acme).covers(acme));
    /// assert!(!Reach::One(acme).covers(globex));
    /// ```
    pub fn covers(self, tenant: TenantId) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(other) => tenant != other,
            Self::One(own) => tenant == own,
        }
    }

    /// Answers as though it did not exist, where `tenant` is beyond.
    ///
    /// ```
    /// use rescind::authority::{Error, Reach};
    /// # use rescind::id::TenantId;
    /// # let [acme, globex] = [1, 2].map(|n| TenantId(uuid::Uuid::from_u128(n)));
    ///
    /// assert_eq!(Reach::One(acme).must_cover(globex), Err(Error::NotFound));
    /// ```
    pub fn must_cover(self, tenant: TenantId) -> Result<()> {
        if self.covers(tenant) { Ok(()) } else { Err(Error::NotFound) }
    }

    /// The one tenant, where it is one.
    ///
    /// ```
    /// use rescind::authority::Reach;
    /// # use rescind::id::TenantId;
    /// # let acme = TenantId(uuid::Uuid::from_u128(1));
    ///
    /// assert_eq!(Reach::One(acme).tenant(), Some(acme));
    /// assert_eq!(Reach::AllBut(acme).tenant(), None);
    /// ```
    pub const fn tenant(self) -> Option<TenantId> {
        match self {
            Self::One(own) => Some(own),
            Self::All | Self::AllBut(_) => None,
        }
    }
}

impl Caller {
    /// The caller at the command line.
    ///
    /// ```
    /// use rescind::audit::Actor;
    /// use rescind::authority::Caller;
    ///
    /// assert_eq!(Caller::command_line().actor(), Actor::CommandLine);
    /// ```
    pub const fn command_line() -> Self {
        Self { identity: Identity::CommandLine, origin: Origin { ip: None, request_id: None } }
    }

    /// Rescind itself, in a task of its own.
    ///
    /// ```
    /// use rescind::authority::Caller;
    ///
    /// let nightly = Caller::system();
    /// assert!(nightly.may_touch_admins());
    /// assert_eq!(nightly.actor().to_string(), "system");
    /// ```
    pub const fn system() -> Self {
        Self { identity: Identity::System, origin: Origin { ip: None, request_id: None } }
    }

    /// The caller as the audit trail names it.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ada, backend, .. }| {
    /// use rescind::audit::Actor;
    ///
    /// assert_eq!(ada.actor(), Actor::User(ada.signed_in()?.user));
    /// assert_eq!(backend.actor().kind(), "client");
    /// # Ok(())
    /// # });
    /// ```
    pub const fn actor(&self) -> Actor {
        match &self.identity {
            Identity::User(user) => Actor::User(user.user),
            Identity::Client(client) => Actor::Client(client.id),
            Identity::CommandLine => Actor::CommandLine,
            Identity::System => Actor::System,
            Identity::Anonymous => Actor::Anonymous,
        }
    }

    /// What the store keeps of an act of this caller.
    ///
    /// ```
    /// use std::net::IpAddr;
    ///
    /// use rescind::authority::{Caller, Identity, Origin};
    /// use rescind::clock::Timestamp;
    ///
    /// let ip = Some(IpAddr::from([192, 0, 2, 1]));
    /// let caller = Caller { identity: Identity::Anonymous, origin: Origin { ip, request_id: None } };
    /// let kept = caller.provenance(Timestamp::from_secs(1_767_323_045));
    /// assert_eq!((kept.actor.kind(), kept.ip), ("anonymous", ip));
    /// ```
    pub fn provenance(&self, at: Timestamp) -> Provenance {
        Provenance { actor: self.actor(), ip: self.origin.ip, request_id: self.origin.request_id.clone(), at }
    }

    /// How far the caller reaches with `scope`. A user needs the role `admin` for any of them.
    ///
    /// `system` is the operators' own tenant.
    ///
    /// ```
    /// use rescind::authority::{Caller, Error, Identity, Origin, Reach, SignedIn};
    /// use rescind::directory::Scope;
    /// # use rescind::id::{SessionId, TenantId, UserId};
    /// # let id = uuid::Uuid::from_u128;
    /// # let [system, acme, globex] = [1, 2, 3].map(|n| TenantId(id(n)));
    /// # let (user, session) = (UserId(id(4)), SessionId(id(5)));
    ///
    /// let reach = |tenant, role: &str| {
    ///     let identity = Identity::User(SignedIn { user, tenant, session, role: role.into() });
    ///     Caller { identity, origin: Origin::default() }.reach(Scope::UsersWrite, system)
    /// };
    /// assert_eq!(reach(system, "admin")?, Reach::All);
    /// assert_eq!(reach(acme, "member").unwrap_err().code(), "forbidden");
    ///
    /// // What is beyond an admin's own tenant does not exist for it.
    /// let own = reach(acme, "admin")?;
    /// assert_eq!(own, Reach::One(acme));
    /// assert_eq!(own.must_cover(globex), Err(Error::NotFound));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn reach(&self, scope: Scope, system: TenantId) -> Result<Reach> {
        match &self.identity {
            Identity::CommandLine | Identity::System => Ok(Reach::All),
            Identity::User(user) if user.role != ADMIN_ROLE => {
                Err(Error::Forbidden("the role admin is needed"))
            }
            Identity::User(user) if user.tenant == system => Ok(Reach::All),
            Identity::User(user) => Ok(Reach::One(user.tenant)),
            Identity::Client(client) if !client.scopes.allow(scope) => {
                Err(Error::InsufficientScope(scope.as_str()))
            }
            Identity::Client(client) if client.tenant == Some(system) && changes_accounts(scope) => {
                Err(Error::Forbidden("users and clients of the tenant system are changed by operators"))
            }
            Identity::Client(client) => Ok(match client.tenant {
                Some(tenant) => Reach::One(tenant),
                None if client.is_operator() => Reach::All,
                None => Reach::AllBut(system),
            }),
            Identity::Anonymous => Err(Error::Forbidden("credentials are needed")),
        }
    }

    /// That the caller has `scope` and no tenant binds it.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, backend, .. }| {
    /// use rescind::directory::Scope;
    ///
    /// let system = authority.system_tenant();
    /// assert!(operator.must_be_unbound(Scope::KeysWrite, system).is_ok());
    /// // It has the scope, and a tenant binds it.
    /// assert!(backend.must_be_unbound(Scope::Introspect, system).is_err());
    /// # Ok(())
    /// # });
    /// ```
    pub fn must_be_unbound(&self, scope: Scope, system: TenantId) -> Result<()> {
        match self.reach(scope, system)? {
            Reach::One(_) => Err(Error::Forbidden("this is for operators")),
            Reach::All | Reach::AllBut(_) => Ok(()),
        }
    }

    /// That the caller is an operator.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, .. }| {
    /// assert!(operator.must_be_operator(authority.system_tenant()).is_ok());
    /// assert!(ada.must_be_operator(authority.system_tenant()).is_err());
    /// # Ok(())
    /// # });
    /// ```
    pub fn must_be_operator(&self, system: TenantId) -> Result<()> {
        match self.reach(Scope::Admin, system)? {
            Reach::All => Ok(()),
            Reach::AllBut(_) | Reach::One(_) => Err(Error::Forbidden("this is for operators")),
        }
    }

    /// Whether the caller may make admins, and change those there are (of tenants that it reaches).
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { operator, backend, .. }| {
    /// assert!(operator.may_touch_admins());
    /// assert!(!backend.may_touch_admins(), "its scopes lack `admin`");
    /// # Ok(())
    /// # });
    /// ```
    pub fn may_touch_admins(&self) -> bool {
        match &self.identity {
            Identity::CommandLine | Identity::System => true,
            Identity::User(user) => user.role == ADMIN_ROLE,
            Identity::Client(client) => client.scopes.allow(Scope::Admin),
            Identity::Anonymous => false,
        }
    }

    /// The signed-in user, where it is one.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ada, backend, pair, .. }| {
    /// assert_eq!(ada.signed_in()?.session, pair.session_id);
    /// assert!(backend.signed_in().is_err());
    /// # Ok(())
    /// # });
    /// ```
    pub fn signed_in(&self) -> Result<&SignedIn> {
        match &self.identity {
            Identity::User(user) => Ok(user),
            _ => Err(Error::Forbidden("this is for signed-in users")),
        }
    }
}

/// Whether `scope` is one by which users or clients are made or changed: in the tenant `system` that would make operators.
const fn changes_accounts(scope: Scope) -> bool {
    matches!(scope, Scope::UsersWrite | Scope::Admin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Scopes;
    use crate::id::ClientId;
    use uuid::Uuid;

    const SYSTEM: TenantId = TenantId(Uuid::from_u128(1));
    const ACME: TenantId = TenantId(Uuid::from_u128(2));

    fn client(scopes: &[Scope], tenant: Option<TenantId>) -> Caller {
        Caller {
            identity: Identity::Client(ApiClient {
                id: ClientId(Uuid::from_u128(9)),
                name: String::new(),
                scopes: scopes.iter().copied().collect::<Scopes>(),
                tenant,
                refresh_requires_secret: false,
                created_at: Timestamp::from_secs(0),
                last_used_at: None,
            }),
            origin: Origin::default(),
        }
    }

    fn user(role: &str, tenant: TenantId) -> Caller {
        let signed_in = SignedIn {
            user: UserId(Uuid::from_u128(3)),
            tenant,
            session: SessionId(Uuid::from_u128(4)),
            role: role.to_owned(),
        };
        Caller { identity: Identity::User(signed_in), origin: Origin::default() }
    }

    #[test]
    fn only_operators_reach_the_operators_own_tenant() {
        let reach = |caller: &Caller| caller.reach(Scope::UsersWrite, SYSTEM);
        assert_eq!(reach(&user("admin", SYSTEM)), Ok(Reach::All));
        assert_eq!(reach(&client(&[Scope::Admin], None)), Ok(Reach::All));
        assert_eq!(reach(&client(&[Scope::UsersWrite], None)), Ok(Reach::AllBut(SYSTEM)));
        assert_eq!(reach(&client(&[Scope::Admin], Some(ACME))), Ok(Reach::One(ACME)));
        assert_eq!(reach(&user("admin", ACME)), Ok(Reach::One(ACME)));
        assert!(!Reach::AllBut(SYSTEM).covers(SYSTEM));
    }

    #[test]
    fn a_client_that_system_binds_changes_nobody_there() {
        let bound = client(&[Scope::Admin], Some(SYSTEM));
        assert!(bound.reach(Scope::UsersWrite, SYSTEM).is_err());
        assert!(bound.reach(Scope::Admin, SYSTEM).is_err());
        assert_eq!(bound.reach(Scope::Introspect, SYSTEM), Ok(Reach::One(SYSTEM)));
    }

    #[test]
    fn no_scope_stands_for_another() {
        for held in Scope::ALL.into_iter().filter(|scope| *scope != Scope::Admin) {
            for asked in Scope::ALL {
                let allowed = client(&[held], None).reach(asked, SYSTEM).is_ok();
                assert_eq!(allowed, held == asked, "{held} for {asked}");
            }
            assert!(client(&[held], None).must_be_operator(SYSTEM).is_err());
            assert!(!client(&[held], None).may_touch_admins());
        }
    }

    #[test]
    fn another_role_reaches_nothing() {
        assert!(user("member", SYSTEM).reach(Scope::SessionsRead, SYSTEM).is_err());
        assert!(user("admin", ACME).must_be_operator(SYSTEM).is_err());
    }
}
