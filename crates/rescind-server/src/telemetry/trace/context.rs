//! The trace that a request is part of, as its caller says: W3C Trace Context. What makes no sense is as if it had not come.

use std::sync::atomic::Ordering;

use http::{HeaderMap, StatusCode};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{Status, TraceContextExt as _, TraceId};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing::field::display;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

const PARENT: &str = "traceparent";
const STATE: &str = "tracestate";

/// What goes with every log line of a request that is part of a trace.
pub(crate) type Trace = Option<TraceId>;

/// The span around a request: it continues the caller's trace, or begins one where spans are exported. Its trace, if there is one.
pub(crate) fn begin(headers: &HeaderMap, span: &Span, name: impl FnOnce() -> String) -> Trace {
    let caller = incoming(headers);
    let named = caller.as_ref().map(|context| context.span().span_context().trace_id());
    if let Some(context) = caller {
        // Without an exporter nothing takes it up.
        let _ = span.set_parent(context);
    }
    let own = span.context();
    let own = own.span();
    let context = own.span_context();
    let trace = if context.is_valid() { Some(context.trace_id()) } else { named };
    if let Some(trace) = trace {
        span.record("trace_id", display(trace));
    }
    if own.is_recording() {
        own.update_name(name());
    }
    trace
}

/// What the span around a request is to a collector; said where there is one, since lines of the log have it too.
pub(crate) fn kind() -> Option<&'static str> {
    super::EXPORTS.load(Ordering::Relaxed).then_some("server")
}

/// How the request was answered.
pub(crate) fn end(span: &Span, status: StatusCode) {
    if super::EXPORTS.load(Ordering::Relaxed) {
        span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            span.set_status(Status::error(""));
        }
    }
}

fn incoming(headers: &HeaderMap) -> Option<Context> {
    let mut parents = headers.get_all(PARENT).iter();
    let parent = parents.next()?.to_str().ok()?;
    if parents.next().is_some() || !is_well_formed(parent) {
        return None;
    }
    let states = headers.get_all(STATE).iter().filter_map(|value| value.to_str().ok());
    let state = states.collect::<Vec<_>>().join(",");
    let context =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &Carrier { parent, state });
    context.has_active_span().then_some(context)
}

/// `version-trace-parent-flags` in lower-case hexadecimal digits. A later version may go on after a hyphen (W3C Trace Context
/// §3.2, §4.3).
fn is_well_formed(parent: &str) -> bool {
    let bytes = parent.as_bytes();
    let Some(known) = bytes.get(..KNOWN) else { return false };
    let is_hyphen = |at: usize| [2, 35, 52].contains(&at);
    let fits = |(at, byte): (usize, &u8)| match is_hyphen(at) {
        true => *byte == b'-',
        false => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    let goes_on = match &bytes[KNOWN..] {
        [] => true,
        [b'-', ..] => !parent.starts_with("00"),
        _ => false,
    };
    known.iter().enumerate().all(fits) && goes_on && !parent.starts_with("ff")
}

/// What every version has at its beginning.
const KNOWN: usize = 55;

struct Carrier<'h> {
    parent: &'h str,
    state: String,
}

impl Extractor for Carrier<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            PARENT => Some(self.parent),
            STATE => Some(&self.state),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![PARENT, STATE]
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(of: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in of {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn what_the_caller_says_is_taken_up_with_its_state() {
        let given = [(PARENT, GOOD), (STATE, "one=1"), (STATE, "two=2")];
        let context = incoming(&headers(&given)).unwrap();
        let span = context.span();
        let span = span.span_context();
        assert_eq!(span.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(span.span_id().to_string(), "00f067aa0ba902b7");
        assert!(span.is_remote() && span.is_sampled());
        assert_eq!((span.trace_state().get("one"), span.trace_state().get("two")), (Some("1"), Some("2")));
        // A state that is none takes nothing from the rest.
        assert!(incoming(&headers(&[(PARENT, GOOD), (STATE, "no state at all")])).is_some());
        let later = format!("01{}-and-more", &GOOD[2..]);
        assert!(incoming(&headers(&[(PARENT, &later)])).is_some());
    }

    #[test]
    fn what_is_no_trace_context_is_ignored() {
        let zeros = "0".repeat(32);
        for parent in [
            "",
            "00",
            &GOOD[..54],
            &format!("{GOOD}0"),
            &format!("{GOOD}-"),
            &GOOD.to_uppercase(),
            &GOOD.replace('-', "_"),
            &GOOD.replacen("00-", "ff-", 1),
            &GOOD.replacen("00-", "+0-", 1),
            &GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &zeros),
            &GOOD.replace("00f067aa0ba902b7", &zeros[..16]),
            &GOOD.replace("4bf9", "+bf9"),
        ] {
            assert!(incoming(&headers(&[(PARENT, parent)])).is_none(), "{parent}");
        }
        assert!(incoming(&headers(&[(PARENT, GOOD), (PARENT, GOOD)])).is_none(), "two are none");
        assert!(incoming(&headers(&[(STATE, "one=1")])).is_none());
    }
}
