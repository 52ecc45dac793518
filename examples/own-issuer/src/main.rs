//! A service that keeps its own token issuer and adds the ledger: its sign-in stays what it was, and what it takes back stays taken
//! back. Where it had a blocklist in Redis, it has [`ledger`].

mod ledger;
mod platform;

use std::error::Error;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use rescind::authority::Error as LedgerError;
use rescind::id::SessionId;
use rescind_server::http::serve;
use rescind_tower::{Authenticated, Protect};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::ledger::Ledger;
use crate::platform::{Credentials, Platform};

struct App {
    platform: Platform,
    ledger: Ledger,
}

type Shared = State<Arc<App>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = std::env::var("JWT_SECRET")
        .map_err(|_| "JWT_SECRET: what the platform signs with, 32 bytes or more")?;
    let ledger = Ledger::open("ledger.db".as_ref(), secret.as_bytes()).await?;
    let app = Arc::new(App { platform: Platform::new(&secret), ledger });
    let router = router(Arc::clone(&app));
    let listener = TcpListener::bind(std::env::var("LISTEN").unwrap_or("127.0.0.1:8081".into())).await?;
    println!("listening on http://{}", listener.local_addr()?);
    serve::serve(listener, router, serve::Options::default(), async {
        let _ = tokio::signal::ctrl_c().await;
    })
    .await;
    if let Some(app) = Arc::into_inner(app) {
        app.ledger.close().await;
    }
    Ok(())
}

fn router(app: Arc<App>) -> Router {
    // Whatever is below the layer is reached with a good token only, wherever it was cut.
    let protected = Router::new()
        .route("/me", get(me))
        .route("/logout", post(log_out))
        .route("/logout-everywhere", post(log_out_everywhere))
        .route("/sessions/{session}", delete(end_session))
        .route("/revocations", get(revocations))
        .layer(Protect::new(Arc::clone(app.ledger.verifier())));
    Router::new().route("/login", post(log_in)).merge(protected).with_state(app)
}

/// As it was before there was a ledger, but for the version.
async fn log_in(State(app): Shared, Json(given): Json<Credentials>) -> Result<Json<Value>, StatusCode> {
    let user = app.platform.check(&given).ok_or(StatusCode::UNAUTHORIZED)?;
    let version = app.ledger.version_of(user).await.map_err(status)?;
    let token = app.platform.sign(user, version).ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(json!({ "token": token })))
}

async fn me(caller: Authenticated) -> Json<Value> {
    Json(json!({ "user": caller.user_id(), "session": caller.session_id() }))
}

/// This token alone.
async fn log_out(State(app): Shared, caller: Authenticated) -> Result<StatusCode, StatusCode> {
    app.ledger.cut_token(&caller).await.map_err(status)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Every token that the user has. What is signed from now on carries a higher version.
async fn log_out_everywhere(State(app): Shared, caller: Authenticated) -> Result<StatusCode, StatusCode> {
    let user = caller.user_id().ok_or(StatusCode::FORBIDDEN)?;
    app.ledger.cut_user(user).await.map_err(status)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Every token of one of the user's sessions, by its id: nobody needs to hold one of them.
async fn end_session(
    State(app): Shared,
    caller: Authenticated,
    Path(session): Path<SessionId>,
) -> Result<StatusCode, StatusCode> {
    let user = caller.user_id().ok_or(StatusCode::FORBIDDEN)?;
    if !app.platform.is_session_of(session, user) {
        return Err(StatusCode::NOT_FOUND);
    }
    app.ledger.cut_session(session, user).await.map_err(status)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was revoked of the user's, newest first.
async fn revocations(State(app): Shared, caller: Authenticated) -> Result<Json<Value>, StatusCode> {
    let user = caller.user_id().ok_or(StatusCode::FORBIDDEN)?;
    Ok(Json(app.ledger.of_user(user).await.map_err(status)?))
}

/// A cut that is not durable is not one, and nobody is told that it was.
fn status(_: LedgerError) -> StatusCode {
    StatusCode::SERVICE_UNAVAILABLE
}
