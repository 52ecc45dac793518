//! What every store can answer with, and the pieces its verbs share.
//!
//! The verbs themselves stand beside those who use them: [`crate::session::SessionStore`],
//! [`crate::ledger::LedgerStore`], [`crate::directory::DirectoryStore`], [`crate::keys::KeyStore`] and
//! [`crate::audit::AuditStore`]. Every verb that writes is one whole transaction, acknowledged after the durable
//! commit, with its audit entries inside. Policy is decided in the domain and passed as data.

mod commits;
mod traced;
mod watched;

use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use uuid::Uuid;

use crate::audit::AuditStore;
use crate::clock::Timestamp;
use crate::directory::DirectoryStore;
use crate::keys::KeyStore;
use crate::ledger::LedgerStore;
use crate::session::SessionStore;

pub use commits::{CommitTally, Commits};
pub(crate) use traced::traced;
pub use watched::{Connections, Watched};

/// A whole store: every port at once. Implemented for whatever implements them all.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
/// use std::sync::Arc;
///
/// use rescind::directory::SYSTEM_TENANT;
/// use rescind::store::Store;
///
/// // Chosen at run time: whatever implements every port is one.
/// let store: Arc<dyn Store> = ports.store;
/// assert!(store.tenant_by_slug(SYSTEM_TENANT).await?.is_system());
/// assert_eq!(store.refused_writes(), 0);
/// # Ok(())
/// # });
/// ```
pub trait Store: SessionStore + LedgerStore + DirectoryStore + KeyStore + AuditStore + Watched {}

impl<S: SessionStore + LedgerStore + DirectoryStore + KeyStore + AuditStore + Watched> Store for S {}

/// What a store's verb returns: boxed, so that a store can be chosen at run time.
///
/// ```
/// use rescind::store::{Answer, StoreError};
///
/// /// A verb of a store that keeps its rows in memory.
/// fn count(rows: &[u8]) -> Answer<'_, usize> {
///     Box::pin(async move { Ok(rows.len()) })
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), StoreError> {
/// assert_eq!(count(&[1, 2]).await?, 2);
/// # Ok(())
/// # }
/// ```
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Why a store did not do what it was asked to do. A refusal that is an answer ("expired", "taken") is not
/// among these where the verb has its own type for it.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, acme, .. }| {
/// use rescind::store::StoreError;
/// # let nobody = rescind::id::UserId(uuid::Uuid::from_u128(9));
///
/// match ports.store.user(Some(acme), nobody).await {
///     Err(StoreError::NotFound) => println!("nobody of this tenant"),
///     Err(StoreError::Unavailable(_) | StoreError::Overloaded) => println!("try again"),
///     other => panic!("{other:?}"),
/// }
/// # assert_eq!(ports.store.user(Some(acme), nobody).await, Err(StoreError::NotFound));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or failed at this: nothing was acknowledged, trying later may help.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// It can be read, and takes no writes: the disk is full, or it is read-only. Nothing was changed.
    #[error("the store takes no writes: {0}")]
    TakesNoWrites(String),
    /// Too much is waiting already: nothing was changed, trying again shortly will help.
    #[error("the store has too much waiting")]
    Overloaded,
    /// What was named does not exist, or not within the tenant that was named.
    #[error("not found")]
    NotFound,
    /// Something unique is taken already.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// A `user_id` that exists in several tenants was named without one.
    #[error("the user id exists in several tenants")]
    Ambiguous,
    /// The key that was to sign is no longer active: load the keys again, and retry.
    #[error("the signing key is no longer active")]
    KeyGone,
    /// The user is an admin, and the caller may not change those.
    #[error("only an administrator may do this to an administrator")]
    Forbidden,
    /// The user is the last operator who can sign in: nobody would be left to undo it.
    #[error("the last operator who can sign in must stay one")]
    LastOperator,
    /// A guard of the statement did not hold: somebody else changed the same thing first.
    #[error("changed by somebody else meanwhile")]
    Conflict,
    /// A list's cursor is not one that this list gave out.
    #[error("not a cursor of this list")]
    InvalidCursor,
    /// A row does not make sense. It is never taken for valid.
    #[error("the store is corrupt: {0}")]
    Corrupt(String),
    /// The database was written by a newer program.
    #[error("the database has schema version {found}, this program knows {known}")]
    TooNew {
        /// The version in the database.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
}

/// Which part of a list is asked for.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
/// use rescind::store::PageRequest;
///
/// // All tenants, two at a time.
/// let mut page = PageRequest { limit: 2, cursor: None };
/// let mut slugs = Vec::new();
/// loop {
///     let tenants = authority.tenants(&operator, &page).await?;
///     slugs.extend(tenants.items.into_iter().map(|tenant| tenant.slug));
///     page.cursor = tenants.next_cursor;
///     if page.cursor.is_none() {
///         break;
///     }
/// }
/// assert_eq!(slugs.len(), 3);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// At most so many items, 1 to 500.
    pub limit: u32,
    /// Where the previous page ended: its [`Page::next_cursor`].
    pub cursor: Option<String>,
}

