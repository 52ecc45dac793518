//! Lists, a page at a time.

use serde::{Deserialize, Serialize};

/// How many items a page holds: 1 to 500, and 50 where the caller does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub(crate) struct Limit(u16);

impl Limit {
    /// What a page holds where the caller does not say.
    pub(crate) const DEFAULT: Self = Self(50);
    /// The most that a page holds.
    pub(crate) const MAX: Self = Self(500);

    /// The number of items.
    pub(crate) const fn get(self) -> usize {
        self.0 as usize
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl TryFrom<u16> for Limit {
    type Error = LimitOutOfRange;

    fn try_from(limit: u16) -> Result<Self, LimitOutOfRange> {
        if (1..=Self::MAX.0).contains(&limit) { Ok(Self(limit)) } else { Err(LimitOutOfRange) }
    }
}

/// The limit of a page is not 1 to 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a limit is 1 to 500")]
pub(crate) struct LimitOutOfRange;

/// The query parameters of a list without filters. One with filters repeats these two beside its own, since an
/// unknown parameter can only be refused by the type that knows all of them.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// The most items to return.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500, default = 50)]
    pub(crate) limit: Limit,
    /// The `next_cursor` of the page before; none for the first page.
    pub(crate) cursor: Option<String>,
}

impl From<Page> for rescind::store::PageRequest {
    fn from(page: Page) -> Self {
        Self { limit: u32::from(page.limit.0), cursor: page.cursor }
    }
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Listing<T> {
    /// The items of this page.
    pub(crate) items: Vec<T>,
    /// Names the next page; `null` on the last one.
    pub(crate) next_cursor: Option<String>,
}
