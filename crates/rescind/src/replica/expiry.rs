//! When marks leave, in the coarse steps that the tables keep.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::Timestamp;

/// When a mark may go: whole seconds since the epoch, rounded up. What lies beyond the year 2514 is kept for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Expiry(pub(super) u64);

impl Expiry {
    pub(super) const BITS: u32 = 34;
    const NEVER: Self = Self((1 << Self::BITS) - 1);

    pub(super) fn at(moment: Timestamp) -> Self {
        let millis = u64::try_from(moment.as_millis()).unwrap_or(0);
        Self(millis.div_ceil(1000)).min(Self::NEVER)
    }

    pub(super) fn timestamp(self) -> Timestamp {
        if self == Self::NEVER {
            return Timestamp::MAX;
        }
        i64::try_from(self.0).map_or(Timestamp::MAX, Timestamp::from_secs)
    }

    pub(super) fn bucket(self) -> Bucket {
        if self == Self::NEVER { Bucket(u64::MAX) } else { Bucket(self.0.div_ceil(Bucket::SECONDS)) }
    }
}

/// A stretch of time whose marks leave together: named by its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bucket(u64);

impl Bucket {
    /// A minute: marks outlive their time by that much at most, and a sweep of all tables happens no more often.
    pub(super) const SECONDS: u64 = 60;

    /// The last bucket whose marks may go at `now`, when clocks may differ by `slack`.
    pub(super) fn gone_at(now: Timestamp, slack: Duration) -> Self {
        Self(u64::try_from(now.minus(slack).as_secs()).unwrap_or(0) / Self::SECONDS)
    }
}

/// How many marks leave when.
#[derive(Default)]
pub(super) struct Calendar(BTreeMap<Bucket, usize>);

impl Calendar {
    pub(super) fn enter(&mut self, expiry: Expiry) {
        *self.0.entry(expiry.bucket()).or_default() += 1;
    }

    pub(super) fn leave(&mut self, expiry: Expiry) {
        let bucket = expiry.bucket();
        if let Some(count) = self.0.get_mut(&bucket) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&bucket);
            }
        }
    }

    /// Whether any mark is in `last` or an earlier bucket.
    pub(super) fn any_until(&self, last: Bucket) -> bool {
        self.0.first_key_value().is_some_and(|(&first, _)| first <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_never_earlier_than_what_it_stands_for() {
        for millis in [0, 1, 999, 1000, 1001, 59_999, 60_000, 17_179_869_183_000, Timestamp::MAX.as_millis()]
        {
            let moment = Timestamp::from_millis(millis);
            assert!(Expiry::at(moment).timestamp() >= moment, "{millis}");
        }
        assert_eq!(Expiry::at(Timestamp::MAX).timestamp(), Timestamp::MAX);
    }

    #[test]
    fn a_bucket_is_gone_only_when_its_last_mark_may_go() {
        let slack = Duration::from_secs(30);
        for secs in [0, 1, 59, 60, 61, 119, 120, 1_700_000_000] {
            let expiry = Expiry(secs);
            let early = expiry.timestamp().plus(slack).minus(Duration::from_millis(1));
            if secs > 0 {
                assert!(expiry.bucket() > Bucket::gone_at(early, slack), "{secs}");
            }
            let late = expiry.timestamp().plus(slack).plus(Duration::from_secs(Bucket::SECONDS));
            assert!(expiry.bucket() <= Bucket::gone_at(late, slack), "{secs}");
        }
        assert!(Expiry::at(Timestamp::MAX).bucket() > Bucket::gone_at(Timestamp::MAX, slack));
    }
}
