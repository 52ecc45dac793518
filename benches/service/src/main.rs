//! A small service, as one would write it with axum: one handler, open at `/open` and protected at `/protected`.
//!
//! At `/unremembered` the same tokens are checked by the same replica, without the memory of tokens that were seen before: each
//! time the signature too. `AUTHORITY`, `CLIENT_ID`, `CLIENT_SECRET` and `LISTEN` say where and who; `JWKS` are the authority's public keys,
//! for `/unremembered`.

use std::error::Error;
use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use rescind::system::SystemClock;
use rescind::token::{Issuer, JwkSet, KeySet, Validator};
use rescind::verifier::{FreshnessPolicy, Verifier};
use rescind_remote::Remote;
use rescind_tower::Protect;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let authority = std::env::var("AUTHORITY")?;
    let remote = Remote::builder(&authority)
        .client(std::env::var("CLIENT_ID")?, std::env::var("CLIENT_SECRET")?)
        .start()
        .await?;
    remote.ready().await;
    let unremembering = Arc::new(without_memory(&authority, remote.verifier())?);
    let app = Router::new()
        .route("/open", get(hello))
        .merge(protected("/protected", Arc::clone(remote.verifier())))
        .merge(protected("/unremembered", unremembering));
    axum::serve(TcpListener::bind(std::env::var("LISTEN")?).await?, app).await?;
    Ok(())
}

fn protected(path: &str, verifier: Arc<Verifier>) -> Router {
    Router::new().route(path, get(hello)).route_layer(Protect::new(verifier))
}

async fn hello() -> Json<&'static str> {
    Json("hello")
}

/// What follows the authority's feed is the other verifier's replica.
fn without_memory(authority: &str, other: &Verifier) -> Result<Verifier, Box<dyn Error>> {
    let keys = JwkSet::from_json(std::env::var("JWKS")?.as_bytes())?.usable(None)?.keys;
    let validator = Validator::new(vec![Issuer::ours(authority, KeySet::new(keys)?)])?;
    let replica = Arc::clone(other.replica());
    Ok(Verifier::new(validator, replica, FreshnessPolicy::default(), Arc::new(SystemClock)))
}
