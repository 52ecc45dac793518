//! The pages of `/account`: a user's own devices, password and security events.

pub(super) mod devices;
mod events;
mod password;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/account", get(devices::page))
        .route("/account/sessions/{session}/sign-out", post(devices::end))
        .route("/account/sessions/{session}/rename", post(devices::rename))
        .route("/account/sign-out-others", post(devices::end_others))
        .route("/account/sign-out-everywhere", post(devices::end_all))
        .route("/account/password", get(password::page).post(password::change))
        .route("/account/events", get(events::page))
}
