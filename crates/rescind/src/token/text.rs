//! Strings of a payload, kept as places in it.

use super::json::{Span, Str};

/// A string claim: where it stands in the payload, or its own text where it was spelled with escapes.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    Place(Span),
    Unescaped(Box<str>),
}

impl Text {
    pub(crate) fn new(string: Str, payload: &str) -> Self {
        match string.plain() {
            Some(span) => Self::Place(span),
            None => Self::Unescaped(string.text(payload).into()),
        }
    }

    pub(crate) fn get<'a>(&'a self, payload: &'a str) -> &'a str {
        match self {
            Self::Place(span) => span.text(payload),
            Self::Unescaped(text) => text,
        }
    }
}
