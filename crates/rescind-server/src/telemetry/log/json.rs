//! Lines of JSON, with the ids of the request at their top, where whoever collects them looks.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, FormatEvent, FormatFields, Json, Writer};
use tracing_subscriber::fmt::{self as lines, FmtContext};
use tracing_subscriber::registry::LookupSpan;

use crate::http::exchange;

/// One object for each line: `request_id` and `trace_id` where there are any, then what the line says, then the spans around it.
pub(super) struct Lines(Format<Json>);

impl Lines {
    pub(super) fn new() -> Self {
        Self(lines::format().json().flatten_event(true))
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        match (exchange::current(), line.strip_prefix('{')) {
            (Some(exchange), Some(rest)) => {
                // Both are made of letters, digits and `._-`.
                write!(writer, r#"{{"request_id":"{}","#, exchange.request_id)?;
                if let Some(trace) = exchange.trace() {
                    write!(writer, r#""trace_id":"{trace}","#)?;
                }
                writer.write_str(rest)
            }
            _ => writer.write_str(&line),
        }
    }
}
