//! Points in time, and the clock that is passed in.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Where "now" comes from. The domain never asks the operating system, so expiry and rotation are tested
/// by moving a manual clock rather than by sleeping.
///
/// ```
/// use rescind::clock::{Clock, Timestamp};
///
/// /// For a test that wants every moment to be the same.
/// struct Stopped(Timestamp);
///
/// impl Clock for Stopped {
///     fn now(&self) -> Timestamp {
///         self.0
///     }
/// }
/// let clock = Stopped(Timestamp::from_secs(1_767_323_045));
/// assert_eq!(clock.now(), clock.now());
/// ```
pub trait Clock: Send + Sync {
    /// The present moment.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use rescind::clock::Clock as _;
    ///
    /// // A clock for tests, which an expiry is shown by.
    /// let clock = rescind_examples::HandClock::default();
    /// let exp = clock.now().plus(Duration::from_secs(900));
    /// clock.forward(Duration::from_secs(900));
    /// assert!(clock.now() >= exp);
    /// ```
    fn now(&self) -> Timestamp;
}

/// A point in time: milliseconds since the Unix epoch, in UTC. Written as RFC 3339 in JSON.
///
/// ```
/// use rescind::clock::Timestamp;
///
/// let t: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
/// assert_eq!(t.as_secs(), 1_767_323_045);
/// assert_eq!(t.to_string(), "2026-01-02T03:04:05.678Z");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The furthest point: the last that RFC 3339 can write as a date of the year 9999 in every time zone.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rescind::clock::Timestamp;
    ///
    /// assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T22:00:00.000Z");
    /// assert_eq!(Timestamp::MAX.plus(Duration::from_secs(1)), Timestamp::MAX);
    /// ```
    pub const MAX: Self = Self(253_402_207_200_000);

    /// From milliseconds since the Unix epoch, clamped to the years 1970 to 9999.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    ///
    /// assert_eq!(Timestamp::from_millis(1_500).as_secs(), 1);
    /// assert_eq!(Timestamp::from_millis(-1), Timestamp::from_secs(0), "not before 1970");
    /// ```
    pub const fn from_millis(millis: i64) -> Self {
        if millis < 0 {
            Self(0)
        } else if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// From whole seconds since the Unix epoch (a JWT `NumericDate`), clamped likewise.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    ///
    /// let exp = Timestamp::from_secs(1_767_323_045);
    /// assert_eq!(exp.to_string(), "2026-01-02T03:04:05.000Z");
    /// assert_eq!(Timestamp::from_secs(i64::MAX), Timestamp::MAX);
    /// ```
    pub const fn from_secs(secs: i64) -> Self {
        Self::from_millis(secs.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    ///
    /// assert_eq!(Timestamp::from_secs(2).as_millis(), 2_000);
    /// ```
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down: a JWT `NumericDate` (RFC 7519 §2).
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    ///
    /// assert_eq!(Timestamp::from_millis(1_999).as_secs(), 1);
    /// ```
    pub const fn as_secs(self) -> i64 {
        self.0 / 1000
    }

    /// This moment and `by` more, saturating at [`Timestamp::MAX`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use rescind::clock::Timestamp;
    ///
    /// let now = Timestamp::from_secs(1_767_323_045);
    /// assert_eq!(now.plus(Duration::from_secs(900)).since(now), Duration::from_secs(900));
    /// assert_eq!(now.plus(Duration::MAX), Timestamp::MAX);
    /// ```
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(millis(by)))
    }

    /// This moment less `by`, saturating at the epoch.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rescind::clock::Timestamp;
    ///
    /// let now = Timestamp::from_secs(1_767_323_045);
    /// assert!(now.minus(Duration::from_secs(1)) < now);
    /// assert_eq!(now.minus(Duration::MAX), Timestamp::from_secs(0));
    /// ```
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self::from_millis(self.0.saturating_sub(millis(by)))
    }

    /// How long after `earlier` this moment is; zero if it is not after it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rescind::clock::Timestamp;
    ///
    /// let (earlier, later) = (Timestamp::from_secs(10), Timestamp::from_secs(12));
    /// assert_eq!(later.since(earlier), Duration::from_secs(2));
    /// assert_eq!(earlier.since(later), Duration::ZERO, "a clock that stepped back counts as standing still");
    /// ```
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => write!(f, "{t:.3}"),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let t: jiff::Timestamp = s.parse().map_err(|_| InvalidTimestamp)?;
        Ok(Self::from_millis(t.as_millisecond()))
    }
}

/// The text is not an RFC 3339 date and time with an offset.
///
/// ```
/// use rescind::clock::{InvalidTimestamp, Timestamp};
///
/// // Of which time zone?
/// assert_eq!("2026-01-02T03:04:05".parse::<Timestamp>(), Err(InvalidTimestamp));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 date and time")]
pub struct InvalidTimestamp;

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        assert_eq!(Timestamp::MAX.plus(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::from_millis(5).minus(Duration::from_secs(1)).as_millis(), 0);
        assert_eq!(Timestamp::from_secs(1).since(Timestamp::from_secs(2)), Duration::ZERO);
    }

    #[test]
    fn the_last_writable_moment_is_written() {
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T22:00:00.000Z");
    }
}
