//! A small load generator: connections that are kept, each sending one request after the other.
//!
//! It runs on the caller's runtime and shares the machine with the server, so its rates compare with each other (the
//! open route is measured the same way) and not with those of a generator on a machine of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long to load a server, and in how many samples.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Before the first sample.
    pub warm_up: Duration,
    /// How many rates to take.
    pub samples: usize,
    /// How long each sample lasts.
    pub sample: Duration,
}

/// What one connection does over and over.
pub trait Work: Send + 'static {
    /// Sends one request and reads its whole answer.
    ///
    /// # Panics
    /// If the answer is not the expected one: a rate of refusals is no rate.
    fn once<'a>(
        &'a mut self,
        connection: &'a mut Connection,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}

/// One kept connection.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

/// Requests per second in each sample, with one connection per worker. `address` is `host:port`.
///
/// # Panics
/// If the server refuses a connection, or any answer is not the one that a worker expects.
pub async fn rates(address: &str, workers: Vec<Box<dyn Work>>, plan: Plan) -> Vec<f64> {
    let done = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let mut running = Vec::with_capacity(workers.len());
    for worker in workers {
        let connection = Connection::open(address).await;
        running.push(tokio::spawn(repeat(worker, connection, Arc::clone(&done), Arc::clone(&stop))));
    }

    tokio::time::sleep(plan.warm_up).await;
    let mut rates = Vec::with_capacity(plan.samples);
    for _ in 0..plan.samples {
        let (begun, before) = (Instant::now(), done.load(Ordering::Relaxed));
        tokio::time::sleep(plan.sample).await;
        let count = done.load(Ordering::Relaxed) - before;
        #[expect(clippy::cast_precision_loss, reason = "a count of requests is far below 2^52")]
        rates.push(count as f64 / begun.elapsed().as_secs_f64());
    }

    stop.store(true, Ordering::Relaxed);
    for worker in running {
        worker.await.expect("every answer was the expected one");
    }
    rates
}

async fn repeat(
    mut worker: Box<dyn Work>,
    mut connection: Connection,
    done: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
) {
    while !stop.load(Ordering::Relaxed) {
        worker.once(&mut connection).await;
        done.fetch_add(1, Ordering::Relaxed);
    }
}

impl Connection {
    /// Connects to `host:port`.
    ///
    /// # Panics
    /// If nobody listens there.
    pub async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server accepts a connection");
        stream.set_nodelay(true).expect("a TCP socket");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a fresh connection");
        tokio::spawn(async move { drop(connection.await) });
        Self { sender, host: address.to_owned() }
    }

    /// Sends a request and returns the status and the whole body of the answer.
    ///
    /// # Panics
    /// If the connection ends first.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        authorization: Option<&str>,
        body: String,
    ) -> (u16, Bytes) {
        let mut request = Request::builder().method(method).uri(path).header(HOST, &self.host);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.body(Full::from(body)).expect("valid parts");
        self.sender.ready().await.expect("the connection stays open");
        let response = self.sender.send_request(request).await.expect("an answer");
        let status = response.status().as_u16();
        (status, response.into_body().collect().await.expect("a whole answer").to_bytes())
    }
}
