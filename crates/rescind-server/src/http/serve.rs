//! The server loop: connections in, bounded in number and time, and drained at the end.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use http::{HeaderValue, Request, Response, Version, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use super::descriptors::connections;
use super::linger::Lingering;
use super::reading::Reading;
use super::watch::{Activity, Watched, Written};

pub use super::client_ip::PeerAddr;

/// The bounds of the server loop.
///
/// ```
/// use std::time::Duration;
/// use rescind_server::http::serve::Options;
///
/// // A balancer in front keeps its connections for longer.
/// let options = Options { idle_time: Duration::from_secs(300), ..Options::default() };
/// assert_eq!(options.drain_time, Duration::from_secs(10));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long the head of a request may take, from its first byte, and the first byte from the beginning.
    pub head_time: Duration,
    /// How long a connection may rest between two requests.
    pub idle_time: Duration,
    /// How long a peer may take nothing of what is to be written to it, be it that an answer goes on for hours.
    pub write_time: Duration,
    /// How long requests in flight may go on after the shutdown began.
    pub drain_time: Duration,
    /// How long a connection may rest, or its head take, while others wait for a place.
    pub crowded_time: Duration,
    /// How many connections are served at once; more wait in the backlog of the operating system. Fewer where
    /// the process may not open so many files.
    pub connections: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            head_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
            write_time: Duration::from_secs(20),
            drain_time: Duration::from_secs(10),
            crowded_time: Duration::from_secs(1),
            connections: 30_720,
        }
    }
}

impl Options {
    /// How many connections there really is room for.
    pub(crate) fn places(&self) -> usize {
        connections(self.connections)
    }
}

/// Serves `router` on `listener`, HTTP/1.1 and HTTP/2 with prior knowledge, until `shutdown` resolves; then accepts
/// nothing more, lets requests in flight finish within the drain time, and returns. Every request gets the
/// address of its peer as [`PeerAddr`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum::{Extension, Router, routing::get};
/// use rescind_server::http::serve::{self, Options, PeerAddr};
/// use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
/// use tokio::net::{TcpListener, TcpStream};
///
/// let app = Router::new().route("/", get(async |Extension(PeerAddr(peer))| format!("you are {peer}")));
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut stream = TcpStream::connect(listener.local_addr()?).await?;
/// let mut answer = String::new();
/// let asking = async {
///     stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await?;
///     stream.read_to_string(&mut answer).await
/// };
/// // Until then.
/// serve::serve(listener, app, Options::default(), async { drop(asking.await) }).await;
/// assert!(answer.ends_with(&format!("you are {}", stream.local_addr()?)));
/// # Ok(())
/// # }
/// ```
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) {
    let places = Places::new(options.places());
    let draining = CancellationToken::new();
    let mut conversations = JoinSet::new();
    {
        let mut shutdown = pin!(shutdown);
        loop {
            let next = async {
                // Waiting for a free place before accepting leaves the rest in the backlog.
                let place = places.free().await;
                (accept(&listener).await, place)
            };
            let ((stream, peer), place) = tokio::select! {
                accepted = next => accepted,
                () = &mut shutdown => break,
            };
            let conversation = Conversation {
                router: router.clone(),
                peer,
                options,
                draining: draining.clone(),
                crowded: Arc::clone(&places.crowded),
            };
            conversations.spawn(async move {
                conversation.hold(stream).await;
                drop(place);
            });
            while conversations.try_join_next().is_some() {}
        }
    }
    drop(listener);
    draining.cancel();
    drain(conversations, options.drain_time).await;
}

/// The connections that are served at once.
struct Places {
    free: Arc<Semaphore>,
    crowded: Arc<Notify>,
}

impl Places {
    fn new(places: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(places)), crowded: Arc::new(Notify::new()) }
    }

    /// The next free place. While there is none, whoever rests is asked to go.
    async fn free(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            let place = Arc::clone(&self.free).acquire_owned();
            match tokio::time::timeout(Duration::from_millis(100), place).await {
                Ok(place) => return place.ok(),
                Err(_) => self.crowded.notify_waiters(),
            }
        }
    }
}

