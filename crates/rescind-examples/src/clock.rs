//! A clock that an example moves.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rescind::clock::{Clock, Timestamp};

/// Stands at the second day of 2026 until it is moved.
///
/// ```
/// use std::time::Duration;
///
/// use rescind::clock::Clock as _;
///
/// let clock = rescind_examples::HandClock::default();
/// let before = clock.now();
/// clock.forward(Duration::from_secs(60));
/// assert_eq!(clock.now().since(before), Duration::from_secs(60));
/// ```
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl Default for HandClock {
    fn default() -> Self {
        Self(AtomicI64::new(Timestamp::from_secs(1_767_323_045).as_millis()))
    }
}

impl HandClock {
    /// Jumps ahead. [`HandClock`] shows it.
    pub fn forward(&self, by: Duration) {
        self.0.store(self.now().plus(by).as_millis(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
