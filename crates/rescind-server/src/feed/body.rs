//! An answer that is written bit by bit, by a task of its own.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::Frame;
use tokio::sync::mpsc;

/// How many pieces wait for the reader before the writer does.
const PIECES: usize = 4;

/// For how long the writer waits for a reader that takes nothing. The same bound as that of the connection, which
/// does not see a single stream of HTTP/2.
const PATIENCE: Duration = Duration::from_secs(20);

/// A body, and the end that it is written at. Unless that is told to [finish](Outlet::finish), the reader sees the answer break off.
pub(super) fn channel() -> (Outlet, Body) {
    let (sender, pieces) = mpsc::channel(PIECES);
    (Outlet(sender), Body::new(Pieces { pieces, finished: false }))
}

/// Where a body is written.
#[derive(Debug)]
pub(super) struct Outlet(mpsc::Sender<Piece>);

/// The reader has gone, or takes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

#[derive(Debug)]
enum Piece {
    Bytes(Bytes),
    End,
}

impl Outlet {
    /// Hands a piece to the reader, when it has taken most of those before.
    pub(super) async fn send(&self, bytes: Bytes) -> Result<(), Gone> {
        self.hand_over(Piece::Bytes(bytes)).await
    }

    /// The answer is complete.
    pub(super) async fn finish(self) -> Result<(), Gone> {
        self.hand_over(Piece::End).await
    }

    /// Resolves when nobody reads any more.
    pub(super) async fn closed(&self) {
        self.0.closed().await;
    }

    async fn hand_over(&self, piece: Piece) -> Result<(), Gone> {
        match tokio::time::timeout(PATIENCE, self.0.send(piece)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}

#[derive(Debug)]
struct Pieces {
    pieces: mpsc::Receiver<Piece>,
    finished: bool,
}

/// Whoever wrote the answer gave up.
#[derive(Debug, thiserror::Error)]
#[error("the answer breaks off")]
struct BrokenOff;

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if self.finished {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.pieces.poll_recv(cx)) {
            Some(Piece::Bytes(bytes)) => Some(Ok(Frame::data(bytes))),
            Some(Piece::End) => {
                self.finished = true;
                None
            }
            None => {
                self.finished = true;
                Some(Err(BrokenOff))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn what_was_not_finished_breaks_off() {
        let (outlet, body) = channel();
        outlet.send(Bytes::from_static(b"whole")).await.unwrap();
        outlet.finish().await.unwrap();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "whole");

        let (outlet, body) = channel();
        outlet.send(Bytes::from_static(b"hal")).await.unwrap();
        drop(outlet);
        assert!(body.collect().await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_nothing_is_given_up() {
        let (outlet, body) = channel();
        for _ in 0..PIECES {
            outlet.send(Bytes::from_static(b"x")).await.unwrap();
        }
        assert_eq!(outlet.send(Bytes::from_static(b"x")).await, Err(Gone));
        drop(body);
        assert_eq!(outlet.send(Bytes::from_static(b"x")).await, Err(Gone));
    }
}
