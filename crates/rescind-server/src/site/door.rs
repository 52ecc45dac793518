//! The second gate: who is signed in comes in.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use rescind::authority::{Caller, ClientProof, Error, Identity, RefreshRequest, SignedIn, TokenPair};
use rescind::verifier::Verified;
use secrecy::{ExposeSecret as _, SecretString};

use super::area::{Area, Gate};
use super::cookies::{self, Changes};
use super::desk::{Html, address};
use super::sign_in::Why;
use crate::caller::caller;
use crate::fresh::give_up;
use crate::http::Problem;

/// Who is signed in.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    pub(super) caller: Caller,
    pub(super) me: SignedIn,
    pub(super) email: String,
    /// The access token that was checked: whatever goes on after the check asks whether it was cut since.
    pub(super) token: Arc<Verified>,
}

/// Lets in who is signed in, and sends everybody else to the sign-in form. A session whose access token has run out goes on by its refresh
/// token; what is good for an API client is good for our own pages.
pub(super) async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match admit(&gate, &parts).await {
        Ok((visitor, changes)) => {
            parts.extensions.insert(visitor);
            let mut response = next.run(Request::from_parts(parts, body)).await;
            changes.write(&mut response);
            response
        }
        Err(Refused::SignIn(why)) => {
            let mut response = to_sign_in(gate.area, &parts, why);
            // Only what was there is over: a browser that follows a link from elsewhere brings none, and keeps what it has.
            if has_session(gate.area, &parts) {
                Changes::default().forget(gate.area).write(&mut response);
            }
            response
        }
        Err(Refused::For(problem, changes)) => {
            let mut response = problem.into_response();
            changes.write(&mut response);
            response
        }
    }
}

/// Lets in what a page of ours asks for again and again by itself, for as long as the access token is good. Nobody need be there for that, so it
/// is no use of the session: nothing is refreshed, and when the token has run out the page is told to rest.
pub(super) async fn glance(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(token) = cookies::get(&parts.headers, gate.area.access_cookie()) else {
        return rest(gate.area, &parts);
    };
    match authenticate(&gate, &parts, &token).await {
        Ok(visitor) => {
            parts.extensions.insert(visitor);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(Error::TokenRefused(_) | Error::Forbidden(_)) => rest(gate.area, &parts),
        Err(other) => Problem::from(other).into_response(),
    }
}

/// What takes the place of the script's own element, which then asks no more. Whoever is no script is led to the page.
fn rest(area: Area, parts: &Parts) -> Response {
    #[derive(Template)]
    #[template(path = "site/resting.html")]
    struct Resting {
        area: Area,
    }
    if !parts.headers.contains_key("hx-request") {
        return Redirect::to(area.root()).into_response();
    }
    const TARGET: HeaderName = HeaderName::from_static("hx-retarget");
    const SWAP: HeaderName = HeaderName::from_static("hx-reswap");
    ([(TARGET, "#updates"), (SWAP, "innerHTML")], Html::of(&Resting { area })).into_response()
}

enum Refused {
    SignIn(Option<Why>),
    /// What was traded by then is kept all the same: the browser would come with what is used up.
    For(Problem, Changes),
}

/// Whether the browser brought anything of a session.
pub(super) fn has_session(area: Area, parts: &Parts) -> bool {
    [area.access_cookie(), area.refresh_cookie()]
        .into_iter()
        .any(|name| cookies::get(&parts.headers, name).is_some())
}

async fn admit(gate: &Gate, parts: &Parts) -> Result<(Visitor, Changes), Refused> {
    if let Some(token) = cookies::get(&parts.headers, gate.area.access_cookie()) {
        match authenticate(gate, parts, &token).await {
            Ok(visitor) => return Ok((visitor, Changes::default())),
            Err(Error::TokenRefused(_)) => {}
            Err(other) => return Err(Refused::For(other.into(), Changes::default())),
        }
    }
    let Some(token) = cookies::get(&parts.headers, gate.area.refresh_cookie()) else {
        return Err(Refused::SignIn(None));
    };
    let pair = refresh(gate, parts, &token).await?;
    let changes = Changes::default().keep(gate.area, &pair);
    match authenticate(gate, parts, &pair.access_token).await.map_err(over) {
        Ok(visitor) => Ok((visitor, changes)),
        Err(Refused::For(problem, _)) => Err(Refused::For(problem, changes)),
        Err(over) => Err(over),
    }
}

async fn refresh(gate: &Gate, parts: &Parts, token: &SecretString) -> Result<TokenPair, Refused> {
    let caller = caller(parts, Identity::Anonymous);
    let request =
        RefreshRequest { token: token.expose_secret(), client: ClientProof::Unstated, ip: caller.origin.ip };
    gate.app.authority.refresh(&caller, request).await.map_err(over)
}

/// What means that one has to sign in again, and what does not.
fn over(error: Error) -> Refused {
    match error {
        Error::SessionRevoked | Error::RefreshReuseDetected | Error::TokenRefused("token_revoked") => {
            Refused::SignIn(Some(Why::Ended))
        }
        Error::SessionExpired => Refused::SignIn(Some(Why::Expired)),
        Error::InvalidRefreshToken | Error::TokenRefused(_) | Error::Forbidden(_) => Refused::SignIn(None),
        other => Refused::For(other.into(), Changes::default()),
    }
}

/// As the API does it: what only reads is checked here, what changes something in administration against all that was revoked anywhere.
async fn authenticate(gate: &Gate, parts: &Parts, token: &SecretString) -> Result<Visitor, Error> {
    let (authority, token) = (&gate.app.authority, token.expose_secret());
    let (me, verified) = match (gate.area, is_read(&parts.method)) {
        (Area::Admin, true) => authority.authenticate_admin(token).await?,
        (Area::Admin, false) => authority.authenticate_admin_fresh(token, give_up()).await?,
        (Area::Account, _) => authority.authenticate_user(token).await?,
    };
    let email = verified.email().unwrap_or_default().to_owned();
    let caller = caller(parts, Identity::User(me.clone()));
    Ok(Visitor { caller, me, email, token: Arc::new(verified) })
}

const fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Back to where one was going, where that is a page: a form that was sent has to be sent again.
fn to_sign_in(area: Area, parts: &Parts, why: Option<Why>) -> Response {
    let is_a_page = is_read(&parts.method) && parts.uri.path() != area.root();
    let asked = parts.uri.path_and_query().map_or(parts.uri.path(), |target| target.as_str());
    let next = is_a_page.then_some(asked);
    let target = address(area.sign_in(), [("next", next), ("why", why.map(Why::as_str))]);
    // A script that replaces a part of a page must not put the form there.
    if parts.headers.contains_key("hx-request") {
        const ELSEWHERE: HeaderName = HeaderName::from_static("hx-redirect");
        let value = HeaderValue::from_str(&target).unwrap_or(HeaderValue::from_static("/"));
        return (StatusCode::OK, [(ELSEWHERE, value)]).into_response();
    }
    Redirect::to(&target).into_response()
}
