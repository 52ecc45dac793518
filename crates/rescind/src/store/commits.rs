//! What a store commits, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// How often a store has committed since it was opened, and how many calls shared each commit.
///
/// ```
/// use rescind::store::{CommitTally, Commits};
///
/// let tally = CommitTally::default();
/// tally.committed(1);
/// tally.committed(100);
/// tally.failed();
/// let commits: Commits = tally.counts();
/// assert_eq!((commits.commits(), commits.calls, commits.failed), (2, 101, 1));
/// // One of a single call, one of more than 64 and at most 128.
/// assert_eq!(commits.sizes, [1, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commits {
    /// Commits by how many calls shared them: at most as many as [`Commits::LIMITS`] says at that place; the last ones had more.
    pub sizes: [u64; Self::LIMITS.len() + 1],
    /// The calls that shared them.
    pub calls: u64,
    /// Transactions that came to no commit, because the store could not be reached or took no writes.
    pub failed: u64,
}

impl Commits {
    /// See [`Commits::sizes`].
    pub const LIMITS: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

    /// How many commits there were.
    ///
    /// ```
    /// use rescind::store::Commits;
    ///
    /// assert_eq!(Commits::default().commits(), 0);
    /// ```
    pub fn commits(&self) -> u64 {
        self.sizes.iter().sum()
    }
}

/// Counts a store's commits: for those who write stores.
///
/// ```
/// use rescind::store::CommitTally;
///
/// let tally = CommitTally::default();
/// // After a commit that three calls shared.
/// tally.committed(3);
/// assert_eq!(tally.counts().calls, 3);
/// ```
#[derive(Debug, Default)]
pub struct CommitTally {
    sizes: [AtomicU64; Commits::LIMITS.len() + 1],
    calls: AtomicU64,
    failed: AtomicU64,
}

impl CommitTally {
    /// So many calls were committed together.
    ///
    /// ```
    /// use rescind::store::CommitTally;
    ///
    /// let tally = CommitTally::default();
    /// tally.committed(2);
    /// assert_eq!(tally.counts().commits(), 1);
    /// ```
    pub fn committed(&self, calls: usize) {
        let calls = calls as u64;
        self.sizes[Commits::LIMITS.partition_point(|limit| *limit < calls)].fetch_add(1, Ordering::Relaxed);
        self.calls.fetch_add(calls, Ordering::Relaxed);
    }

    /// A transaction came to no commit, because the store could not be reached or took no writes.
    ///
    /// ```
    /// use rescind::store::CommitTally;
    ///
    /// let tally = CommitTally::default();
    /// tally.failed();
    /// assert_eq!(tally.counts().failed, 1);
    /// ```
    pub fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted until now.
    ///
    /// ```
    /// use rescind::store::{CommitTally, Commits};
    ///
    /// assert_eq!(CommitTally::default().counts(), Commits::default());
    /// ```
    pub fn counts(&self) -> Commits {
        Commits {
            sizes: std::array::from_fn(|at| self.sizes[at].load(Ordering::Relaxed)),
            calls: self.calls.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}
