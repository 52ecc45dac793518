//! Marks: what a ledger entry means to a verifier.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::id::{ClientId, SessionId, TenantId, UserId};
use crate::ledger::Cursor;

/// At which level something is cut.
///
/// ```
/// use rescind::ledger::{CutKind, InvalidMark};
///
/// assert_eq!("user".parse(), Ok(CutKind::User));
/// assert_eq!("users".parse::<CutKind>(), Err(InvalidMark));
/// // Ordered by how far they reach, the narrowest first.
/// assert!(CutKind::Token < CutKind::Session && CutKind::Session < CutKind::User);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CutKind {
    /// One token, by its `jti`.
    Token,
    /// The refresh chain and every access token of a session.
    Session,
    /// Every token of a user whose `ver` is below a version.
    User,
    /// Every token of a tenant whose `tver` is below a version.
    Tenant,
    /// Every token of an API client.
    Client,
    /// Every token signed with a key.
    Key,
    /// One token, by SHA-256 of its signing input.
    Digest,
}

impl CutKind {
    /// Every kind there is.
    ///
    /// ```
    /// use rescind::ledger::CutKind;
    ///
    /// assert!(CutKind::ALL.contains(&CutKind::Digest));
    /// assert_eq!(CutKind::ALL.map(|kind| kind as usize), [0, 1, 2, 3, 4, 5, 6]);
    /// ```
    pub const ALL: [Self; 7] =
        [Self::Token, Self::Session, Self::User, Self::Tenant, Self::Client, Self::Key, Self::Digest];

    /// The kind's word.
    ///
    /// ```
    /// use rescind::ledger::CutKind;
    ///
    /// for kind in CutKind::ALL {
    ///     assert_eq!(kind.as_str().parse(), Ok(kind));
    /// }
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Session => "session",
            Self::User => "user",
            Self::Tenant => "tenant",
            Self::Client => "client",
            Self::Key => "key",
            Self::Digest => "digest",
        }
    }
}

impl fmt::Display for CutKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CutKind {
    type Err = InvalidMark;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == s).ok_or(InvalidMark)
    }
}

/// The `jti` of a token. One that is a UUID in its canonical spelling is kept as the 16 bytes that it is; tokens issued
/// elsewhere may have any other text.
///
/// ```
/// use rescind::ledger::TokenKey;
///
/// let canonical = "01900000-0000-7000-8000-0000000000ab";
/// assert!(matches!(TokenKey::new(canonical), TokenKey::Uuid(_)));
/// // To whoever issued it, another spelling is another token.
/// assert_ne!(TokenKey::new(&canonical.to_uppercase()), TokenKey::new(canonical));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKey {
    /// A UUID, spelled canonically: lower case, with hyphens.
    Uuid(Uuid),
    /// Any other text.
    Text(Box<str>),
}

impl TokenKey {
    /// From the text of a `jti`.
    ///
    /// ```
    /// use rescind::ledger::TokenKey;
    ///
    /// assert_eq!(TokenKey::new("7f1c"), TokenKey::Text("7f1c".into()));
    /// assert_eq!(TokenKey::new("7f1c").to_string(), "7f1c");
    /// ```
    pub fn new(jti: &str) -> Self {
        match Uuid::try_parse(jti) {
            Ok(uuid) if uuid.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()) == jti => {
                Self::Uuid(uuid)
            }
            _ => Self::Text(jti.into()),
        }
    }
}

impl From<Uuid> for TokenKey {
    fn from(jti: Uuid) -> Self {
        Self::Uuid(jti)
    }
}

impl fmt::Display for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(uuid) => uuid.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// What a mark is about. Together with [`Mark::tenant`] it is the mark's identity.
///
/// ```
/// use rescind::ledger::{CutKind, MarkKey};
///
/// let key = MarkKey::Key("k1".into());
/// assert_eq!((key.kind(), key.to_string().as_str()), (CutKind::Key, "k1"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKey {
    /// A token.
    Token(TokenKey),
    /// A session.
    Session(SessionId),
    /// A user, who is one only within a tenant: the mark's own.
    User(UserId),
    /// A tenant.
    Tenant(TenantId),
    /// An API client.
    Client(ClientId),
    /// A key's id.
    Key(Box<str>),
    /// SHA-256 of a token's signing input.
    Digest([u8; 32]),
}

impl MarkKey {
    /// At which level it cuts.
    ///
    /// ```
    /// use rescind::ledger::{CutKind, MarkKey, TokenKey};
    ///
    /// assert_eq!(MarkKey::Token(TokenKey::new("7f1c")).kind(), CutKind::Token);
    /// assert_eq!(MarkKey::Digest([0xab; 32]).kind(), CutKind::Digest);
    /// ```
    pub const fn kind(&self) -> CutKind {
        match self {
            Self::Token(_) => CutKind::Token,
            Self::Session(_) => CutKind::Session,
            Self::User(_) => CutKind::User,
            Self::Tenant(_) => CutKind::Tenant,
            Self::Client(_) => CutKind::Client,
            Self::Key(_) => CutKind::Key,
            Self::Digest(_) => CutKind::Digest,
        }
    }

