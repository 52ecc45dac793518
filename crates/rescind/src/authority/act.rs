//! Spans around what an authority does, for whoever traces. Where nobody listens, none is made.
//!
//! They say what was done and how it came out, and never to whom: no id, no address, nothing of a token.

use tracing::{Instrument as _, Span};

use crate::authority::error::{Error, Result};

/// A span with that name.
macro_rules! act {
    ($name:literal $(, $field:ident = $value:expr)*) => {
        tracing::debug_span!(
            target: "rescind::act",
            $name,
            $($field = $value,)*
            outcome = tracing::field::Empty,
            otel.status_code = tracing::field::Empty,
        )
    };
}

pub(super) use act;

/// Does it within the span, and notes there how it came out.
pub(super) async fn within<T>(span: Span, work: impl Future<Output = Result<T>>) -> Result<T> {
    let outcome = work.instrument(span.clone()).await;
    if !span.is_disabled() {
        note(&span, outcome.as_ref().err());
    }
    outcome
}

fn note(span: &Span, refused: Option<&Error>) {
    span.record("outcome", refused.map_or("ok", Error::code));
    // A refusal is an answer. What follows is ours to mend.
    if let Some(Error::Internal(_) | Error::Unavailable | Error::Overloaded) = refused {
        span.record("otel.status_code", "ERROR");
    }
}
