//! The strings of a payload, kept as places in it.

use super::json::Str;

/// A payload, and its strings that are spelled with escapes, resolved: rare, so that in the common case nothing is
/// copied.
pub(crate) struct Texts {
    payload: String,
    unescaped: Vec<(Str, Box<str>)>,
}

impl Texts {
    /// `strings` are those that [`Texts::get`] will be asked for.
    pub(crate) fn new(payload: String, strings: impl Iterator<Item = Str>) -> Self {
        let escaped = strings.filter(|string| string.plain().is_none());
        let unescaped = escaped.map(|string| (string, string.text(&payload).into())).collect();
        Self { payload, unescaped }
    }

    pub(crate) fn payload(&self) -> &str {
        &self.payload
    }

    /// What it takes, in bytes, beside itself.
    pub(crate) fn bytes(&self) -> usize {
        let unescaped: usize = self.unescaped.iter().map(|(_, text)| text.len()).sum();
        self.payload.capacity() + unescaped + size_of_val(&*self.unescaped)
    }

    pub(crate) fn get(&self, string: Str) -> &str {
        match string.plain() {
            Some(place) => place.text(&self.payload),
            None => self.unescaped.iter().find(|(s, _)| *s == string).map_or("", |(_, text)| text),
        }
    }
}
