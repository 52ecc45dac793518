//! For users: signing in and out, their own sessions, their own password.

mod events;
mod login;
mod logout;
mod me;
mod password;
mod refresh;
mod register;
mod revoke_all;
mod revoke_others;
mod session;
mod sessions;

use http::{HeaderMap, header};

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(crate) use refresh::refresh_as;

/// Every route under `/api/v1/auth` that users call.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register::register))
        .routes(routes!(login::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(me::me))
        .routes(routes!(sessions::list_own_sessions))
        .routes(routes!(session::end_own_session, session::rename_own_session))
        .routes(routes!(events::list_own_events))
        .routes(routes!(revoke_others::revoke_others))
        .routes(routes!(revoke_all::revoke_all))
        .routes(routes!(password::change_password))
}

/// The longest `User-Agent` that is kept.
const USER_AGENT_CHARS: usize = 400;

/// What a request tells of the device's software. Longer ones are cut short, since nothing depends on it.
pub(crate) fn user_agent(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::USER_AGENT)?.to_str().ok()?;
    let text: String = value.chars().filter(|c| !c.is_control()).take(USER_AGENT_CHARS).collect();
    (!text.is_empty()).then_some(text)
}