/// The most items on a page.
const LARGEST_PAGE: u32 = 500;

/// Where a page begins, as the cursor says that a store's list gave out: an opaque text that begins with the list's letter, so
/// that no list takes another's. Pages follow a key, so that they neither skip nor repeat what was there when something
/// is added or removed between two of them. [`StoreError::InvalidCursor`] for any other text.
impl PageRequest {
    /// How many items the page is to have.
    ///
    /// ```
    /// use rescind::store::PageRequest;
    ///
    /// let items = |limit| PageRequest { limit, cursor: None }.items();
    /// assert_eq!([items(0), items(50), items(9_999)], [1, 50, 500]);
    /// ```
    pub fn items(&self) -> usize {
        self.limit.clamp(1, LARGEST_PAGE) as usize
    }

    /// In a list that is ordered by one number.
    ///
    /// ```
    /// use rescind::store::{PageRequest, StoreError};
    ///
    /// let from = |cursor: &str| PageRequest { limit: 50, cursor: Some(cursor.into()) }.from_number('l');
    /// assert_eq!(from("l42"), Ok(Some(42)));
    /// assert_eq!(from("a42"), Err(StoreError::InvalidCursor), "another list's");
    /// ```
    pub fn from_number(&self, list: char) -> Result<Option<i64>, StoreError> {
        self.place(list).map(|text| text.and_then(number)).transpose()
    }

    /// In a list that is ordered by a number and an id.
    ///
    /// ```
    /// use rescind::store::PageRequest;
    /// # let id = uuid::Uuid::from_u128(7);
    ///
    /// let cursor = Some(format!("s42.{id}"));
    /// assert_eq!(PageRequest { limit: 50, cursor }.from_number_and_id('s'), Ok(Some((42, id))));
    /// ```
    pub fn from_number_and_id(&self, list: char) -> Result<Option<(i64, Uuid)>, StoreError> {
        let parse = |text| {
            let (left, right) = halves(text)?;
            Ok((number(left)?, id(right)?))
        };
        self.place(list).map(|text| text.and_then(parse)).transpose()
    }

    /// In a list that is ordered by two ids.
    ///
    /// ```
    /// use rescind::store::PageRequest;
    ///
    /// // The first page has no cursor.
    /// assert_eq!(PageRequest { limit: 50, cursor: None }.from_ids('u'), Ok(None));
    /// ```
    pub fn from_ids(&self, list: char) -> Result<Option<(Uuid, Uuid)>, StoreError> {
        let parse = |text| {
            let (left, right) = halves(text)?;
            Ok((id(left)?, id(right)?))
        };
        self.place(list).map(|text| text.and_then(parse)).transpose()
    }

    fn place(&self, list: char) -> Option<Result<&str, StoreError>> {
        let text = self.cursor.as_deref()?;
        Some(text.strip_prefix(list).ok_or(StoreError::InvalidCursor))
    }
}

fn halves(text: &str) -> Result<(&str, &str), StoreError> {
    text.split_once('.').ok_or(StoreError::InvalidCursor)
}

fn number(text: &str) -> Result<i64, StoreError> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(StoreError::InvalidCursor);
    }
    text.parse().map_err(|_| StoreError::InvalidCursor)
}

fn id(text: &str) -> Result<Uuid, StoreError> {
    Uuid::try_parse(text).map_err(|_| StoreError::InvalidCursor)
}

/// A part of a list.
///
/// ```
/// use rescind::store::Page;
///
/// let page = Page { items: vec![1, 2], next_cursor: Some("l2".into()) };
/// assert_eq!(serde_json::to_value(&page)?["next_cursor"], "l2");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to ask for next, if there is more.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The same page with each item turned into another.
    ///
    /// ```
    /// use rescind::store::Page;
    ///
    /// let page = Page { items: vec![1, 2], next_cursor: Some("l2".into()) };
    /// let shown = page.map(|number| number.to_string());
    /// assert_eq!(shown.items, ["1", "2"]);
    /// assert_eq!(shown.next_cursor.as_deref(), Some("l2"));
    /// ```
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next_cursor: self.next_cursor }
    }
}

/// Who does something, from where and when: what the audit trail keeps of every act.
///
/// ```
/// use rescind::audit::Actor;
/// use rescind::authority::Caller;
/// use rescind::clock::Timestamp;
/// use rescind::store::Provenance;
///
/// let at = Timestamp::from_secs(1_767_323_045);
/// let nightly = Provenance { actor: Actor::System, ip: None, request_id: None, at };
/// assert_eq!(Caller::system().provenance(at), nightly);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Who.
    pub actor: crate::audit::Actor,
    /// From which address, where there is one.
    pub ip: Option<std::net::IpAddr>,
    /// Within which request.
    pub request_id: Option<String>,
    /// When.
    pub at: Timestamp,
}
