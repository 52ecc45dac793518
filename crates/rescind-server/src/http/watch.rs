//! What a connection is doing, so that one that does nothing, or too slowly, can be closed.
//!
//! hyper limits how long a head may take from the end of the answer before it, which makes one number of two: how
//! long a head may take, and how long a connection may rest between requests. A proxy keeps resting connections
//! for a minute, and an attacker's slow head must be gone long before. It also has no limit before it knows
//! whether HTTP/1 or HTTP/2 is spoken, and none on HTTP/2 connections at rest.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What one connection is doing.
#[derive(Debug)]
pub(super) struct Activity {
    head_time: Duration,
    idle_time: Duration,
    write_time: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Requests whose answers are not written yet.
    in_flight: usize,
    /// A head is being read (or, at the start, waited for).
    head: bool,
    /// Since when it rests or reads a head.
    since: Instant,
    /// Which protocol the first bytes announce; none before they came.
    speaks_http2: Option<bool>,
    /// Since when the peer takes nothing of what is to be written.
    stuck: Option<Instant>,
    /// A body was not read to its end.
    unread: bool,
}

impl Activity {
    pub(super) fn new(head_time: Duration, idle_time: Duration, write_time: Duration) -> Arc<Self> {
        let state = State {
            in_flight: 0,
            head: true,
            since: Instant::now(),
            speaks_http2: None,
            stuck: None,
            unread: false,
        };
        Arc::new(Self { head_time, idle_time, write_time, state: Mutex::new(state) })
    }

    /// When the connection is to be closed if nothing happens; none while a request is in flight whose answer gets on.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        let limit = if state.head { self.head_time } else { self.idle_time };
        let resting = (state.in_flight == 0).then(|| state.since + limit);
        let stuck = state.stuck.map(|since| since + self.write_time);
        resting.into_iter().chain(stuck).min()
    }

    /// Whether nothing has been in flight for `time`.
    pub(super) fn rests_for(&self, time: Duration) -> bool {
        let state = self.state();
        state.in_flight == 0 && state.since.elapsed() >= time
    }

    /// A request has begun; it ends when the guard goes.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        let mut state = self.state();
        state.in_flight += 1;
        state.head = false;
        InFlight(Arc::clone(self))
    }

    /// A request is answered whose body was not read to its end.
    pub(super) fn leave_unread(&self) {
        self.state().unread = true;
    }

    pub(super) fn left_unread(&self) -> bool {
        self.state().unread
    }

    fn has_read(&self, bytes: &[u8]) {
        let mut state = self.state();
        let speaks_http2 = *state.speaks_http2.get_or_insert(bytes.starts_with(b"PRI"));
        if state.in_flight == 0 && !state.head && !speaks_http2 {
            state.head = true;
            state.since = Instant::now();
        }
    }

    /// The peer took something, or nothing.
    fn has_tried_to_write(&self, took: bool) {
        let mut state = self.state();
        if took {
            state.stuck = None;
        } else {
            state.stuck.get_or_insert_with(Instant::now);
        }
    }

    fn has_answered(&self) {
        let mut state = self.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        state.since = Instant::now();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request whose answer is not written yet.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl InFlight {
    /// Its body was not read to its end.
    pub(super) fn leaves_unread(&self) {
        self.0.leave_unread();
    }

    /// Keeps the request in flight until `body` has been written, or given up.
    pub(super) fn until_written(self, body: Body) -> Written {
        Written { body, _guard: self }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.has_answered();
    }
}

/// The body of an answer, which keeps its request in flight.
#[derive(Debug)]
pub(super) struct Written {
    body: Body,
    _guard: InFlight,
}

impl HttpBody for Written {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection that reports what it reads.
#[derive(Debug)]
pub(super) struct Watched<I> {
    inner: I,
    activity: Arc<Activity>,
}

impl<I> Watched<I> {
    pub(super) fn new(inner: I, activity: Arc<Activity>) -> Self {
        Self { inner, activity }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        let bytes = &buffer.filled()[before..];
        if !bytes.is_empty() {
            self.activity.has_read(bytes);
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.activity.has_tried_to_write(written.is_ready());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, parts);
        self.activity.has_tried_to_write(written.is_ready());
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(75);
    const WRITE: Duration = Duration::from_secs(20);

    #[tokio::test(start_paused = true)]
    async fn a_head_has_less_time_than_a_rest_and_a_request_has_no_limit_here() {
        let start = Instant::now();
        let activity = Activity::new(HEAD, IDLE, WRITE);
        assert_eq!(activity.deadline(), Some(start + HEAD), "nothing came yet");
        activity.has_read(b"GET");
        assert_eq!(activity.deadline(), Some(start + HEAD), "a few bytes buy no time");
        let request = activity.begin();
        assert_eq!(activity.deadline(), None);
        tokio::time::advance(HEAD).await;
        drop(request);
        assert_eq!(activity.deadline(), Some(start + HEAD + IDLE));
        tokio::time::advance(HEAD).await;
        activity.has_read(b"G");
        assert_eq!(activity.deadline(), Some(start + HEAD * 3));
    }

    #[tokio::test(start_paused = true)]
    async fn http2_frames_at_rest_are_no_head() {
        let start = Instant::now();
        let activity = Activity::new(HEAD, IDLE, WRITE);
        activity.has_read(b"PRI * HTTP/2.0");
        drop(activity.begin());
        activity.has_read(b"ping");
        assert_eq!(activity.deadline(), Some(start + IDLE));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_has_a_limit_also_while_it_is_answered() {
        let start = Instant::now();
        let activity = Activity::new(HEAD, IDLE, WRITE);
        let request = activity.begin();
        activity.has_tried_to_write(false);
        tokio::time::advance(HEAD).await;
        activity.has_tried_to_write(false);
        assert_eq!(activity.deadline(), Some(start + WRITE), "trying again buys no time");
        activity.has_tried_to_write(true);
        assert_eq!(activity.deadline(), None, "taking something does");
        drop(request);
    }
}
