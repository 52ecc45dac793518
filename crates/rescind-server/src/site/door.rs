//! The second gate: who is signed in comes in.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use rescind::authority::{Caller, ClientProof, Error, Identity, RefreshRequest, SignedIn, TokenPair};
use secrecy::{ExposeSecret as _, SecretString};

use super::area::{Area, Gate};
use super::cookies::{self, Changes};
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
    Ok(Visitor { caller: caller(parts, Identity::User(me.clone())), me, email })
}

const fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Back to where one was going, where that is a page: a form that was sent has to be sent again.
fn to_sign_in(area: Area, parts: &Parts, why: Option<Why>) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if is_read(&parts.method) && parts.uri.path() != area.root() {
        query.append_pair(
            "next",
            parts.uri.path_and_query().map_or(parts.uri.path(), |target| target.as_str()),
        );
    }
    if let Some(why) = why {
        query.append_pair("why", why.as_str());
    }
    let query = query.finish();
    let target =
        if query.is_empty() { area.sign_in().to_owned() } else { format!("{}?{query}", area.sign_in()) };
    // A script that replaces a part of a page must not put the form there.
    if parts.headers.contains_key("hx-request") {
        const ELSEWHERE: HeaderName = HeaderName::from_static("hx-redirect");
        let value = HeaderValue::from_str(&target).unwrap_or(HeaderValue::from_static("/"));
        return (StatusCode::OK, [(ELSEWHERE, value)]).into_response();
    }
    Redirect::to(&target).into_response()
}
