//! What a statement is given that does something to many rows: a list for each of its columns.

use tokio_postgres::types::ToSql;

/// The lists, made of the items in the order of the statement's parameters.
pub(crate) struct Columns<'i, I> {
    items: &'i [I],
    lists: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl<'i, I> Columns<'i, I> {
    pub(crate) fn of(items: &'i [I]) -> Self {
        Self { items, lists: Vec::new() }
    }

    /// Adds the next list.
    pub(crate) fn and<T>(mut self, cell: impl Fn(&I) -> T) -> Self
    where
        T: ToSql + Sync + Send + 'static,
    {
        self.lists.push(Box::new(self.items.iter().map(cell).collect::<Vec<T>>()));
        self
    }

    /// Adds one value for all.
    pub(crate) fn and_value(mut self, value: impl ToSql + Sync + Send + 'static) -> Self {
        self.lists.push(Box::new(value));
        self
    }

    pub(crate) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.lists.iter().map(|list| &**list as &(dyn ToSql + Sync)).collect()
    }
}
