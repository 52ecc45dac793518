//! `/admin/revocations/new`: something is revoked, after it was shown what it is.

use askama::Template;
use axum::response::Redirect;
use rescind::authority::{Error, Named, RevocationRequest, What};
use rescind::session::Session;
use serde::Deserialize;

use crate::http::{Code, Problem};
use crate::site::area::Area;
use crate::site::desk::{Desk, Html, Shell, after};
use crate::site::form::Fields;
use crate::site::notice::Done;
use crate::site::session_rows::SessionRow;

#[derive(Template)]
#[template(path = "site/admin/revoke.html")]
struct Page {
    shell: Shell,
    text: String,
    trouble: Option<String>,
    found: Option<FoundView>,
}

/// What the text turned out to be.
struct FoundView {
    /// In a sentence.
    what: String,
    /// What revoking it does.
    consequence: &'static str,
    session: Option<SessionRow>,
    user_path: Option<String>,
    /// Why there is nothing to do.
    over: Option<String>,
}

/// The text stands in the body, never in an address: it may be a token.
#[derive(Deserialize)]
pub(super) struct Given {
    text: Option<String>,
    reason: Option<String>,
}

pub(super) async fn form(desk: Desk) -> Result<Html, Problem> {
    show(&desk, String::new(), None, None)
}

pub(super) async fn preview(desk: Desk, Fields(given): Fields<Given>) -> Result<Html, Problem> {
    let text = given.text.map(|text| text.trim().to_owned()).unwrap_or_default();
    match desk.authority().identify(desk.caller(), &text).await {
        Ok(named) => {
            let found = view(&desk, named);
            show(&desk, text, None, Some(found))
        }
        Err(error @ (Error::NotFound | Error::Invalid { .. })) => {
            let trouble = format!("That names nothing that you can revoke: {error}.");
            show(&desk, text, Some(trouble), None)
        }
        Err(other) => Err(other.into()),
    }
}

pub(super) async fn revoke(desk: Desk, Fields(given): Fields<Given>) -> Result<Redirect, Problem> {
    let text = given.text.map(|text| text.trim().to_owned()).unwrap_or_default();
    let what = match desk.authority().identify(desk.caller(), &text).await? {
        Named::Session(session) => What::Session(session.id),
        Named::RefreshToken(_) | Named::AccessToken { .. } => What::Token(text),
        Named::Jti { jti, .. } => What::Jti(jti),
    };
    let request =
        RevocationRequest { what, expires_at: None, user: None, tenant: None, reason: given.reason };
    desk.authority().revoke(desk.caller(), request).await?;
    Ok(after("/admin/revocations", Done::TokenRevoked))
}

fn show(
    desk: &Desk,
    text: String,
    trouble: Option<String>,
    found: Option<FoundView>,
) -> Result<Html, Problem> {
    Html::of(&Page { shell: desk.shell(Area::Admin, "Revoke a token or a session"), text, trouble, found })
        .map_err(|_| Problem::new(Code::InternalError))
}

fn view(desk: &Desk, named: Named) -> FoundView {
    const SESSION: &str = "Revoking it ends the session: its refresh token and all of its access tokens are refused everywhere.";
    const TOKEN: &str =
        "Revoking it ends this one token. Its session goes on, and its user gets another one.";
    const UNKNOWN: &str = "Revoking it ends the token with that jti, if there is one, and nothing else.";
    match named {
        Named::Session(session) => {
            of_session(desk, "This is the id of a session.".to_owned(), SESSION, Some(session))
        }
        Named::RefreshToken(session) => {
            of_session(desk, "This is a refresh token.".to_owned(), SESSION, Some(session))
        }
        Named::AccessToken { jti, expires_at, session, refused } => {
            let expires = desk.when(expires_at).distance;
            let what = format!("This is an access token with the jti {jti}. It expires {expires}.");
            let over = refused.map(|code| format!("It is refused already: {code}."));
            FoundView { over, ..of_session(desk, what, TOKEN, session) }
        }
        Named::Jti { jti, session, refresh, revoked } => {
            let what = match &session {
                Some(_) if refresh => format!("This is the jti of a refresh token: {jti}."),
                Some(_) => format!("This is the jti of a token: {jti}."),
                None => format!(
                    "{jti} is no session's id and no newest token's jti. A token may have it all the same."
                ),
            };
            let over =
                revoked.map(|entry| format!("It was revoked {}.", desk.when(entry.revoked_at).distance));
            let consequence = match &session {
                Some(_) if refresh => SESSION,
                Some(_) => TOKEN,
                None => UNKNOWN,
            };
            FoundView { over, ..of_session(desk, what, consequence, session) }
        }
    }
}

fn of_session(desk: &Desk, what: String, consequence: &'static str, session: Option<Session>) -> FoundView {
    FoundView {
        what,
        consequence,
        user_path: session.as_ref().map(|session| super::user::path(session.tenant, session.user)),
        over: None,
        session: session.map(|session| {
            let own = session.id == desk.visitor.me.session;
            SessionRow::of(desk.authority(), session, own)
        }),
    }
}
