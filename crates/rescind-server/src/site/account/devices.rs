//! `/account`: where a user is signed in.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use rescind::id::SessionId;
use rescind::session::StatusFilter;
use rescind::store::PageRequest;
use serde::Deserialize;
use uuid::Uuid;

use crate::http::{Path, Problem};
use crate::site::area::Area;
use crate::site::cookies::Changes;
use crate::site::desk::{Desk, Html, Shell, address, after};
use crate::site::form::{Asked, Fields};
use crate::site::notice::Done;
use crate::site::session_rows::SessionRow;

const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "site/account/devices.html")]
struct Page {
    shell: Shell,
    sessions: Vec<SessionRow>,
    next: Option<String>,
}

#[derive(Default, Deserialize)]
pub(in crate::site) struct Place {
    cursor: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Name {
    device_name: Option<String>,
}

/// One's own devices
///
/// For people: begins with a sign-in form. It takes no credentials of the API.
#[utoipa::path(
    get, path = "/account", tag = "Pages", operation_id = "account_pages",
    responses(
        (status = 200, body = String, content_type = "text/html", description = "Where one is signed in."),
        (status = 303, description = "To the sign-in form."),
    )
)]
pub(in crate::site) async fn page(desk: Desk, Asked(place): Asked<Place>) -> Result<Html, Problem> {
    let request = PageRequest { limit: ROWS, cursor: place.cursor };
    let active = Some(StatusFilter::Active);
    let found = desk.authority().own_sessions(desk.caller(), active, &request).await?;
    let own = desk.visitor.me.session;
    Html::of(&Page {
        shell: desk.shell(Area::Account, "Devices"),
        sessions: found
            .items
            .into_iter()
            .map(|session| {
                let current = session.id == own;
                SessionRow::of(desk.authority(), session, current)
            })
            .collect(),
        next: found.next_cursor.map(|cursor| address("/account", [("cursor", Some(cursor.as_str()))])),
    })
}

/// Ends one; the own one is a sign-out.
pub(super) async fn end(desk: Desk, Path(id): Path<Uuid>) -> Result<Response, Problem> {
    let id = SessionId(id);
    desk.authority().end_own_session(desk.caller(), id).await?;
    Ok(if id == desk.visitor.me.session {
        signed_out()
    } else {
        after("/account", Done::SessionEnded).into_response()
    })
}

pub(super) async fn rename(
    desk: Desk,
    Path(id): Path<Uuid>,
    Fields(form): Fields<Name>,
) -> Result<Redirect, Problem> {
    let name = form.device_name.unwrap_or_default();
    desk.authority().rename_own_session(desk.caller(), SessionId(id), name).await?;
    Ok(after("/account", Done::SessionRenamed))
}

/// This session goes on with a fresh access token: older ones are dead.
pub(super) async fn end_others(desk: Desk) -> Result<Response, Problem> {
    let renewed = desk.authority().revoke_others(desk.caller()).await?;
    let mut response = after("/account", Done::OthersSignedOut).into_response();
    Changes::default().keep_access(Area::Account, &renewed.access_token).write(&mut response);
    Ok(response)
}

pub(super) async fn end_all(desk: Desk) -> Result<Response, Problem> {
    desk.authority().revoke_all_own(desk.caller()).await?;
    Ok(signed_out())
}

fn signed_out() -> Response {
    let mut response = Redirect::to(&format!("{}?why=out", Area::Account.sign_in())).into_response();
    Changes::default().forget(Area::Account).write(&mut response);
    response
}
