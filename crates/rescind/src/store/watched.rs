//! What a store tells of its own state.

use super::Commits;

/// What a store tells of its own state, to whoever watches over it. It costs nothing to ask, and asks nobody.
///
/// ```
/// use rescind::store::{CommitTally, Commits, Watched};
///
/// /// A store in one file, which tells of no connections.
/// struct InOneFile {
///     refused: u64,
///     tally: CommitTally,
/// }
///
/// impl Watched for InOneFile {
///     fn refused_writes(&self) -> u64 {
///         self.refused
///     }
///     fn commits(&self) -> Commits {
///         self.tally.counts()
///     }
/// }
/// let on_a_full_disk = InOneFile { refused: 2, tally: CommitTally::default() };
/// assert_eq!((on_a_full_disk.refused_writes(), on_a_full_disk.connections()), (2, None));
/// ```
pub trait Watched: Send + Sync {
    /// How many writes it has refused since it was opened because it could be read only: see
    /// [`StoreError::TakesNoWrites`](super::StoreError::TakesNoWrites).
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, .. }| {
    /// authority.revoke_all_own(&ada).await?;
    /// assert_eq!(ports.store.refused_writes(), 0, "there was room for it");
    /// # Ok(())
    /// # });
    /// ```
    fn refused_writes(&self) -> u64;

    /// What it has committed since it was opened: see [`CommitTally`](super::CommitTally).
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, .. }| {
    /// let before = ports.store.commits();
    /// authority.revoke_all_own(&ada).await?;
    /// assert_ne!(ports.store.commits(), before);
    /// # Ok(())
    /// # });
    /// ```
    fn commits(&self) -> Commits;

    /// What is in use of its connections; none where it has none to tell of.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
    /// let connections = ports.store.connections().ok_or("SQLite tells of its threads")?;
    /// assert!(connections.most > 0);
    /// # Ok(())
    /// # });
    /// ```
    fn connections(&self) -> Option<Connections> {
        None
    }
}

/// The connections to the server that keeps a store; of one in a file, the threads that read and write it.
///
/// ```
/// use rescind::store::{Commits, Connections, Watched};
///
/// struct Pooled;
///
/// impl Watched for Pooled {
///     fn refused_writes(&self) -> u64 {
///         0
///     }
///     fn commits(&self) -> Commits {
///         Commits::default()
///     }
///     fn connections(&self) -> Option<Connections> {
///         Some(Connections { most: 8, in_use: 8, idle: 0, waiting: 3 })
///     }
/// }
/// // Calls wait, and no connection is left to be opened.
/// let too_few = |of: Connections| of.waiting > 0 && of.in_use + of.idle == of.most;
/// assert!(Pooled.connections().is_some_and(too_few));
/// ```
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
