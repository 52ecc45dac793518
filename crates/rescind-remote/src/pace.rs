//! Not too often, and not all at once.

use std::time::Duration;

use rescind::entropy::{Entropy, random_bytes};
use tokio::time::Instant;

/// Between half of `pause` and the whole of it: so that many who lost the same authority do not come back together.
pub(crate) fn jittered(pause: Duration, entropy: &dyn Entropy) -> Duration {
    let part = f64::from(u32::from_be_bytes(random_bytes(entropy))) / f64::from(u32::MAX);
    pause.mul_f64(0.5 + part / 2.0)
}

/// Pauses that double with each failure in a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, failures: 0 }
    }

    /// It went well.
    pub(crate) const fn reset(&mut self) {
        self.failures = 0;
    }

    /// Whether nothing failed since it last went well.
    pub(crate) const fn is_fresh(&self) -> bool {
        self.failures == 0
    }

    /// The pause after another failure, before chance has its share.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.first.saturating_mul(1 << self.failures.min(16)).min(self.most);
        self.failures = self.failures.saturating_add(1);
        pause
    }
}

/// A few at once, then one in so long.
#[derive(Debug)]
pub(crate) struct Allowance {
    left: u32,
    burst: u32,
    every: Duration,
    counted_at: Instant,
}

impl Allowance {
    pub(crate) fn new(burst: u32, every: Duration, now: Instant) -> Self {
        Self { left: burst, burst, every: every.max(Duration::from_millis(1)), counted_at: now }
    }

    /// Whether one more is allowed now.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.counted_at).as_nanos() / self.every.as_nanos();
        let gained = u32::try_from(passed).unwrap_or(u32::MAX);
        if gained > 0 {
            self.left = self.left.saturating_add(gained).min(self.burst);
            // A long rest fills it whatever the rounding.
            self.counted_at =
                if self.left == self.burst { now } else { self.counted_at + self.every * gained };
        }
        let allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use rescind::system::SystemEntropy;

    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_anew() {
        let seconds = Duration::from_secs;
        let mut backoff = Backoff::new(seconds(1), seconds(6));
        let pauses: Vec<_> = (0..5).map(|_| backoff.next()).collect();
        assert_eq!(pauses, [1, 2, 4, 6, 6].map(seconds));
        backoff.reset();
        assert_eq!(backoff.next(), seconds(1));
        (0..100).for_each(|_| assert!(backoff.next() <= seconds(6)));
    }

    #[test]
    fn chance_takes_at_most_half() {
        for _ in 0..1000 {
            let pause = jittered(Duration::from_secs(10), &SystemEntropy);
            assert!((Duration::from_secs(5)..=Duration::from_secs(10)).contains(&pause), "{pause:?}");
        }
    }

    #[tokio::test]
    async fn a_burst_is_allowed_and_then_one_in_so_long() {
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let mut allowance = Allowance::new(3, Duration::from_secs(10), begin);
        let taken: Vec<_> = [0, 0, 1, 2, 9, 10, 11, 29, 30].map(|at| allowance.take(after(at))).to_vec();
        assert_eq!(taken, [true, true, true, false, false, true, false, true, true]);
        let later: Vec<_> = (0..5).map(|_| allowance.take(after(1000))).collect();
        assert_eq!(later, [true, true, true, false, false], "it does not add up for ever");
    }
}
