//! What happened in each of the last minutes, for who looks at a node.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rescind::authority::Authority;

/// So many minutes are remembered.
const MINUTES: usize = 60;

/// What happened in a node in each of the last sixty minutes, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Pulse(Mutex<VecDeque<Minute>>);

/// What happened in a minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Minute {
    /// Sessions that were refreshed.
    pub(crate) refreshes: u64,
    /// Entries that were written to the ledger.
    pub(crate) revocations: u64,
    /// Refresh tokens that were taken for stolen.
    pub(crate) reuses: u64,
}

impl Pulse {
    /// The minutes that have passed, oldest first.
    pub(crate) fn minutes(&self) -> Vec<Minute> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    fn push(&self, minute: Minute) {
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if minutes.len() == MINUTES {
            minutes.pop_front();
        }
        minutes.push_back(minute);
    }
}

impl Minute {
    /// What has happened since an authority was made.
    pub(crate) fn so_far(authority: &Authority) -> Self {
        let activity = authority.activity();
        let refreshes = |wanted: &[&str]| {
            activity.refreshes.iter().filter(|(word, _)| wanted.contains(word)).map(|(_, count)| count).sum()
        };
        Self {
            refreshes: refreshes(&["rotated", "replayed"]),
            revocations: activity.cuts.iter().map(|(_, count)| count).sum(),
            reuses: refreshes(&["refresh_reuse_detected"]),
        }
    }

    const fn since(self, earlier: Self) -> Self {
        Self {
            refreshes: self.refreshes - earlier.refreshes,
            revocations: self.revocations - earlier.revocations,
            reuses: self.reuses - earlier.reuses,
        }
    }
}

/// Writes down every minute, for ever.
pub(super) async fn feel(authority: Arc<Authority>, pulse: Arc<Pulse>) {
    let mut tick = tokio::time::interval(Duration::from_secs(60));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    tick.tick().await;
    let mut before = Minute::so_far(&authority);
    loop {
        tick.tick().await;
        let now = Minute::so_far(&authority);
        pulse.push(now.since(before));
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_remembered_and_no_more() {
        let pulse = Pulse::default();
        for refreshes in 0..100 {
            pulse.push(Minute { refreshes, ..Minute::default() });
        }
        let minutes = pulse.minutes();
        assert_eq!(minutes.len(), MINUTES);
        assert_eq!((minutes[0].refreshes, minutes[59].refreshes), (40, 99));
        let (early, late) = (minutes[0], Minute { refreshes: 50, revocations: 2, reuses: 1 });
        assert_eq!(late.since(early), Minute { refreshes: 10, revocations: 2, reuses: 1 });
    }
}
