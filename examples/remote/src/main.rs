//! A service on axum that checks access tokens in its own process. It knows an authority by its URL, reads its public keys and follows its
//! feed of revocations; a check asks nobody.

mod app;
mod end;
mod events;
mod serve;
mod sockets;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use rescind::verifier::{FreshnessPolicy, Verifier};
use rescind_remote::Remote;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::task::TaskTracker;

/// Resolves when the service is to stop.
pub(crate) type Stopping = Shared<BoxFuture<'static, ()>>;

/// For everything that would go on for long.
#[derive(Clone)]
pub(crate) struct Lasting {
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) stopping: Stopping,
    /// The server knows nothing of a connection any more that has become a web socket: these are waited for.
    pub(crate) sockets: TaskTracker,
}

// One thread: a check takes microseconds. And when the server has ended, so has every connection of its.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let audience = setting("AUDIENCE")?;
    // The authority need not be there yet, nor answer: until it does, callers are told 503.
    let remote = Arc::new(follow(&audience).await?);

    let stopping = told(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?).boxed().shared();
    let listener = TcpListener::bind(setting("LISTEN").as_deref().unwrap_or("127.0.0.1:8000")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let (verifier, sockets) = (Arc::clone(remote.verifier()), TaskTracker::new());
    let lasting = Lasting { verifier, stopping: stopping.clone(), sockets: sockets.clone() };
    serve::serve(listener, app::app(&remote, &audience, lasting), stopping).await;
    sockets.close();
    sockets.wait().await;

    // Nobody else holds it by now. What it knows is written down, for a start while the authority is away.
    match Arc::into_inner(remote) {
        Some(remote) => Ok(remote.stop().await?),
        None => Err("a connection has outlived the server".into()),
    }
}

async fn follow(audience: &str) -> Result<Remote, Box<dyn Error>> {
    let authority = setting("AUTHORITY")?;
    let mut builder = Remote::builder(&authority)
        // Left out, the authority would be asked for it here, and one that hangs would be waited for.
        .issuer(&authority)
        .client(setting("CLIENT_ID")?, setting("CLIENT_SECRET")?)
        .audiences([audience]);
    if let Ok(path) = setting("STATE_DIR") {
        builder = builder.state_dir(path);
    }
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
