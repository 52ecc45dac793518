//! `GET /healthz` and `GET /readyz`

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::http::{Code, Json, Problem};

/// That it is well.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
}

/// That it may be sent requests.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready`.
    status: &'static str,
    /// `taken`, or `refused` where of late the store refused a write because its disk is full or it is read-only: then tokens are
    /// checked as ever, and what has to be written down is answered with 503.
    writes: &'static str,
}

/// Whether the process is alive
#[utoipa::path(
    get, path = "/healthz", tag = "Operation", operation_id = "healthz",
    responses((status = 200, body = Health, description = "It answers. Nothing is asked of the store."))
)]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether the process may be sent requests
#[utoipa::path(
    get, path = "/readyz", tag = "Operation", operation_id = "readyz",
    responses((status = 200, body = Readiness, description = "The store answers and the replica is fresh."))
)]
pub(crate) async fn readyz(State(app): State<App>) -> Result<Json<Readiness>, Problem> {
    if !app.authority.is_ready() {
        return Err(Problem::new(Code::Unavailable).detail("the replica of the ledger is not fresh"));
    }
    app.authority.reach_store().await?;
    let writes = if app.authority.takes_writes() { "taken" } else { "refused" };
    Ok(Json(Readiness { status: "ready", writes }))
}
