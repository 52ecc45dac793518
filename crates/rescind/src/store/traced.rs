//! Spans around a store's verbs, for whoever traces. Where nobody listens, none is made.

use tracing::instrument::{Instrument as _, Instrumented};

use super::Answer;

/// The answer to that verb, within a span of its own.
pub(crate) fn traced<'a, T>(verb: &'static str, answer: Answer<'a, T>) -> Instrumented<Answer<'a, T>> {
    answer.instrument(
        tracing::debug_span!(target: "rescind::store", "store", otel.name = verb, otel.kind = "client"),
    )
}