async fn drain(mut connections: JoinSet<()>, limit: Duration) {
    let all_done = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limit, all_done).await.is_err() {
        tracing::warn!(connections = connections.len(), "the drain time is over: closing what is still open");
        connections.shutdown().await;
    }
}

/// The next connection. Errors of a single connection are passed over; when the process is out of file descriptors,
/// trying again at once would spin, so it waits for some to be closed.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections, trying again");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// One connection, from its first byte to its end.
struct Conversation {
    router: Router,
    peer: SocketAddr,
    options: Options,
    draining: CancellationToken,
    crowded: Arc<Notify>,
}

impl Conversation {
    async fn hold(self, stream: TcpStream) {
        // An answer is one write; waiting for more to send with it would only delay it.
        let _ = stream.set_nodelay(true);
        let Self { router, peer, options, draining, crowded } = self;
        let activity = Activity::new(options.head_time, options.idle_time, options.write_time);
        let stream = Lingering::new(stream, Arc::clone(&activity));
        let io = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
        let answering = Arc::clone(&activity);
        let service =
            service_fn(move |request| answer(request, peer, router.clone(), Arc::clone(&answering)));
        let builder = protocols(options);
        let mut connection = pin!(builder.serve_connection(io, service));
        let mut told_to_stop = pin!(draining.cancelled());
        let mut told_of_crowd = pin!(crowded.notified());
        let mut overdue = pin!(overdue(&activity, options.head_time));
        let mut stopping = false;
        poll_fn(|cx| {
            if !stopping && told_to_stop.as_mut().poll(cx).is_ready() {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            if let Poll::Ready(outcome) = connection.as_mut().poll(cx) {
                if let Err(error) = outcome {
                    tracing::debug!(%error, "a connection ended early");
                }
                return Poll::Ready(());
            }
            while told_of_crowd.as_mut().poll(cx).is_ready() {
                if activity.rests_for(options.crowded_time) {
                    return Poll::Ready(());
                }
                told_of_crowd.set(crowded.notified());
            }
            overdue.as_mut().poll(cx)
        })
        .await;
    }
}

/// Resolves when nothing has happened for too long.
async fn overdue(activity: &Activity, look_again: Duration) {
    let mut alarm = pin!(tokio::time::sleep(look_again));
    poll_fn(|cx| {
        loop {
            // The alarm is moved forwards only, since each move costs; one that rings too early looks again.
            if let Some(deadline) = activity.deadline().filter(|deadline| *deadline < alarm.deadline()) {
                alarm.as_mut().reset(deadline);
            }
            if alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            match activity.deadline() {
                Some(deadline) if deadline <= Instant::now() => return Poll::Ready(()),
                Some(deadline) => alarm.as_mut().reset(deadline),
                None => alarm.as_mut().reset(Instant::now() + look_again),
            }
        }
    })
    .await;
}

async fn answer(
    mut request: Request<Incoming>,
    peer: SocketAddr,
    mut router: Router,
    activity: Arc<Activity>,
) -> Result<Response<Written>, Infallible> {
    let in_flight = activity.begin();
    request.extensions_mut().insert(PeerAddr(peer));
    let version = request.version();
    let (request, reading) = Reading::of(request);
    let mut response = router.call(request).await?;
    // What is left of the body would be taken for the next request; so this connection ends, and the client is told
    // before it sends another on it.
    if version < Version::HTTP_2 && !reading.is_done() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        in_flight.leaves_unread();
    }
    Ok(response.map(|body| in_flight.until_written(body)))
}

fn protocols(options: Options) -> Builder<TokioExecutor> {
    /// Room for a head with a long token, and no more.
    const HEAD_LIMIT: u32 = 32 * 1024;
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // A head has less time, see `watch`; this one is for what it cannot see.
        .header_read_timeout(options.idle_time)
        .max_buf_size(HEAD_LIMIT as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .max_concurrent_streams(200)
        .max_header_list_size(HEAD_LIMIT);
    builder
}
