//! From what a request brings to a caller whose credentials were checked.

use axum::extract::FromRequestParts;
use http::Method;
use http::request::Parts;
use rescind::authority::{Caller, Error, Identity, Origin, SignedIn};
use rescind::directory::ApiClient;
use rescind::verifier::Verified;
use secrecy::{ExposeSecret, SecretString};

use crate::app::App;
use crate::fresh::give_up;
use crate::http::credentials::BasicCredentials;
use crate::http::{ClientIp, Code, Credentials, Problem, exchange};

/// A signed-in user, by an access token that is meant for this authority's own calls.
#[derive(Debug)]
pub(crate) struct User {
    /// The caller.
    pub(crate) caller: Caller,
    /// The token's proof.
    pub(crate) token: Verified,
}

/// An administrator, by an access token that is meant for administration; or an API client. What it may do is for the
/// authority to say. For a call that writes, the token is checked fresh; a client is looked up in the store at every call.
#[derive(Debug)]
pub(crate) struct Administrator(pub(crate) Caller);

/// As [`Administrator`], with what shows again later on that the caller may: for an answer that goes on and on.
#[derive(Debug)]
pub(crate) struct Lasting {
    /// The caller.
    pub(crate) caller: Caller,
    /// What it proves itself with.
    pub(crate) proof: Proof,
}

/// What a caller proves itself with, again and again.
#[derive(Debug)]
pub(crate) enum Proof {
    /// The id and secret of an API client.
    Client(BasicCredentials),
    /// An administrator's access token.
    User(SecretString, Box<Verified>),
}

/// Anybody; credentials are not looked at.
#[derive(Debug)]
pub(crate) struct Anybody(pub(crate) Caller);

impl FromRequestParts<App> for User {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Credentials::from_request_parts(parts, app).await? {
            Credentials::Bearer(token) => {
                let (signed_in, token) = app.authority.authenticate_user(token.expose_secret()).await?;
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
        Ok(Self(Lasting::from_request_parts(parts, app).await?.caller))
    }
}

impl FromRequestParts<App> for Lasting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (identity, proof) = match Credentials::from_request_parts(parts, app).await? {
            Credentials::Bearer(token) => {
                let (signed_in, verified) = administrator(app, &token, &parts.method).await?;
                (Identity::User(signed_in), Proof::User(token, Box::new(verified)))
            }
            Credentials::Basic(basic) => (Identity::Client(client(app, &basic).await?), Proof::Client(basic)),
            Credentials::Nothing => return Err(Problem::new(Code::AuthenticationRequired)),
        };
        Ok(Self { caller: caller(parts, identity), proof })
    }
}

impl FromRequestParts<App> for Anybody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Ok(Self(caller(parts, Identity::Anonymous)))
    }
}

/// The administrator behind an access token. A good token of a user that is meant for something else is told as such: the
/// caller is known, and has only to ask for the right audience. Whoever writes has a token that no node has revoked.
async fn administrator(
    app: &App,
    token: &SecretString,
    method: &Method,
) -> Result<(SignedIn, Verified), Problem> {
    let token = token.expose_secret();
    let known = match method.is_safe() {
        true => app.authority.authenticate_admin(token).await,
        false => app.authority.authenticate_admin_fresh(token, give_up()).await,
    };
    match known {
        Ok(known) => Ok(known),
        // It may be good for something else. Only then is it checked once more: each check is counted.
        Err(refused @ Error::TokenRefused("invalid_token")) => {
            match app.authority.authenticate_user(token).await {
                Ok(_) => Err(Problem::new(Code::Forbidden).detail(
                    "this needs an access token for administration: ask for the audience <issuer>/admin at sign-in",
                )),
                Err(_) => Err(refused.into()),
            }
        }
        Err(refused) => Err(refused.into()),
    }
}

/// The API client behind Basic credentials.
pub(crate) async fn client(app: &App, basic: &BasicCredentials) -> Result<ApiClient, Problem> {
    Ok(app.authority.authenticate_client(&basic.id, &basic.secret).await?)
}

impl Lasting {
    /// The caller, as its credentials are now.
    pub(crate) async fn again(&self, app: &App) -> Result<Caller, Error> {
        let identity = match &self.proof {
            Proof::Client(basic) => {
                Identity::Client(app.authority.authenticate_client(&basic.id, &basic.secret).await?)
            }
            Proof::User(token, _) => {
                Identity::User(app.authority.authenticate_admin(token.expose_secret()).await?.0)
            }
        };
        Ok(Caller { identity, origin: self.caller.origin.clone() })
    }

    /// Whether a cut has reached the token that the caller came with.
    pub(crate) fn is_cut(&self, app: &App) -> bool {
        match &self.proof {
            Proof::Client(_) => false,
            Proof::User(_, token) => app.authority.verifier().evaluate(token).is_some(),
        }
    }

    /// Resolves when a cut reaches the token that the caller came with; never for one that came without.
    pub(crate) async fn until_cut(&self, app: &App) {
        match &self.proof {
            Proof::Client(_) => std::future::pending().await,
            Proof::User(_, token) => {
                app.authority.verifier().until_cut(token).await;
            }
        }
    }
}

/// A caller with that identity, from where the request comes.
pub(crate) fn caller(parts: &Parts, identity: Identity) -> Caller {
    Caller { identity, origin: origin(parts.extensions.get::<ClientIp>()) }
}

/// Where the request that is being answered comes from.
pub(crate) fn origin(ip: Option<&ClientIp>) -> Origin {
    Origin {
        ip: ip.map(|ip| ip.0),
        request_id: exchange::current().map(|exchange| exchange.request_id.to_string()),
    }
}
