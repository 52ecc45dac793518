//! Randomness and time that are the same in each run.

use std::sync::atomic::{AtomicU64, Ordering};

use rescind::clock::{Clock, Timestamp};
use rescind::entropy::Entropy;

use crate::marks::{NOW, mix};

/// Numbers that only look random.
#[derive(Default)]
pub(crate) struct Repeatable(AtomicU64);

impl Entropy for Repeatable {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let word = mix(self.0.fetch_add(1, Ordering::Relaxed) + 1).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

/// It is always the time of the marks.
pub(crate) struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        NOW
    }
}