    /// Reads back what [`fmt::Display`] wrote for a key of that kind.
    ///
    /// ```
    /// use rescind::ledger::{CutKind, InvalidMark, MarkKey};
    ///
    /// let key = MarkKey::Digest([0xab; 32]);
    /// let (kind, text) = (key.kind().to_string(), key.to_string());
    /// assert_eq!(MarkKey::parse(kind.parse()?, &text)?, key);
    /// assert_eq!(MarkKey::parse(CutKind::Session, &text), Err(InvalidMark));
    /// # Ok::<(), InvalidMark>(())
    /// ```
    pub fn parse(kind: CutKind, text: &str) -> Result<Self, InvalidMark> {
        let uuid = || Uuid::try_parse(text).map_err(|_| InvalidMark);
        Ok(match kind {
            CutKind::Token => Self::Token(TokenKey::new(text)),
            CutKind::Session => Self::Session(SessionId(uuid()?)),
            CutKind::User => Self::User(UserId(uuid()?)),
            CutKind::Tenant => Self::Tenant(TenantId(uuid()?)),
            CutKind::Client => Self::Client(ClientId(uuid()?)),
            CutKind::Key => Self::Key(text.into()),
            CutKind::Digest => Self::Digest(digest_from_hex(text)?),
        })
    }
}

/// The `key` of JSON: an id, a `jti`, a `kid`, or a digest in hexadecimal.
impl fmt::Display for MarkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(key) => key.fmt(f),
            Self::Session(id) => id.fmt(f),
            Self::User(id) => id.fmt(f),
            Self::Tenant(id) => id.fmt(f),
            Self::Client(id) => id.fmt(f),
            Self::Key(kid) => f.write_str(kid),
            Self::Digest(digest) => digest.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

/// What one ledger entry means to a verifier.
///
/// ```
/// use rescind::clock::Timestamp;
/// use rescind::ledger::{CutKind, Mark, MarkKey, TokenKey};
/// use rescind::replica::{Replica, TokenFacts};
/// # use rescind::id::TenantId;
/// # let (acme, globex) = (TenantId(uuid::Uuid::from_u128(1)), TenantId(uuid::Uuid::from_u128(2)));
/// # let replica = Replica::new(&rescind::system::SystemEntropy, std::time::Duration::from_secs(30));
///
/// let jti = TokenKey::new("01900000-0000-7000-8000-000000000001");
/// let by_acme = Mark {
///     tenant: Some(acme),
///     key: MarkKey::Token(jti.clone()),
///     min_version: None,
///     expires_at: Timestamp::from_secs(1_700_000_900),
/// };
/// replica.apply(&by_acme, Timestamp::from_secs(1_700_000_000));
///
/// let token = TokenFacts { jti: Some(&jti), tenant: Some(acme), ..TokenFacts::default() };
/// assert_eq!(replica.evaluate(&token), Some(CutKind::Token));
/// // Whatever one tenant revokes, another's token of the same id lives.
/// assert_eq!(replica.evaluate(&TokenFacts { tenant: Some(globex), ..token }), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The tenant whose tokens it kills; none: everybody's. Always the user's own for a user, none for a tenant and for a key.
    pub tenant: Option<TenantId>,
    /// What it is about.
    pub key: MarkKey,
    /// Tokens below this version are dead; for users and tenants only.
    pub min_version: Option<i64>,
    /// Everything that it kills has expired by then. [`Timestamp::MAX`] for a key.
    pub expires_at: Timestamp,
}

impl Mark {
    /// At which level it cuts.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::{CutKind, Mark, MarkKey};
    ///
    /// let cut = Mark { tenant: None, key: MarkKey::Key("k1".into()), min_version: None, expires_at: Timestamp::MAX };
    /// assert_eq!(cut.kind(), CutKind::Key);
    /// ```
    pub const fn kind(&self) -> CutKind {
        self.key.kind()
    }

    /// What it is one mark by: a later one of the same identity replaces it.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::{Mark, MarkKey};
    /// # use rescind::id::TenantId;
    /// # let acme = TenantId(uuid::Uuid::from_u128(1));
    ///
    /// let cut = |version| Mark {
    ///     tenant: None,
    ///     key: MarkKey::Tenant(acme),
    ///     min_version: Some(version),
    ///     expires_at: Timestamp::from_secs(1_700_000_900),
    /// };
    /// // The later cut takes the place of the earlier one.
    /// assert_eq!(cut(7).identity(), cut(8).identity());
    /// ```
    pub fn identity(&self) -> MarkIdentity {
        MarkIdentity { tenant: self.tenant, key: self.key.clone() }
    }

