//! Points in time, as people read them.

use std::time::Duration;

use rescind::clock::Timestamp;

/// A point in time beside the present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct When {
    /// For machines: RFC 3339.
    pub(super) iso: String,
    /// For people, to the minute, in UTC.
    pub(super) text: String,
    /// How long ago that is, or how far away.
    pub(super) distance: String,
}

impl When {
    pub(super) fn of(at: Timestamp, now: Timestamp) -> Self {
        let iso = at.to_string();
        let minute = iso.get(..16).unwrap_or(&iso).replace('T', " ");
        Self { text: format!("{minute} UTC"), distance: distance(at, now), iso }
    }
}

fn distance(at: Timestamp, now: Timestamp) -> String {
    let (past, ahead) = (now.since(at), at.since(now));
    if past.max(ahead) < Duration::from_secs(1) {
        return "now".to_owned();
    }
    if past > ahead { format!("{} ago", about(past)) } else { format!("in {}", about(ahead)) }
}

/// A length of time in its largest unit.
pub(super) fn about(length: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let seconds = length.as_secs();
    let (size, unit) = UNITS.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1, "second"));
    let count = seconds / size;
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_by_its_distance() {
        let now = Timestamp::from_secs(1_700_000_000);
        let at = |secs: i64| When::of(Timestamp::from_secs(1_700_000_000 + secs), now).distance;
        for (secs, expected) in [
            (0, "now"),
            (-1, "1 second ago"),
            (-59, "59 seconds ago"),
            (-60, "1 minute ago"),
            (-7200, "2 hours ago"),
            (-86_400 * 40, "40 days ago"),
            (90, "in 1 minute"),
            (86_400 * 14, "in 14 days"),
        ] {
            assert_eq!(at(secs), expected);
        }
        let when = When::of(now, now);
        assert_eq!(
            (when.text.as_str(), when.iso.as_str()),
            ("2023-11-14 22:13 UTC", "2023-11-14T22:13:20.000Z")
        );
    }
}
