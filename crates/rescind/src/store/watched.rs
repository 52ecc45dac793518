//! What a store tells of its own state.

use super::Commits;

/// What a store tells of its own state, to whoever watches over it. It costs nothing to ask, and asks nobody.
pub trait Watched: Send + Sync {
    /// How many writes it has refused since it was opened because it could be read only: see
    /// [`StoreError::TakesNoWrites`](super::StoreError::TakesNoWrites).
    fn refused_writes(&self) -> u64;

    /// What it has committed since it was opened: see [`CommitTally`](super::CommitTally).
    fn commits(&self) -> Commits;

    /// What is in use of its connections; none where it has none to tell of.
    fn connections(&self) -> Option<Connections> {
        None
    }
}

/// The connections to the server that keeps a store; of one in a file, the threads that read and write it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// There may be so many, beside one that waits for news.
    pub most: usize,
    /// So many calls have one at the moment.
    pub in_use: usize,
    /// So many are open, and nobody has them.
    pub idle: usize,
    /// So many calls wait for one, be it in use or yet to be opened.
    pub waiting: usize,
}
