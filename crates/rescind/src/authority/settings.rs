//! What the authority is told when it is made.

use std::time::Duration;

use crate::lookup::CheckBy;
use crate::session::RefreshPolicy;
use crate::token::Algorithm;
use crate::verifier::OnStale;

/// What the authority is told when it is made. Durations are checked against each other by whoever reads them
/// from a person; see `docs/settings.md` for their meaning and defaults.
///
/// ```
/// use std::time::Duration;
/// use rescind::authority::AuthoritySettings;
///
/// let usual = AuthoritySettings::new("https://auth.example");
/// assert_eq!(usual.access_ttl, Duration::from_secs(15 * 60));
/// let brief = AuthoritySettings { access_ttl: Duration::from_secs(60), ..usual };
/// assert_eq!(brief.admin_audience(), "https://auth.example/admin");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthoritySettings {
    /// `iss` of every token (RFC 8414 §2).
    pub issuer: String,
    /// `aud` of access tokens where a sign-in names none.
    pub audience: String,
    /// With what new keys for access tokens sign.
    pub algorithm: Algorithm,
    /// How long an access token lives.
    pub access_ttl: Duration,
    /// How long a token of another issuer lives at the most that this ledger is to reach; zero where it reaches none. Whatever is
    /// revoked stays revoked for at least as long.
    pub foreign_ttl: Duration,
    /// How long a session lives without a refresh.
    pub refresh_ttl: Duration,
    /// How long a session lives in any case.
    pub session_ttl: Duration,
    /// How forgiving a refresh is.
    pub refresh_policy: RefreshPolicy,
    /// How long a key signs; zero: until it is rotated on demand.
    pub key_rotation: Duration,
    /// How far clocks of other machines may be off; at most [`LARGEST_LEEWAY`].
    pub leeway: Duration,
    /// The most sessions that a user may have; 0: no limit.
    pub max_sessions_per_user: u32,
    /// How long entries are kept after they have expired.
    pub purge_safety_margin: Duration,
    /// How access tokens are checked.
    pub check: CheckBy,
    /// For how long a verifier that is cut off goes on.
    pub max_staleness: Duration,
    /// What it does after that.
    pub on_stale: OnStale,
    /// Whether anybody may register.
    pub registration_open: bool,
    /// The age in years that registration asks for; 0: none.
    pub minimum_age: u32,
}

impl AuthoritySettings {
    /// For an issuer of this name, an `https` URL without a slash at its end (RFC 8414 §2); with the defaults of `docs/settings.md`
    /// in everything else.
    ///
    /// ```
    /// use rescind::authority::AuthoritySettings;
    ///
    /// let settings = AuthoritySettings::new("https://auth.example");
    /// assert_eq!(settings.audience, settings.issuer);
    /// assert!(!settings.registration_open);
    /// ```
    pub fn new(issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        Self {
            audience: issuer.clone(),
            issuer,
            algorithm: Algorithm::EdDsa,
            access_ttl: minutes(15),
            foreign_ttl: Duration::ZERO,
            refresh_ttl: days(14),
            session_ttl: days(90),
            refresh_policy: RefreshPolicy {
                grace: Duration::from_secs(10),
                lost_reply_window: days(1),
                replay_limit: 3,
            },
            key_rotation: days(30),
            leeway: Duration::from_secs(30),
            max_sessions_per_user: 0,
            purge_safety_margin: minutes(60),
            check: CheckBy::Replica,
            max_staleness: minutes(5),
            on_stale: OnStale::Deny,
            registration_open: false,
            minimum_age: 16,
        }
    }

    /// The `aud` that administration asks for, and nothing else accepts.
    ///
    /// ```
    /// use rescind::authority::AuthoritySettings;
    ///
    /// let settings = AuthoritySettings::new("https://auth.example");
    /// assert_eq!(settings.admin_audience(), "https://auth.example/admin");
    /// ```
    pub fn admin_audience(&self) -> String {
        format!("{}/admin", self.issuer)
    }
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

const fn days(days: u64) -> Duration {
    minutes(days * 24 * 60)
}

/// The largest leeway that any verifier of this ledger may ever be given. Nothing is purged sooner than that after it has
/// expired, whatever the leeway is today: a token must not come back because somebody raises it tomorrow.
///
/// ```
/// use rescind::authority::{AuthoritySettings, LARGEST_LEEWAY};
///
/// let usual = AuthoritySettings::new("https://auth.example");
/// assert!(usual.leeway <= LARGEST_LEEWAY);
/// assert!(usual.purge_safety_margin >= LARGEST_LEEWAY);
/// ```
pub const LARGEST_LEEWAY: Duration = Duration::from_secs(300);

/// For how long published keys may be cached by verifiers (`Cache-Control: max-age` of the JWKS).
///
/// ```
/// use rescind::authority::JWKS_MAX_AGE;
///
/// let header = format!("Cache-Control: public, max-age={}", JWKS_MAX_AGE.as_secs());
/// assert_eq!(header, "Cache-Control: public, max-age=300");
/// ```
pub const JWKS_MAX_AGE: Duration = Duration::from_secs(300);

/// For how long a key is published before it signs: longer than any verifier's cache.
///
/// ```
/// use rescind::authority::{JWKS_MAX_AGE, KEY_OVERLAP};
///
/// // Whoever fetched the keys just before a new one was published has it before it signs.
/// assert!(KEY_OVERLAP > JWKS_MAX_AGE);
/// ```
pub const KEY_OVERLAP: Duration = Duration::from_secs(600);
