//! A gRPC service on tonic that checks access tokens in its own process. It knows an authority by its URL, reads its public keys and
//! follows its feed of revocations; a check asks nobody.

mod notes;
#[allow(clippy::allow_attributes_without_reason, reason = "it is generated")]
#[path = "proto/rescind.example.v1.rs"]
mod proto;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use notes::Board;
use proto::notes_server::NotesServer;
use rescind::verifier::FreshnessPolicy;
use rescind_remote::Remote;
use rescind_tower::Protect;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

/// How long what is under way may go on once the service is to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Resolves when the service is to stop. Clones are for everything that would go on for long.
pub(crate) type Stopping = Shared<BoxFuture<'static, ()>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let audience = setting("AUDIENCE")?;
    // The authority need not be there yet, nor answer: until it does, callers are told UNAVAILABLE.
    let remote = follow(&audience).await?;

    let stopping = told(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?).boxed().shared();
    let listener = TcpListener::bind(setting("LISTEN").as_deref().unwrap_or("127.0.0.1:50051")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // Around all services: whoever has no good token reaches none of them.
    let protect = Protect::new(Arc::clone(remote.verifier())).audience(audience).without_bodies();
    let board = Board::new(Arc::clone(remote.verifier()), stopping.clone());
    let served = Server::builder()
        .layer(protect)
        .add_service(NotesServer::new(board))
        .serve_with_incoming_shutdown(TcpIncoming::from(listener), stopping.clone());
    tokio::select! {
        outcome = served => outcome?,
        // What has not ended by itself is dropped with the program.
        () = stopping.then(|()| sleep(DRAIN)) => {}
    }
    Ok(remote.stop().await?)
}

async fn follow(audience: &str) -> Result<Remote, Box<dyn Error>> {
    let authority = setting("AUTHORITY")?;
    let mut builder = Remote::builder(&authority)
        // Left out, the authority would be asked for it here, and one that hangs would be waited for.
        .issuer(&authority)
        .client(setting("CLIENT_ID")?, setting("CLIENT_SECRET")?)
        .audiences([audience]);
    if let Ok(seconds) = setting("MAX_STALENESS") {
        let max_staleness = Duration::from_secs(seconds.parse()?);
        builder = builder.policy(FreshnessPolicy { max_staleness, ..FreshnessPolicy::default() });
    }
    Ok(builder.start().await?)
}

async fn told(mut terminate: Signal, mut interrupt: Signal) {
    tokio::select! {
        _ = terminate.recv() => (),
        _ = interrupt.recv() => (),
    }
}

fn setting(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set: see README.md"))
}
