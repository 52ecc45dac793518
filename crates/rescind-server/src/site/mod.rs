//! The pages for people: `/admin` for administrators and those who support users, `/account` for a user's own devices.
//!
//! They are rendered here, from templates, and work without a script. Every page is behind two gates that no handler can
//! forget, since they stand around whole groups of routes: [`guard`] refuses what another origin sent or what lacks its form
//! token, and [`door`] lets in who is signed in. What a visitor may see and do is for the authority to say, as everywhere.

mod account;
mod admin;
mod area;
mod assets;
mod chart;
mod cookies;
mod desk;
mod device;
mod door;
mod form;
mod guard;
mod notice;
mod session_rows;
mod sign_in;
mod tally;
mod transport;
mod trouble;
mod walk;
mod when;

use axum::Router;
use axum::middleware::from_fn_with_state;
use utoipa::OpenApi;

use crate::app::App;
use area::{Area, Gate};
pub(crate) use tally::Tally;

/// What callers of the API are told of the pages: where they begin.
pub(crate) fn described() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(admin::overview::page, account::devices::page))]
    struct Pages;
    Pages::openapi()
}

/// Every page, its style sheet and its script.
pub(crate) fn routes(app: &App) -> Router<App> {
    Router::new()
        .merge(group(app, Area::Admin, admin::routes(), Some(admin::glances())))
        .merge(group(app, Area::Account, account::routes(), None))
        .merge(assets::routes())
}

/// The pages of an area behind both gates, with what they ask for by themselves, and its sign-in form behind the first.
fn group(app: &App, area: Area, pages: Router<App>, glances: Option<Router<App>>) -> Router<App> {
    let gate = Gate { app: app.clone(), area };
    let glance = from_fn_with_state(gate.clone(), door::glance);
    pages
        .route_layer(from_fn_with_state(gate.clone(), door::pass))
        .merge(glances.map(|glances| glances.route_layer(glance)).unwrap_or_default())
        .merge(sign_in::routes(area))
        .route_layer(from_fn_with_state(gate, guard::pass))
}

#[cfg(test)]
mod tests;
