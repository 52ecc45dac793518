//! From what a request brings to a caller whose credentials were checked.

use axum::extract::FromRequestParts;
use http::request::Parts;
use rescind::authority::{Caller, Identity, Origin};
use rescind::directory::ApiClient;
use rescind::verifier::Verified;
use secrecy::{ExposeSecret, SecretString};

use crate::app::App;
use crate::error::checked;
use crate::http::credentials::BasicCredentials;
use crate::http::{ClientIp, Code, Credentials, Problem, exchange};

/// A signed-in user, by an access token that is meant for this authority's own calls.
#[derive(Debug)]
pub struct User {
    /// The caller.
    pub caller: Caller,
    /// The token's proof.
    pub token: Verified,
}

/// An administrator, by an access token that is meant for administration; or an API client. What it may do is for the
/// authority to say.
#[derive(Debug)]
pub struct Administrator(pub Caller);

/// Anybody; credentials are not looked at.
#[derive(Debug)]
pub struct Anybody(pub Caller);

impl FromRequestParts<App> for User {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Credentials::from_request_parts(parts, app).await? {
            Credentials::Bearer(token) => {
                let outcome = app.authority.authenticate_user(token.expose_secret()).await;
                let (signed_in, token) = checked(app, outcome)?;
                Ok(Self { caller: caller(parts, Identity::User(signed_in)), token })
            }
            Credentials::Basic(_) => {
                Err(Problem::new(Code::Forbidden).detail("this is for signed-in users, not for API clients"))
            }
            Credentials::Nothing => Err(Problem::new(Code::AuthenticationRequired)),
        }
    }
}

impl FromRequestParts<App> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let identity = match Credentials::from_request_parts(parts, app).await? {
            Credentials::Bearer(token) => administrator(app, &token).await?,
            Credentials::Basic(basic) => Identity::Client(client(app, &basic).await?),
            Credentials::Nothing => return Err(Problem::new(Code::AuthenticationRequired)),
        };
        Ok(Self(caller(parts, identity)))
    }
}

impl FromRequestParts<App> for Anybody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Ok(Self(caller(parts, Identity::Anonymous)))
    }
}

/// The administrator behind an access token. A good token of a user that is meant for something else is told as such: the
/// caller is known, and has only to ask for the right audience.
async fn administrator(app: &App, token: &SecretString) -> Result<Identity, Problem> {
    let token = token.expose_secret();
    match app.authority.authenticate_admin(token).await {
        Ok((signed_in, _)) => Ok(Identity::User(signed_in)),
        Err(refused) => match app.authority.authenticate_user(token).await {
            Ok(_) => Err(Problem::new(Code::Forbidden).detail(
                "this needs an access token for administration: ask for the audience <issuer>/admin at sign-in",
            )),
            Err(_) => checked(app, Err(refused)),
        },
    }
}

/// The API client behind Basic credentials.
pub async fn client(app: &App, basic: &BasicCredentials) -> Result<ApiClient, Problem> {
    Ok(app.authority.authenticate_client(&basic.id, &basic.secret).await?)
}

/// A caller with that identity, from where the request comes.
pub fn caller(parts: &Parts, identity: Identity) -> Caller {
    Caller { identity, origin: origin(parts.extensions.get::<ClientIp>()) }
}

/// Where the request that is being answered comes from.
pub fn origin(ip: Option<&ClientIp>) -> Origin {
    Origin {
        ip: ip.map(|ip| ip.0),
        request_id: exchange::current().map(|exchange| exchange.request_id.to_string()),
    }
}
