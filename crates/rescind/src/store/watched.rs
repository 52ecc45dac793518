//! What a store tells of its own state.

/// What a store tells of its own state, to whoever watches over it. It costs nothing to ask, and asks nobody.
///
/// ```
/// use rescind::store::Watched;
///
/// /// A store in one file: there is no server, and so there are no connections to it.
/// struct InOneFile {
///     refused: u64,
/// }
///
/// impl Watched for InOneFile {
///     fn refused_writes(&self) -> u64 {
///         self.refused
///     }
/// }
/// let on_a_full_disk = InOneFile { refused: 2 };
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

    /// What is in use of its connections; none where it is no server's.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
    /// // SQLite is a file.
    /// assert_eq!(ports.store.connections(), None);
    /// # Ok(())
    /// # });
    /// ```
    fn connections(&self) -> Option<Connections> {
        None
    }
}

/// The connections to the server that keeps a store.
///
/// ```
/// use rescind::store::{Connections, Watched};
///
/// struct Pooled;
///
/// impl Watched for Pooled {
///     fn refused_writes(&self) -> u64 {
///         0
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
