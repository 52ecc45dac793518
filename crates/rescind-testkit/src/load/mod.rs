//! A small load generator: connections that are kept, each sending one request after the other.
//!
//! It runs on the caller's runtime and shares the machine with the server, so its rates compare with each other (the
//! open route is measured the same way) and not with those of a generator on a machine of its own.

mod call;
mod sessions;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

pub use self::call::{Body, Call, Calls, Rotate};
pub use self::sessions::sessions;

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

/// What is asked of one server, by one connection for each worker.
pub struct Load {
    address: String,
    workers: Vec<Box<dyn Work>>,
}

impl Load {
    /// `address` is `host:port`.
    pub fn new(address: impl Into<String>, workers: Vec<Box<dyn Work>>) -> Self {
        Self { address: address.into(), workers }
    }

    /// Requests per second in each sample. The connections are new, the workers go on where they were.
    ///
    /// # Panics
    /// If the server refuses a connection, or any answer is not the one that a worker expects.
    pub async fn rates(&mut self, plan: Plan) -> Vec<f64> {
        let done = Arc::new(AtomicU64::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let mut running = Vec::with_capacity(self.workers.len());
        for worker in self.workers.drain(..) {
            let connection = Connection::open(&self.address).await;
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
            self.workers.push(worker.await.expect("every answer was the expected one"));
        }
        rates
    }
}

/// Requests per second of each load in each round: one after the other, and each round another one begins, so that a machine
/// that changes its speed changes it for all. Of the plan, `samples` are the rounds.
///
/// # Panics
/// As [`Load::rates`].
pub async fn in_turn(loads: &mut [Load], plan: Plan) -> Vec<Vec<f64>> {
    let mut rates = vec![Vec::with_capacity(plan.samples); loads.len()];
    for round in 0..plan.samples {
        for place in 0..loads.len() {
            let turn = (round + place) % loads.len();
            rates[turn].extend(loads[turn].rates(Plan { samples: 1, ..plan }).await);
        }
    }
    rates
}

async fn repeat(
    mut worker: Box<dyn Work>,
    mut connection: Connection,
    done: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
) -> Box<dyn Work> {
    while !stop.load(Ordering::Relaxed) {
        worker.once(&mut connection).await;
        done.fetch_add(1, Ordering::Relaxed);
    }
    worker
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
    pub async fn send(&mut self, call: &Call) -> (u16, Bytes) {
        let mut request =
            Request::builder().method(&call.method).uri(call.path.as_str()).header(HOST, &self.host);
        if let Some(kind) = call.body.kind() {
            request = request.header(CONTENT_TYPE, kind);
        }
        if let Some(authorization) = &call.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.body(Full::from(call.body.bytes())).expect("valid parts");
        self.sender.ready().await.expect("the connection stays open");
        let response = self.sender.send_request(request).await.expect("an answer");
        let status = response.status().as_u16();
        (status, response.into_body().collect().await.expect("a whole answer").to_bytes())
    }
}
