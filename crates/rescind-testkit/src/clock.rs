//! A clock that is set by hand.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rescind::clock::{Clock, Timestamp};

/// Stands still until it is moved, in either direction.
///
/// ```
/// use std::time::Duration;
///
/// use rescind::clock::{Clock as _, Timestamp};
/// use rescind_testkit::clock::ManualClock;
///
/// let clock = ManualClock::at(Timestamp::from_secs(1_700_000_000));
/// clock.forward(Duration::from_secs(60));
/// clock.back(Duration::from_secs(59));
/// assert_eq!(clock.now(), Timestamp::from_secs(1_700_000_001));
/// ```
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Stands at `moment`.
    pub fn at(moment: Timestamp) -> Self {
        Self(AtomicI64::new(moment.as_millis()))
    }

    /// Jumps ahead.
    pub fn forward(&self, by: Duration) {
        self.0.store(self.now().plus(by).as_millis(), Ordering::SeqCst);
    }

    /// Jumps back.
    pub fn back(&self, by: Duration) {
        self.0.store(self.now().minus(by).as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
