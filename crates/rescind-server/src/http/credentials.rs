//! Who a caller says it is: read, not yet believed.

use axum::extract::FromRequestParts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};

use super::codes::Code;
use super::oauth_error::{OAuthError, OAuthErrorCode};
use super::problem::Problem;

/// The credentials of a call under `/api`. Two `Authorization` headers are refused with 400, malformed ones of a
/// known scheme with 401; an unknown scheme counts as none (RFC 6750 §3.1).
#[derive(Debug, Default)]
pub(crate) enum Credentials {
    /// None came.
    #[default]
    Nothing,
    /// A token (RFC 6750 §2.1), unchecked.
    Bearer(SecretString),
    /// An API client (RFC 7617), unchecked.
    Basic(BasicCredentials),
}

/// A client's id and secret, unchecked.
#[derive(Debug)]
pub(crate) struct BasicCredentials {
    /// The id that it claims.
    pub(crate) id: String,
    /// The secret that is to prove it.
    pub(crate) secret: SecretString,
}

/// The credentials of a call under `/oauth2`: as [`Credentials`], but Basic ones are form-decoded (RFC 6749
/// §2.3.1). To be combined with those of the body by [`OAuthCredentials::with_body`].
#[derive(Debug)]
pub(crate) struct OAuthCredentials(pub(crate) Credentials);

/// How a client of `/oauth2` identified itself.
#[derive(Debug)]
pub(crate) enum OAuthCaller {
    /// Not at all.
    Nobody,
    /// With a bearer token, unchecked.
    Bearer(SecretString),
    /// By name only, as a public client.
    Public(String),
    /// With a secret, unchecked.
    Confidential(BasicCredentials),
}

impl OAuthCredentials {
    /// What these headers say.
    ///
    /// # Errors
    /// `invalid_request` for two `Authorization` headers, `invalid_client` and `invalid_token` for malformed ones.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, OAuthError> {
        Ok(Self(parse(headers, Encoding::Form)?))
    }

    /// Combines what the header and the body say.
    ///
    /// # Errors
    /// `invalid_request` where they use two methods at once (RFC 6749 §2.3) or name two clients; `invalid_client`
    /// for a secret without a client.
    pub(crate) fn with_body(
        self,
        client_id: Option<String>,
        client_secret: Option<SecretString>,
    ) -> Result<OAuthCaller, OAuthError> {
        match (self.0, client_id, client_secret) {
            (Credentials::Nothing, None, None) => Ok(OAuthCaller::Nobody),
            (Credentials::Nothing, Some(id), None) => Ok(OAuthCaller::Public(id)),
            (Credentials::Nothing, Some(id), Some(secret)) => {
                Ok(OAuthCaller::Confidential(BasicCredentials { id, secret }))
            }
            (Credentials::Nothing, None, Some(_)) => {
                Err(OAuthError::new(OAuthErrorCode::InvalidClient, "client_secret came without client_id"))
            }
            (_, _, Some(_)) => Err(twice("credentials came in the header and in the body")),
            (Credentials::Bearer(token), _, None) => Ok(OAuthCaller::Bearer(token)),
            (Credentials::Basic(basic), Some(id), None) if id != basic.id => {
                Err(twice("the header and the body name different clients"))
            }
            (Credentials::Basic(basic), _, None) => Ok(OAuthCaller::Confidential(basic)),
        }
    }
}

fn twice(description: &'static str) -> OAuthError {
    OAuthError::new(OAuthErrorCode::InvalidRequest, description)
}

impl<S: Sync> FromRequestParts<S> for Credentials {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse(&parts.headers, Encoding::Plain)
    }
}

impl<S: Sync> FromRequestParts<S> for OAuthCredentials {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, OAuthError> {
        Self::of(&parts.headers)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Plain,
    Form,
}

fn parse(headers: &HeaderMap, encoding: Encoding) -> Result<Credentials, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(Credentials::Nothing) };
    if values.next().is_some() {
        return Err(Problem::new(Code::InvalidRequest).detail("there are two Authorization headers"));
    }
    let value = value.as_bytes();
    let (scheme, rest) = value.split_at(value.iter().position(|b| *b == b' ').unwrap_or(value.len()));
    let rest = rest.trim_ascii_start();
    if scheme.eq_ignore_ascii_case(b"bearer") {
        bearer(rest)
    } else if scheme.eq_ignore_ascii_case(b"basic") {
        basic(rest, encoding)
    } else {
        Ok(Credentials::Nothing)
    }
}

fn bearer(token: &[u8]) -> Result<Credentials, Problem> {
    let text = std::str::from_utf8(token).ok().filter(|token| is_b64token(token));
    let text = text.ok_or_else(|| {
        Problem::new(Code::InvalidToken).detail("the Authorization header holds no well-formed bearer token")
    })?;
    Ok(Credentials::Bearer(text.into()))
}

/// `b64token` of RFC 6750 §2.1.
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty()
        && body
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/'))
}

