//! The pages of `/admin`. One file per page, with the acts that start from it. What a visitor reaches is decided by the authority: a
//! tenant's administrator sees that tenant alone.

mod audit;
mod clients;
mod confirm;
mod keys;
pub(super) mod overview;
mod revocations;
mod revoke;
mod since;
mod tenant;
mod tenants;
mod user;
mod users;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin", get(overview::page))
        .merge(people())
        .merge(ledger())
        .merge(programs())
        .route("/admin/audit", get(audit::page))
        .route("/admin/audit.csv", get(audit::csv))
        .route("/admin/audit.jsonl", get(audit::json_lines))
}

/// What a page asks for again and again by itself.
pub(super) fn glances() -> Router<App> {
    Router::new().route("/admin/figures", get(overview::figures))
}

fn ledger() -> Router<App> {
    Router::new()
        .route("/admin/revocations", get(revocations::page).post(revoke::revoke))
        .route("/admin/revocations/new", get(revoke::form))
        .route("/admin/revocations/preview", post(revoke::preview))
}

fn programs() -> Router<App> {
    Router::new()
        .route("/admin/clients", get(clients::page).post(clients::create))
        .route("/admin/clients/{client}/secret", get(clients::ask_secret).post(clients::rotate_secret))
        .route("/admin/clients/{client}/new-secret", get(clients::show_secret))
        .route("/admin/clients/{client}/disable", get(clients::ask).post(clients::delete))
        .route("/admin/keys", get(keys::page))
        .route("/admin/keys/rotate", post(keys::rotate))
        .route("/admin/keys/{kid}/revoke", get(keys::ask).post(keys::revoke))
}

fn people() -> Router<App> {
    Router::new()
        .route("/admin/tenants", get(tenants::page))
        .route("/admin/tenants/{tenant}", get(tenant::page))
        .route("/admin/tenants/{tenant}/revoke-all", post(tenant::revoke))
        .route("/admin/tenants/{tenant}/suspend", post(tenant::suspend))
        .route("/admin/tenants/{tenant}/resume", post(tenant::resume))
        .route("/admin/users", get(users::page))
        .route("/admin/users/{tenant}/{user}", get(user::page))
        .route("/admin/users/{tenant}/{user}/sign-out", post(user::sign_out))
        .route("/admin/users/{tenant}/{user}/role", post(user::change_role))
        .route("/admin/users/{tenant}/{user}/disable", post(user::disable))
        .route("/admin/users/{tenant}/{user}/enable", post(user::enable))
        .route("/admin/users/{tenant}/{user}/sessions/{session}/sign-out", post(user::end_session))
}
