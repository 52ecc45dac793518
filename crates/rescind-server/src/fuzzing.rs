//! What reads strangers' bytes, for the fuzz targets of this workspace. Nothing that anybody else may rely on.

use garde::Validate;
use http::{HeaderMap, HeaderValue, header};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;

use crate::http::credentials::OAuthCaller;
use crate::http::{Credentials, OAuthCredentials, Problem, form, json};
use crate::oauth::introspect::IntrospectionRequest;
use crate::oauth::revoke::RevocationRequest;
use crate::oauth::token::TokenRequest;

/// Why something is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code.
    pub code: &'static str,
    /// What the caller is told.
    pub explanation: String,
}

/// Reads the JSON body of a call.
///
/// # Errors
/// What it is refused for.
pub fn json_body<T>(body: &[u8]) -> Result<T, Refusal>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    json::decode(body).map_err(|problem| refusal(&problem))
}

/// Reads the form of a token request.
///
/// # Errors
/// What it is refused for.
pub fn token_form(body: &[u8]) -> Result<(), Refusal> {
    read_form::<TokenRequest>(body)
}

/// Reads the form of a revocation request.
///
/// # Errors
/// What it is refused for.
pub fn revocation_form(body: &[u8]) -> Result<(), Refusal> {
    read_form::<RevocationRequest>(body)
}

/// Reads the form of an introspection request.
///
/// # Errors
/// What it is refused for.
pub fn introspection_form(body: &[u8]) -> Result<(), Refusal> {
    read_form::<IntrospectionRequest>(body)
}

/// The `Authorization` header of a call under `/oauth2`.
#[derive(Debug)]
pub struct Header(OAuthCredentials);

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nothing of ours.
    Nothing,
    /// A bearer token.
    Bearer(String),
    /// A client's id and secret.
    Basic {
        /// The id.
        id: String,
        /// The secret.
        secret: String,
        /// Both, as a log line would have them.
        printed: String,
    },
}

/// How a client identified itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Client {
    /// Not at all.
    Nobody,
    /// With a bearer token.
    Bearer(String),
    /// By name only.
    Public(String),
    /// By name and secret.
    Confidential(String, String),
}

impl Header {
    /// Reads it; none where it is refused.
    pub fn read(value: HeaderValue) -> Option<Self> {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
        OAuthCredentials::of(&headers).ok().map(Self)
    }

    /// What it says.
    pub fn said(&self) -> Said {
        match &self.0.0 {
            Credentials::Nothing => Said::Nothing,
            Credentials::Bearer(token) => Said::Bearer(token.expose_secret().to_owned()),
            Credentials::Basic(basic) => Said::Basic {
                id: basic.id.clone(),
                secret: basic.secret.expose_secret().to_owned(),
                printed: format!("{basic:?}"),
            },
        }
    }

    /// Together with what the body says of the client; none where that is refused.
    pub fn with_body(self, id: Option<String>, secret: Option<String>) -> Option<Client> {
        let caller = self.0.with_body(id, secret.map(Into::into)).ok()?;
        Some(match caller {
            OAuthCaller::Nobody => Client::Nobody,
            OAuthCaller::Bearer(token) => Client::Bearer(token.expose_secret().to_owned()),
            OAuthCaller::Public(id) => Client::Public(id),
            OAuthCaller::Confidential(basic) => {
                Client::Confidential(basic.id, basic.secret.expose_secret().to_owned())
            }
        })
    }
}

fn read_form<T: DeserializeOwned>(body: &[u8]) -> Result<(), Refusal> {
    form::decode::<T>(body).map(drop).map_err(|problem| refusal(&problem))
}

fn refusal(problem: &Problem) -> Refusal {
    Refusal { code: problem.code().as_str(), explanation: problem.explanation().to_owned() }
}
