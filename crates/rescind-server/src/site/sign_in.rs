//! Signing in to the pages, and out of them.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::StatusCode;
use http::request::Parts;
use rescind::authority::{Caller, Error, Identity, SignIn};
use rescind::session::Device;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::area::Area;
use super::cookies::{self, Changes};
use super::desk::{Html, Shell};
use super::form::{Asked, Fields, FormToken};
use super::transport;
use crate::api::user_agent;
use crate::app::App;
use crate::caller::caller;
use crate::http::{Code, Problem};

/// The sign-in form of an area, and its way out.
pub(super) fn routes(area: Area) -> Router<App> {
    Router::new()
        .route(area.sign_in(), get(form).post(sign_in))
        .route(area.sign_out(), post(sign_out))
        .layer(Extension(area))
}

/// Why somebody who was signed in is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Why {
    /// The session was ended.
    Ended,
    /// It reached a limit.
    Expired,
    /// By the visitor.
    Out,
    /// By the visitor, and the authority could not be told.
    Forgotten,
}

impl Why {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Expired => "expired",
            Self::Out => "out",
            Self::Forgotten => "forgotten",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Ended => "Your session was ended. Sign in again to go on.",
            Self::Expired => "Your session has expired. Sign in again to go on.",
            Self::Out => "You have signed out.",
            Self::Forgotten => {
                "This browser has forgotten your session, but it could not be ended just now. Sign in again later and end it from the list of \
                 devices, if somebody else may have it."
            }
        }
    }
}

#[derive(Template)]
#[template(path = "site/sign_in.html")]
struct Page {
    shell: Shell,
    area: Area,
    /// None: the channel is not private, and nothing is asked for.
    open: bool,
    told: Option<&'static str>,
    trouble: Option<String>,
    next: String,
    email: String,
    tenant: String,
}

#[derive(Default, Deserialize)]
struct Query {
    next: Option<String>,
    why: Option<Why>,
}

async fn form(
    State(app): State<App>,
    Extension(area): Extension<Area>,
    Extension(token): Extension<FormToken>,
    RawQuery(_): RawQuery,
    Asked(query): Asked<Query>,
    parts: Parts,
) -> Result<Html, Problem> {
    let page = Page {
        told: query.why.map(Why::text),
        next: query.next.filter(|next| is_page_of(area, next)).unwrap_or_default(),
        ..page(&app, area, token, &parts)
    };
    Html::of(&page)
}

fn page(app: &App, area: Area, token: FormToken, parts: &Parts) -> Page {
    Page {
        shell: Shell::anonymous(area, "Sign in", token),
        area,
        open: transport::is_private(parts, &app.authority.settings().issuer),
        told: None,
        trouble: None,
        next: String::new(),
        email: String::new(),
        tenant: String::new(),
    }
}

#[derive(Deserialize)]
struct Credentials {
    email: Option<String>,
    password: Option<SecretString>,
    tenant: Option<String>,
    next: Option<String>,
}

async fn sign_in(
    State(app): State<App>,
    Extension(area): Extension<Area>,
    Extension(token): Extension<FormToken>,
    parts: Parts,
    Fields(given): Fields<Credentials>,
) -> Result<Response, Problem> {
    if !transport::is_private(&parts, &app.authority.settings().issuer) {
        return Err(Problem::new(Code::Forbidden)
            .detail("A password is not taken over a channel that others can read."));
    }
    let next = given.next.clone().filter(|next| is_page_of(area, next));
    let (email, tenant) = (given.email.clone().unwrap_or_default(), given.tenant.clone().unwrap_or_default());
    match open(&app, area, &parts, given).await {
        Ok(changes) => {
            let mut response = Redirect::to(next.as_deref().unwrap_or(area.root())).into_response();
            changes.write(&mut response);
            Ok(response)
        }
        Err(error) => {
            let (status, trouble) = explain(error)?;
            let next = next.unwrap_or_default();
            let page =
                Page { trouble: Some(trouble), next, email, tenant, ..page(&app, area, token, &parts) };
            Ok((status, Html::of(&page)?).into_response())
        }
    }
}

