//! The routes, and who may call them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use rescind_remote::Remote;
use rescind_tower::{Authenticated, InTenant, Protect};

use crate::{Lasting, events, sockets};

/// Everything that the service answers to.
pub(crate) fn app(remote: &Arc<Remote>, audience: &str, lasting: Lasting) -> Router {
    let protect = Protect::new(Arc::clone(remote.verifier())).audience(audience);
    let administrators = protect.clone().role("admin");
    // Against all that is revoked by now, on whichever node: for what cannot be undone.
    let fresh = protect.clone().fresh(Arc::clone(remote) as _, Duration::from_secs(2));

    let private = Router::new()
        .route("/me", get(me))
        .route("/tenants/{tenant_id}/notes", get(notes))
        .route("/tenants/{tenant_id}/notes/{id}", delete(remove).layer(administrators))
        .route("/payments", post(pay).layer(fresh))
        .route("/events", get(events::events))
        .route("/ws", get(sockets::open))
        .with_state(lasting)
        .layer(protect);
    // What is public stands beside the layer, and not below it.
    Router::new().route("/healthz", get(health)).with_state(Arc::clone(remote)).merge(private)
}

async fn me(caller: Authenticated) -> String {
    format!("{} ({})", caller.email().unwrap_or("nobody"), caller.role().unwrap_or("no role"))
}

/// The tenant in the path is the caller's own, or there is no such page.
async fn notes(caller: InTenant) -> String {
    format!("the notes of {}", caller.email().unwrap_or("nobody"))
}

/// An administrator is one of a tenant, and not of all.
async fn remove(_: InTenant, Path((_, id)): Path<(String, String)>) -> String {
    format!("{id} is deleted")
}

async fn pay(caller: Authenticated) -> String {
    format!("{} has paid", caller.email().unwrap_or("nobody"))
}

async fn health(State(remote): State<Arc<Remote>>) -> StatusCode {
    if remote.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
