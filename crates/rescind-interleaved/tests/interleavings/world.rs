//! What the tests share.

use rescind_interleaved::clock::{Clock, Timestamp};
use rescind_interleaved::entropy::Entropy;

/// When everything happens.
pub const NOW: Timestamp = Timestamp::from_secs(1_767_323_045);

/// So many seconds later.
pub const fn after(seconds: i64) -> Timestamp {
    Timestamp::from_secs(NOW.as_secs() + seconds)
}

/// Tries out so many orders, half of them by chance, half of them with few changes from one thread to another at unlikely places
/// (Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding bugs", 2010). Ten times as many
/// in a full run.
pub fn in_many_orders(orders: usize, test: impl Fn() + Send + Sync + Clone + 'static) {
    const CHANGES: usize = 3;
    let full = std::env::var_os("RESCIND_TEST_FULL").is_some();
    let half = if full { orders * 5 } else { orders / 2 };
    shuttle::check_random(test.clone(), half);
    shuttle::check_pct(test, half, CHANGES);
}

/// The same bytes each time, and no two alike beside each other: hashes are to spread.
pub struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        let mut last = 1_u32;
        for byte in buffer {
            last = last.wrapping_mul(0x9e37_79b1).rotate_left(13);
            *byte = last.to_le_bytes()[0];
        }
    }
}

/// A clock that stands still.
pub struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}