/// Opens a session and makes the form secret anew: forms that were made before are good no more.
async fn open(app: &App, area: Area, parts: &Parts, given: Credentials) -> Result<Changes, Error> {
    let caller = caller(parts, Identity::Anonymous);
    let sign_in = SignIn {
        email: given.email.unwrap_or_default(),
        password: given.password.unwrap_or_default(),
        tenant: given.tenant,
        audience: (area == Area::Admin).then(|| app.authority.settings().admin_audience()),
        device: Device { name: None, user_agent: user_agent(&parts.headers), ip: caller.origin.ip },
    };
    let pair = app.authority.sign_in(&caller, sign_in).await?;
    leave(app, area, parts, &caller).await;
    let secret = super::form::FormSecret::new(&**app.authority.entropy());
    Ok(Changes::default().keep(area, &pair).keep_form_secret(area, secret.as_str()))
}

/// What a person can mend is told beside the form; the rest is a page of its own.
fn explain(error: Error) -> Result<(StatusCode, String), Problem> {
    let text = match &error {
        Error::InvalidCredentials => "The e-mail address or the password is wrong.".to_owned(),
        Error::Forbidden(_) => "This account is no administrator.".to_owned(),
        Error::Throttled { retry_after } => {
            let minutes = retry_after.as_secs().div_ceil(60).max(1);
            format!("Too many attempts. Try again in {minutes} min.")
        }
        Error::Overloaded => "Too many people are signing in just now. Try again.".to_owned(),
        _ => return Err(error.into()),
    };
    Ok((Problem::from(error).status(), text))
}

async fn sign_out(State(app): State<App>, Extension(area): Extension<Area>, parts: Parts) -> Response {
    let has_ended = leave(&app, area, &parts, &caller(&parts, Identity::Anonymous)).await;
    let why = if has_ended { Why::Out } else { Why::Forgotten };
    let mut response = Redirect::to(&format!("{}?why={}", area.sign_in(), why.as_str())).into_response();
    Changes::default().forget(area).write(&mut response);
    response
}

/// Ends the session that the browser had, by either of its tokens. Whether it is over; one that cannot be ended now is forgotten by the
/// browser all the same.
async fn leave(app: &App, area: Area, parts: &Parts, caller: &Caller) -> bool {
    let token = |name| cookies::get(&parts.headers, name);
    let outcome = match (token(area.refresh_cookie()), token(area.access_cookie())) {
        (Some(refresh), _) => app.authority.log_out(caller, refresh.expose_secret()).await,
        (None, Some(access)) => app.authority.log_out_here(caller, access.expose_secret()).await,
        (None, None) => Ok(()),
    };
    if let Err(error) = &outcome {
        tracing::warn!(%error, "a session of the pages was forgotten and not ended");
    }
    outcome.is_ok()
}

/// A page of this area and nothing else: whoever makes up the address must not lead anybody away.
fn is_page_of(area: Area, next: &str) -> bool {
    let rest = next.strip_prefix(area.root());
    let inside = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    inside
        && !climbs(next)
        && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
        && !next.contains("//")
}

/// Whether a browser would go up from a directory of the path; it takes `%2e` for a dot (URL, "double-dot URL path segment").
fn climbs(next: &str) -> bool {
    let path = next.split(['?', '#']).next().unwrap_or_default();
    path.split('/').any(|segment| segment.to_ascii_lowercase().replace("%2e", ".") == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_led_to_pages_of_the_same_area_only() {
        for good in ["/admin", "/admin/users?query=ada%40example.com", "/admin?x=1", "/admin?x=/../y"] {
            assert!(is_page_of(Area::Admin, good), "{good}");
        }
        for bad in [
            "",
            "/",
            "//evil.example",
            "https://evil.example",
            "/account",
            "/administrator",
            "/admin//evil.example",
            "/admin/\\evil.example",
            "/admin/../account",
            "/admin/.%2E/account",
            "/admin/x\r\nSet-Cookie: a=b",
            "/admin/ü",
        ] {
            assert!(!is_page_of(Area::Admin, bad), "{bad}");
        }
    }
}
