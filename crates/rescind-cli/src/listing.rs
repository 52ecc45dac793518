//! Lists: one page, or all of it.

use clap::Args;
use rescind::store::{Page, PageRequest};

use crate::failure::Failure;

/// Which part of a list to print.
#[derive(Args, Clone, Debug)]
pub(crate) struct Paging {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    /// Go on where an earlier list ended: its `next_cursor`
    #[arg(long)]
    cursor: Option<String>,
    /// The whole list
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

impl Paging {
    /// Asks `fetch` for what was asked for.
    pub(crate) async fn collect<T, V: From<T>>(
        &self,
        fetch: impl AsyncFn(&PageRequest) -> rescind::authority::Result<Page<T>>,
    ) -> Result<Page<V>, Failure> {
        let limit = if self.all { 500 } else { self.limit };
        let mut request = PageRequest { limit, cursor: self.cursor.clone() };
        let mut items = Vec::new();
        loop {
            let page = fetch(&request).await?;
            items.extend(page.items.into_iter().map(V::from));
            if !self.all || page.next_cursor.is_none() {
                return Ok(Page { items, next_cursor: page.next_cursor });
            }
            request.cursor = page.next_cursor;
        }
    }
}
