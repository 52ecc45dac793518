//! `GET /healthz` and `GET /readyz`

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::http::{Code, Json, Problem};

/// That it is well.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok` or `ready`.
    status: &'static str,
}

/// Whether the process is alive
#[utoipa::path(
    get, path = "/healthz", tag = "Operation", operation_id = "healthz",
    responses((status = 200, body = Health, description = "It answers. Nothing is asked of the store."))
)]
pub async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether the process may be sent requests
#[utoipa::path(
    get, path = "/readyz", tag = "Operation", operation_id = "readyz",
    responses((status = 200, body = Health, description = "The store answers and the replica is fresh."))
)]
pub async fn readyz(State(app): State<App>) -> Result<Json<Health>, Problem> {
    if !app.authority.is_ready() {
        return Err(Problem::new(Code::Unavailable).detail("the replica of the ledger is not fresh"));
    }
    app.authority.reach_store().await?;
    Ok(Json(Health { status: "ready" }))
}
