//! Whether the body of a request was read to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::HttpBody;
use http::Request;
use hyper::body::{Frame, SizeHint};

/// How far a body has been read.
#[derive(Debug)]
pub(super) struct Reading(Arc<AtomicBool>);

impl Reading {
    /// Watches the body of `request`.
    pub(super) fn of<B: HttpBody>(request: Request<B>) -> (Request<Noted<B>>, Self) {
        let done = Arc::new(AtomicBool::new(request.body().is_end_stream()));
        let noted = request.map(|body| Noted { body, done: Arc::clone(&done) });
        (noted, Self(done))
    }

    /// Whether nothing is left to be read.
    pub(super) fn is_done(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body that notes when its end is reached.
#[derive(Debug)]
pub(super) struct Noted<B> {
    body: B,
    done: Arc<AtomicBool>,
}

impl<B: HttpBody + Unpin> HttpBody for Noted<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || (matches!(frame, Some(Ok(_))) && self.body.is_end_stream()) {
            self.done.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http_body_util::BodyExt;

    use super::*;

    fn reading(body: Body) -> (Noted<Body>, Reading) {
        let (request, reading) = Reading::of(Request::new(body));
        (request.into_body(), reading)
    }

    #[tokio::test]
    async fn an_empty_body_is_read_from_the_beginning_and_another_at_its_end() {
        assert!(reading(Body::empty()).1.is_done());
        let (body, reading) = reading(Body::from("text"));
        assert!(!reading.is_done());
        body.collect().await.expect("a body in memory");
        assert!(reading.is_done());
    }

    #[tokio::test]
    async fn a_body_that_is_let_go_was_not_read() {
        let (body, reading) = reading(Body::from("text"));
        drop(body);
        assert!(!reading.is_done());
    }
}