    /// Whether a verifier of `tenant`'s tokens alone needs it: what holds for that tenant or for everybody, and of the marks of
    /// whole tenants its own.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::{Mark, MarkKey};
    /// # use rescind::id::TenantId;
    /// # let (acme, globex) = (TenantId(uuid::Uuid::from_u128(1)), TenantId(uuid::Uuid::from_u128(2)));
    ///
    /// let key = MarkKey::Tenant(acme);
    /// let cut = Mark { tenant: None, key, min_version: Some(7), expires_at: Timestamp::from_secs(1_700_000_900) };
    /// assert!(cut.concerns(acme));
    /// assert!(!cut.concerns(globex), "which tenants there are is not its business");
    /// ```
    pub fn concerns(&self, tenant: TenantId) -> bool {
        match &self.key {
            MarkKey::Tenant(cut) => *cut == tenant,
            _ => self.tenant.is_none_or(|scope| scope == tenant),
        }
    }

    /// Whether this mark of a ledger kills whatever `held` kills, a mark of the same identity that a replica held.
    ///
    /// A replica keeps whole seconds, rounded up.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::ledger::{Mark, MarkKey};
    /// # let tenant = rescind::id::TenantId(uuid::Uuid::from_u128(1));
    ///
    /// let below = |version, expires_at| Mark {
    ///     tenant: None,
    ///     key: MarkKey::Tenant(tenant),
    ///     min_version: Some(version),
    ///     expires_at: Timestamp::from_millis(expires_at),
    /// };
    /// let written = below(7, 900_250);
    /// assert!(written.covers(&below(7, 901_000)), "the same, as a replica keeps it");
    /// assert!(written.covers(&below(6, 800_000)));
    /// assert!(!written.covers(&below(8, 800_000)));
    /// assert!(!written.covers(&below(7, 902_000)));
    /// ```
    pub fn covers(&self, held: &Self) -> bool {
        const ROUNDED: std::time::Duration = std::time::Duration::from_millis(999);
        self.min_version >= held.min_version && self.expires_at.plus(ROUNDED) >= held.expires_at
    }
}

/// What tells one mark from another: kind, tenant scope or none, and key.
///
/// ```
/// use rescind::ledger::{MarkIdentity, MarkKey, TokenKey};
/// # use rescind::id::TenantId;
/// # let [acme, globex] = [1, 2].map(|n| TenantId(uuid::Uuid::from_u128(n)));
///
/// // Two tenants revoke a token of the same id: neither mark takes the other's place.
/// let of = |tenant| MarkIdentity { tenant: Some(tenant), key: MarkKey::Token(TokenKey::new("7f1c")) };
/// assert_ne!(of(acme), of(globex));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MarkIdentity {
    /// The tenant whose tokens it kills; none: everybody's.
    pub tenant: Option<TenantId>,
    /// What it is about.
    pub key: MarkKey,
}

/// A mark, and where it stands in the ledger.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, .. }| {
/// use rescind::ledger::{Cursor, CutKind, Follow, PlacedMark};
///
/// authority.revoke_all_own(&ada).await?;
/// let feed = authority.feed(&operator)?;
/// let Follow::Entries(marks, _) = feed.marks_after(Cursor::default(), 100).await? else {
///     panic!("the beginning is of every history")
/// };
/// let PlacedMark { cursor, mark } = &marks[0];
/// assert_eq!(mark.kind(), CutKind::User);
/// // A reader that was interrupted here goes on from here.
/// assert_eq!(feed.marks_after(*cursor, 100).await?, Follow::Entries(Vec::new(), *cursor));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedMark {
    /// Its `seq`, and the tag of the batch that wrote it: whoever has seen everything up to it goes on from here.
    pub cursor: Cursor,
    /// What the entry means.
    pub mark: Mark,
}

/// The parts do not make a mark.
///
/// ```
/// use rescind::ledger::{CutKind, InvalidMark, MarkKey};
///
/// assert_eq!(MarkKey::parse(CutKind::Session, "not a UUID"), Err(InvalidMark));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a mark")]
pub struct InvalidMark;

fn digest_from_hex(text: &str) -> Result<[u8; 32], InvalidMark> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Err(InvalidMark);
    }
    for (i, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| InvalidMark)?;
    }
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_as_it_was_written() {
        let uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
        for key in [
            MarkKey::Token(uuid.into()),
            MarkKey::Token(TokenKey::new("another issuer's: jti")),
            MarkKey::Session(SessionId(uuid)),
            MarkKey::User(UserId(uuid)),
            MarkKey::Tenant(TenantId(uuid)),
            MarkKey::Client(ClientId(uuid)),
            MarkKey::Key("kid".into()),
            MarkKey::Digest([0xab; 32]),
        ] {
            assert_eq!(MarkKey::parse(key.kind(), &key.to_string()), Ok(key));
        }
    }

    #[test]
    fn a_uuid_in_another_spelling_is_another_jti() {
        let canonical = "01900000-0000-7000-8000-0000000000ab";
        assert!(matches!(TokenKey::new(canonical), TokenKey::Uuid(_)));
        for other in [canonical.to_uppercase(), canonical.replace('-', ""), format!("{{{canonical}}}")] {
            assert!(matches!(TokenKey::new(&other), TokenKey::Text(_)), "{other}");
        }
    }
}
