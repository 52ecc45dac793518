//! The real clock and the real randomness: the one place in this crate that asks the operating system.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::clock::{Clock, Timestamp};
use crate::entropy::Entropy;

/// The operating system's wall clock.
///
/// ```
/// use rescind::clock::{Clock as _, Timestamp};
/// use rescind::system::SystemClock;
///
/// assert!(SystemClock.now() > Timestamp::from_secs(1_767_323_045));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock that everything else is handed")]
    fn now(&self) -> Timestamp {
        let since_epoch =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The operating system's randomness, through aws-lc.
///
/// ```
/// use rescind::entropy::Entropy as _;
/// use rescind::system::SystemEntropy;
///
/// let (mut one, mut other) = ([0; 16], [0; 16]);
/// SystemEntropy.fill(&mut one);
/// SystemEntropy.fill(&mut other);
/// assert_ne!(one, other);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[allow(
        clippy::disallowed_methods,
        clippy::expect_used,
        reason = "this is the randomness that everything else is handed; a process without randomness must not mint tokens: stopping is the only safe answer"
    )]
    fn fill(&self, buffer: &mut [u8]) {
        SystemRandom::new().fill(buffer).expect("the operating system gives randomness");
    }
}
