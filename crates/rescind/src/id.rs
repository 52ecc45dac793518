//! Identifiers: UUIDs that cannot be mistaken for one another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A tenant: the wall between one customer's users and another's.
    ///
    /// ```
    /// use rescind::id::TenantId;
    ///
    /// let acme: TenantId = "018f0000-0000-7000-8000-000000000001".parse()?;
    /// assert_eq!(acme.to_string(), "018f0000-0000-7000-8000-000000000001");
    /// assert!("acme".parse::<TenantId>().is_err(), "that is its slug");
    /// # Ok::<(), uuid::Error>(())
    /// ```
    TenantId
    /// A user, unique within its tenant only.
    ///
    /// ```
    /// use rescind::id::{TenantId, UserId};
    /// # let (acme, globex) = (TenantId(uuid::Uuid::from_u128(1)), TenantId(uuid::Uuid::from_u128(2)));
    ///
    /// // A backend's own id, which another tenant may use for somebody else.
    /// let user = UserId(uuid::Uuid::from_u128(7));
    /// assert_ne!((acme, user), (globex, user));
    /// ```
    UserId
    /// A session: one sign-in on one device.
    ///
    /// ```
    /// use rescind::id::SessionId;
    ///
    /// // In JSON it is its text.
    /// let id: SessionId = serde_json::from_str("\"018f0000-0000-7000-8000-000000000001\"")?;
    /// assert_eq!(serde_json::to_value(id)?, "018f0000-0000-7000-8000-000000000001");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    SessionId
    /// The `jti` of a token that this authority minted (RFC 7519 §4.1.7), a UUID of version 7.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::entropy::uuid_v7;
    /// use rescind::id::Jti;
    /// use rescind::system::SystemEntropy;
    ///
    /// let jti = |secs| Jti(uuid_v7(Timestamp::from_secs(secs), &SystemEntropy));
    /// assert!(jti(1) < jti(2), "they are ordered by time");
    /// ```
    Jti
    /// An API client.
    ///
    /// ```
    /// use rescind::id::ClientId;
    ///
    /// let id: ClientId = "018f0000-0000-7000-8000-000000000001".parse()?;
    /// assert_eq!(format!("{id:?}"), id.to_string());
    /// # Ok::<(), uuid::Error>(())
    /// ```
    ClientId
    /// An entry of the audit trail.
    ///
    /// ```
    /// use rescind::id::AuditId;
    ///
    /// assert!("42".parse::<AuditId>().is_err(), "entries are not counted");
    /// ```
    AuditId
}
