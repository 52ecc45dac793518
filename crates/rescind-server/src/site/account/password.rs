//! `/account/password`: another password.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use rescind::authority::Error;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::http::Problem;
use crate::site::area::Area;
use crate::site::cookies::Changes;
use crate::site::desk::{Desk, Html, Shell, after};
use crate::site::form::Fields;
use crate::site::notice::Done;

#[derive(Template)]
#[template(path = "site/account/password.html")]
struct Page {
    shell: Shell,
    trouble: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Passwords {
    current: Option<SecretString>,
    new: Option<SecretString>,
    again: Option<SecretString>,
}

pub(super) async fn page(desk: Desk) -> Result<Html, Problem> {
    show(&desk, None)
}

pub(super) async fn change(desk: Desk, Fields(form): Fields<Passwords>) -> Result<Response, Problem> {
    let (current, new) = (form.current.unwrap_or_default(), form.new.unwrap_or_default());
    if form.again.unwrap_or_default().expose_secret() != new.expose_secret() {
        return again(
            &desk,
            StatusCode::UNPROCESSABLE_ENTITY,
            "The new password was typed in two ways.".to_owned(),
        );
    }
    match desk.authority().change_password(desk.caller(), current, new).await {
        Ok(renewed) => {
            let mut response = after("/account", Done::PasswordChanged).into_response();
            Changes::default().keep_access(Area::Account, &renewed.access_token).write(&mut response);
            Ok(response)
        }
        Err(error @ (Error::WrongPassword | Error::PasswordTooWeak(_))) => {
            let text = match &error {
                Error::WrongPassword => "The current password is wrong.".to_owned(),
                other => format!("That did not work: {other}."),
            };
            again(&desk, Problem::from(error).status(), text)
        }
        Err(other) => Err(other.into()),
    }
}

fn again(desk: &Desk, status: StatusCode, trouble: String) -> Result<Response, Problem> {
    Ok((status, show(desk, Some(trouble))?).into_response())
}

fn show(desk: &Desk, trouble: Option<String>) -> Result<Html, Problem> {
    Html::of(&Page { shell: desk.shell(Area::Account, "Password"), trouble })
}