fn basic(encoded: &[u8], encoding: Encoding) -> Result<Credentials, Problem> {
    let malformed = || Problem::new(Code::InvalidClient).detail("the Basic credentials are malformed");
    let decoded = STANDARD.decode(encoded).map_err(|_| malformed())?;
    let pair = SecretString::from(String::from_utf8(decoded).map_err(|_| malformed())?);
    let pair = pair.expose_secret();
    let (id, secret) = pair.split_once(':').ok_or_else(malformed)?;
    let (id, secret) = match encoding {
        Encoding::Plain => (id.to_owned(), secret.to_owned()),
        Encoding::Form => {
            (form_decoded(id).ok_or_else(malformed)?, form_decoded(secret).ok_or_else(malformed)?)
        }
    };
    // RFC 7617 §2: control characters have no place in either.
    if id.is_empty() || id.chars().chain(secret.chars()).any(char::is_control) {
        return Err(malformed());
    }
    Ok(Credentials::Basic(BasicCredentials { id, secret: secret.into() }))
}

/// One name or value of `application/x-www-form-urlencoded`, refusing what no encoder writes.
fn form_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let ([high, low], tail) = rest.split_first_chunk().map(|(pair, tail)| (*pair, tail))?;
                let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                bytes.push(digit(high)? << 4 | digit(low)?);
                rest = tail;
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    fn parsed(value: &str, encoding: Encoding) -> Result<String, Code> {
        match parse(&headers(&[value.as_bytes()]), encoding) {
            Ok(Credentials::Nothing) => Ok("nothing".to_owned()),
            Ok(Credentials::Bearer(token)) => Ok(format!("bearer {}", token.expose_secret())),
            Ok(Credentials::Basic(basic)) => {
                Ok(format!("basic {}|{}", basic.id, basic.secret.expose_secret()))
            }
            Err(problem) => Err(problem.code()),
        }
    }

    fn basic_of(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn well_formed_credentials_are_read() {
        let cases = [
            ("Bearer a.b-c_~+/==", "bearer a.b-c_~+/=="),
            ("bEARER  x", "bearer x"),
            (&basic_of("id:se:cret"), "basic id|se:cret"),
            (&basic_of("id:"), "basic id|"),
            (&basic_of("id:a%3Ab+c"), "basic id|a%3Ab+c"),
            ("Digest x", "nothing"),
            ("", "nothing"),
        ];
        for (value, expected) in cases {
            assert_eq!(parsed(value, Encoding::Plain).as_deref(), Ok(expected), "{value}");
        }
        assert_eq!(parsed(&basic_of("i%64:a%3Ab+c"), Encoding::Form).as_deref(), Ok("basic id|a:b c"));
    }

    #[test]
    fn malformed_credentials_are_refused() {
        for value in
            ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer \u{e9}", "Bearer =", "Bearer a=b"]
        {
            assert_eq!(parsed(value, Encoding::Plain), Err(Code::InvalidToken), "{value}");
        }
        let cases = [
            "Basic".to_owned(),
            "Basic %%%".to_owned(),
            basic_of("id:secre").trim_end_matches('=').to_owned(),
            // The same text with other last bits, which a lenient decoder drops.
            "Basic aTpr".to_owned() + "Zh==",
            basic_of("no colon"),
            basic_of(":secret"),
            basic_of("id:a\nb"),
            format!("Basic {}", STANDARD.encode(b"id:\xff")),
        ];
        for value in &cases {
            assert_eq!(parsed(value, Encoding::Plain), Err(Code::InvalidClient), "{value}");
        }
        for pair in ["id:%", "id:%4", "id:%zz", "id:%ff"] {
            assert_eq!(parsed(&basic_of(pair), Encoding::Form), Err(Code::InvalidClient), "{pair}");
        }
    }

    #[test]
    fn two_headers_are_refused() {
        let error = parse(&headers(&[b"Bearer a", b"Bearer a"]), Encoding::Plain).unwrap_err();
        assert_eq!(error.code(), Code::InvalidRequest);
    }

    #[test]
    fn a_client_uses_one_method() {
        let basic =
            || OAuthCredentials(Credentials::Basic(BasicCredentials { id: "a".into(), secret: "s".into() }));
        let nothing = || OAuthCredentials(Credentials::Nothing);
        let error = |caller: Result<OAuthCaller, OAuthError>| caller.unwrap_err().error;
        assert_eq!(
            error(basic().with_body(Some("a".into()), Some("s".into()))),
            OAuthErrorCode::InvalidRequest
        );
        assert_eq!(error(basic().with_body(None, Some("s".into()))), OAuthErrorCode::InvalidRequest);
        assert_eq!(error(basic().with_body(Some("b".into()), None)), OAuthErrorCode::InvalidRequest);
        assert_eq!(error(nothing().with_body(None, Some("s".into()))), OAuthErrorCode::InvalidClient);
        assert!(matches!(basic().with_body(Some("a".into()), None), Ok(OAuthCaller::Confidential(_))));
        assert!(matches!(nothing().with_body(Some("a".into()), None), Ok(OAuthCaller::Public(_))));
    }

    #[test]
    fn credentials_cannot_be_printed() {
        let basic = parse(&headers(&[basic_of("id:hunter2").as_bytes()]), Encoding::Plain).unwrap();
        let bearer = parse(&headers(&[b"Bearer hunter2"]), Encoding::Plain).unwrap();
        assert!(!format!("{basic:?} {bearer:?}").contains("hunter2"));
    }
}
