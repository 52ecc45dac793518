//! Counts of what many threads do at once, for whoever watches: numbers given out, which nothing is decided by.

use std::array;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// So many places there are for each count, so that threads that count at the same moment mostly write to different cache
/// lines.
const STRIPES: usize = 16;

/// `N` counts. Counting is one addition to a line that mostly nobody else writes to; reading adds the places up.
pub(crate) struct Tally<const N: usize> {
    stripes: Box<[Stripe<N>]>,
}

/// Two cache lines, because processors fetch them in pairs.
#[repr(align(128))]
struct Stripe<const N: usize>([AtomicU64; N]);

impl<const N: usize> Default for Tally<N> {
    fn default() -> Self {
        let stripe = |_| Stripe(array::from_fn(|_| AtomicU64::new(0)));
        Self { stripes: (0..STRIPES).map(stripe).collect() }
    }
}

impl<const N: usize> Tally<N> {
    /// Counts one more of `which`.
    #[inline]
    pub(crate) fn add(&self, which: usize) {
        self.stripes[own_stripe()].0[which].fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted until now.
    pub(crate) fn sums(&self) -> [u64; N] {
        array::from_fn(|which| {
            self.stripes.iter().map(|stripe| stripe.0[which].load(Ordering::Relaxed)).sum()
        })
    }
}

/// Where this thread counts.
#[inline]
fn own_stripe() -> usize {
    // A thread at its end has no place to keep it.
    STRIPE.try_with(|stripe| *stripe).unwrap_or_default()
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static STRIPE: usize = NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES;
}

/// How something came out, by a fixed list of stable codes. For what happens as often as a commit, not as often as a check.
pub(crate) struct Outcomes {
    codes: &'static [&'static str],
    counts: Box<[AtomicU64]>,
}

impl Outcomes {
    /// None of `codes` has come yet. What is not on the list counts as the last one.
    pub(crate) fn of(codes: &'static [&'static str]) -> Self {
        Self { codes, counts: codes.iter().map(|_| AtomicU64::new(0)).collect() }
    }

    pub(crate) fn add(&self, code: &str) {
        let at = self.codes.iter().position(|known| *known == code);
        if let Some(count) = self.counts.get(at.unwrap_or(self.codes.len().saturating_sub(1))) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Every code with its count, in the order of the list.
    pub(crate) fn counts(&self) -> Vec<(&'static str, u64)> {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        self.codes.iter().copied().zip(counts).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_between_threads() {
        let tally = Tally::<3>::default();
        std::thread::scope(|scope| {
            for thread in 0..2 * STRIPES {
                let tally = &tally;
                scope.spawn(move || (0..1000).for_each(|_| tally.add(thread % 2)));
            }
        });
        let each = 1000 * STRIPES as u64;
        assert_eq!(tally.sums(), [each, each, 0]);
    }

    #[test]
    fn places_are_apart() {
        assert_eq!(align_of::<Stripe<6>>(), 128);
        assert_eq!(size_of::<Stripe<6>>(), 128);
    }

    #[test]
    fn a_code_that_nobody_thought_of_counts_as_the_last() {
        let outcomes = Outcomes::of(&["ok", "no", "other"]);
        ["no", "never heard of", "no"].iter().for_each(|code| outcomes.add(code));
        assert_eq!(outcomes.counts(), [("ok", 0), ("no", 2), ("other", 1)]);
    }
}
