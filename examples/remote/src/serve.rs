//! The server loop. A stranger who says nothing holds neither a connection for long, nor the stop.

use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::Stopping;

/// How long the head of a request may take. hyper counts from the end of the answer before it, so a connection rests no longer, either.
const HEAD: Duration = Duration::from_secs(10);

/// How long what is under way may go on once the service is to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves until it is to stop; what has not ended by itself then is dropped. (`axum::serve` has neither of the two limits.)
pub(crate) async fn serve(mut listener: TcpListener, app: Router, mut stopping: Stopping) {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    let service = TowerToHyperService::new(app);
    let (graceful, mut connections) = (GracefulShutdown::new(), JoinSet::new());
    loop {
        let (stream, _) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut stopping => break,
        };
        let (http, service, watcher) = (http.clone(), service.clone(), graceful.watcher());
        connections.spawn(async move {
            if let Ok(true) = timeout(HEAD, begins(&stream)).await {
                // With upgrades: a web socket is one. Whatever a connection ends by, nobody is left to be told.
                let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
                drop(watcher.watch(connection).await);
            }
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let _ = timeout(DRAIN, graceful.shutdown()).await;
    connections.shutdown().await;
}

/// Whether something begins that is not HTTP/2. The server looks for that itself, but for as long as it takes: its limit is one of HTTP/1,
/// and holds from where these bytes have been read.
async fn begins(stream: &TcpStream) -> bool {
    let mut first = [0; 3];
    loop {
        match stream.peek(&mut first).await {
            Ok(3) => return first != *b"PRI",
            Ok(1 | 2) => sleep(Duration::from_millis(20)).await,
            _ => return false,
        }
    }
}
