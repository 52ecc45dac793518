//! A service with the whole authority in its own process, on SQLite: sign-in, sessions, revocations and their HTTP API beside the
//! service's own routes. One program, one file, nothing else to run.

use std::env::var;
use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use rescind::authority::{Authority, AuthoritySettings, Caller, Operator};
use rescind::keys::MasterKey;
use rescind::system::SystemEntropy;
use rescind_server::http::serve;
use rescind_server::{Node, Web, system_ports};
use rescind_sqlite::{Options, SqliteStore};
use rescind_tower::{Authenticated, Protect};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(var("LISTEN").unwrap_or("127.0.0.1:8082".into())).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let mut node = authority(&url).await?;
    println!("listening on {url}");

    // Its own routes, and the authority's: /api/v1/auth/login, /api/v1/auth/refresh, /.well-known/jwks.json, …
    let app = notes(&node).merge(node.router(&Web::default()));
    let mut terminate = signal(SignalKind::terminate())?;
    serve::serve(listener, app, serve::Options::default(), async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
            // It would go blind, and look alive.
            () = node.failed() => eprintln!("a task of the authority has ended"),
        }
        // Whoever reads the feed would stay for ever.
        node.close_feed();
    })
    .await;
    node.stop().await;
    Ok(())
}

/// The authority, with what must go on beside it.
async fn authority(url: &str) -> Result<Node, Box<dyn Error>> {
    let store = SqliteStore::open("service.db".as_ref(), &Options::new(Arc::new(SystemEntropy)))?;
    // It seals the signing keys in the file: a backup of that alone signs nothing.
    let master_key = var("RESCIND_MASTER_KEY").map_err(|_| "RESCIND_MASTER_KEY: 32 bytes in base64")?;
    let ports = system_ports(store, Arc::new(MasterKey::from_base64(&master_key)?));
    // Asked for on the first start only.
    let password = var("ADMIN_PASSWORD").map_err(|_| "ADMIN_PASSWORD: the operator's, on the first start")?;
    let operator = || Operator { email: "admin@localhost".into(), password: password.into() };
    let started = Authority::start(ports, AuthoritySettings::new(url), operator).await?;
    if let Some(before) = started.authority.note_issuer().await? {
        eprintln!("it was {before}, and is {url} now: tokens of before are refused");
    }
    Ok(Node::start(started.authority, Node::USUAL_PURGE_INTERVAL))
}

/// What the service is there for.
fn notes(node: &Node) -> Router {
    let protect = Protect::new(Arc::clone(node.authority().verifier()));
    Router::new()
        .route("/notes", get(read))
        .route("/leave", post(leave))
        .route_layer(protect)
        .with_state(Arc::clone(node.authority()))
}

async fn read(caller: Authenticated) -> String {
    format!("the notes of {}", caller.email().unwrap_or("nobody"))
}

/// The library's verbs are at hand too: this ends the caller's session, everywhere, before it answers.
async fn leave(State(authority): State<Arc<Authority>>, caller: Authenticated) -> StatusCode {
    let Some(ids) = caller.own_ids() else { return StatusCode::FORBIDDEN };
    match authority.end_session(&Caller::system(), ids.session_id, Some("left".into())).await {
        Ok(_) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
