//! What a store tells of its own state.

/// What a store tells of its own state, to whoever watches over it. It costs nothing to ask, and asks nobody.
pub trait Watched: Send + Sync {
    /// How many writes it has refused since it was opened because it could be read only: see
    /// [`StoreError::TakesNoWrites`](super::StoreError::TakesNoWrites).
    fn refused_writes(&self) -> u64;

    /// What is in use of its connections; none where it is no server's.
    fn connections(&self) -> Option<Connections> {
        None
    }
}

/// The connections to the server that keeps a store.
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
