//! Closing a connection so that its last answer arrives.
//!
//! Where a request was answered before its body was read, the peer is still sending. A socket that is closed over what it has not
//! read resets the connection, and the peer may lose the answer that is on its way (RFC 9112 §9.6). So this end says that it has
//! nothing more to say, and takes what still comes for a while, before it closes.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::watch::Activity;

/// For so long what still comes is taken, and no more of it than that.
const PATIENCE: Duration = Duration::from_secs(2);
const MOST: usize = 8 * 1024 * 1024;

/// A connection that lingers where a body was left unread.
#[derive(Debug)]
pub(super) struct Lingering<I> {
    inner: I,
    activity: Arc<Activity>,
    /// Since this end has said its last.
    waiting: Option<(Pin<Box<Sleep>>, usize)>,
}

impl<I> Lingering<I> {
    pub(super) const fn new(inner: I, activity: Arc<Activity>) -> Self {
        Self { inner, activity, waiting: None }
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> Lingering<I> {
    /// Ready when the peer has closed too, or was waited for.
    fn poll_peer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some((patience, left)) = &mut self.waiting else { return Poll::Ready(()) };
        let mut buffer = [0; 16 * 1024];
        while patience.as_mut().poll(cx).is_pending() {
            let mut taken = ReadBuf::new(&mut buffer);
            let read = ready!(Pin::new(&mut self.inner).poll_read(cx, &mut taken));
            let length = taken.filled().len();
            if read.is_err() || length == 0 || length >= *left {
                break;
            }
            *left -= length;
        }
        Poll::Ready(())
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Lingering<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.waiting.is_none() {
            ready!(Pin::new(&mut this.inner).poll_shutdown(cx))?;
            if !this.activity.left_unread() {
                return Poll::Ready(Ok(()));
            }
            this.waiting = Some((Box::pin(sleep(PATIENCE)), MOST));
        }
        this.poll_peer(cx).map(Ok)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, parts)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::Instant;

    use super::*;

    fn activity(unread: bool) -> Arc<Activity> {
        let activity = Activity::new(PATIENCE, PATIENCE, PATIENCE);
        if unread {
            activity.leave_unread();
        }
        activity
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_still_sends_is_heard_out_and_has_the_answer() {
        let (ours, mut peer) = duplex(1024);
        let mut ours = Lingering::new(ours, activity(true));
        let sending = tokio::spawn(async move {
            peer.write_all(&[0; 1_000_000]).await.expect("somebody reads it");
            let mut answer = Vec::new();
            peer.read_to_end(&mut answer).await.expect("an answer");
            answer
        });
        ours.write_all(b"413").await.expect("there is room");
        ours.shutdown().await.expect("closed");
        assert_eq!(sending.await.expect("no panic"), b"413");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_without_end() {
        for (unread, waits) in [(true, PATIENCE), (false, Duration::ZERO)] {
            let (ours, _peer) = duplex(1024);
            let began = Instant::now();
            Lingering::new(ours, activity(unread)).shutdown().await.expect("closed");
            assert_eq!(began.elapsed(), waits);
        }
        let (ours, mut peer) = duplex(1024);
        let endless = tokio::spawn(async move { while peer.write_all(&[0; 1024]).await.is_ok() {} });
        Lingering::new(ours, activity(true)).shutdown().await.expect("closed");
        endless.await.expect("it was cut off");
    }
}
