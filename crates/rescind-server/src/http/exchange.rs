//! What is known of the request being answered, wherever its answer is written.
//!
//! An error is turned into its answer far from the request: in an extractor, after a panic, after a timeout. It
//! still has to carry the request id, the challenge that fits the credentials, and the form of its surface. A
//! task-local brings that there, so that no handler can forget to pass it on.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use http::{HeaderMap, header};

use super::request_id::RequestId;
use crate::telemetry::trace::Trace;

/// The request being answered.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// Its id.
    pub(crate) request_id: RequestId,
    /// Which kind of errors its path has.
    pub(crate) surface: Surface,
    /// Which kind of credentials it brought.
    pub(crate) presented: Presented,
    trace: Arc<OnceLock<Trace>>,
}

impl Exchange {
    /// Of the request with that id.
    pub(crate) fn new(request_id: RequestId, surface: Surface, presented: Presented) -> Self {
        Self { request_id, surface, presented, trace: Arc::default() }
    }

    /// The trace that it is part of, once that is known and where there is one.
    pub(crate) fn trace(&self) -> Trace {
        self.trace.get().copied().flatten()
    }

    /// It is part of this one.
    pub(super) fn is_part_of(&self, trace: Trace) {
        // It is said once for each request.
        let _ = self.trace.set(trace);
    }
}

/// Which form errors have on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    /// Problem documents (RFC 9457).
    Api,
    /// The body of RFC 6749 §5.2.
    OAuth,
    /// Pages for people, with the first of them.
    Page(&'static str),
}

impl Surface {
    /// The surface that `path` belongs to.
    pub(crate) fn of(path: &str) -> Self {
        let is_below =
            |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match path {
            _ if is_below("/oauth2") => Self::OAuth,
            _ if is_below("/admin") => Self::Page("/admin"),
            _ if is_below("/account") => Self::Page("/account"),
            _ => Self::Api,
        }
    }
}

/// Which scheme of credentials a request brought, good or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// None of a scheme that is known here.
    Nothing,
    /// HTTP Basic (RFC 7617).
    Basic,
    /// A bearer token (RFC 6750).
    Bearer,
}

impl Presented {
    /// What the `Authorization` headers of a request present.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Self::Nothing };
        let value = value.as_bytes();
        let scheme = value.split(|b| *b == b' ').next().unwrap_or_default();
        if scheme.eq_ignore_ascii_case(b"basic") {
            Self::Basic
        } else if scheme.eq_ignore_ascii_case(b"bearer") {
            Self::Bearer
        } else {
            Self::Nothing
        }
    }
}

tokio::task_local! {
    static CURRENT: Exchange;
}

/// Runs `work` as the answering of `exchange`.
pub(crate) async fn within<F: Future>(exchange: Exchange, work: F) -> F::Output {
    CURRENT.scope(exchange, work).await
}

/// The request being answered; none outside of [`within`], as in a unit test.
pub(crate) fn current() -> Option<Exchange> {
    CURRENT.try_with(Clone::clone).ok()
}
