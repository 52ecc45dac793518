//! A point in time that somebody typed into a form.

use rescind::clock::Timestamp;
use serde::{Deserialize, Deserializer};

/// What `<input type="datetime-local">` sends, taken for UTC, as all times on the pages are; or RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Since(Timestamp);

impl Since {
    pub(super) const fn timestamp(self) -> Timestamp {
        self.0
    }

    /// The value for the input: to the minute.
    pub(super) fn for_input(self) -> String {
        self.0.to_string().chars().take(16).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let zoned = text.parse().ok();
        let local = || {
            let civil: jiff::civil::DateTime = text.parse().ok()?;
            let instant = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
            Some(Timestamp::from_millis(instant.as_millisecond()))
        };
        zoned.or_else(local).map(Self)
    }
}

impl<'de> Deserialize<'de> for Since {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("not a point in time, such as 2026-01-31T08:30"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_input_sends_is_read_as_utc_and_given_back() {
        for text in
            ["2023-11-14T22:13", "2023-11-14T22:13:00", "2023-11-14T22:13:00Z", "2023-11-14T23:13:00+01:00"]
        {
            let since = Since::parse(text).unwrap();
            assert_eq!(since.timestamp(), Timestamp::from_secs(1_700_000_000 - 20), "{text}");
            assert_eq!(since.for_input(), "2023-11-14T22:13");
        }
        for text in ["", "yesterday", "2023-13-14T22:13", "1700000000"] {
            assert_eq!(Since::parse(text), None, "{text}");
        }
    }
}
