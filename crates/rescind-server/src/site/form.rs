//! Forms: what they send, and the token that shows that it was ours.

use aws_lc_rs::hmac;
use axum::extract::{FromRequest, FromRequestParts, Request};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use rescind::entropy::{Entropy, random_bytes};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::http::{Problem, body, form};

/// What a browser keeps in a cookie that no page and no script can read, and what the token in a form is made from. A page of
/// another origin can neither read it nor put one in its place: the cookie's name forbids that.
#[derive(Clone)]
pub(super) struct FormSecret(String);

/// The token in a form. It is no secret's own text: who sees a page does not learn the cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FormToken(pub(super) String);

impl FormSecret {
    pub(super) fn new(entropy: &dyn Entropy) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random_bytes::<32>(entropy)))
    }

    /// The secret in a cookie; none where that is none of ours.
    pub(super) fn of_cookie(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn token(&self) -> FormToken {
        FormToken(URL_SAFE_NO_PAD.encode(hmac::sign(&self.key(), CONTEXT)))
    }

    /// Whether `token` was made from this secret; compared in constant time.
    pub(super) fn matches(&self, token: &str) -> bool {
        let Ok(tag) = URL_SAFE_NO_PAD.decode(token) else { return false };
        hmac::verify(&self.key(), CONTEXT, &tag).is_ok()
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes())
    }
}

const CONTEXT: &[u8] = b"rescind form token 1";

/// What a form sent: fields that are empty count as left out, unknown ones are ignored, as browsers add some. [`super::guard`] has looked at
/// its token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Fields<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        form::decode(&body::read(request).await?).map(Self)
    }
}

/// What stands in a page's address, read as [`Fields`] are: a form that searches sends its empty fields too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        form::decode(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}

/// The token among the fields of `body`, if there is one and one only.
pub(super) fn token_in(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Only {
        form_token: String,
    }
    form::decode::<Only>(body).ok().map(|only| only.form_token)
}

#[cfg(test)]
mod tests {
    use rescind::system::SystemEntropy;

    use super::*;

    #[test]
    fn a_token_is_good_for_its_own_secret_only() {
        let (mine, other) = (FormSecret::new(&SystemEntropy), FormSecret::new(&SystemEntropy));
        let token = mine.token().0;
        assert!(mine.matches(&token));
        assert!(FormSecret::of_cookie(mine.as_str()).is_some_and(|again| again.matches(&token)));
        assert!(!other.matches(&token));
        for wrong in ["", "AA", mine.as_str(), &token[1..], &format!("{token}=")] {
            assert!(!mine.matches(wrong), "{wrong}");
        }
        for none in ["", "short", &"A".repeat(44), "not base64 at all, but long enough to be"] {
            assert!(FormSecret::of_cookie(none).is_none(), "{none}");
        }
    }

    #[test]
    fn the_token_is_found_among_the_fields_once() {
        assert_eq!(token_in(b"a=1&form_token=x&b="), Some("x".into()));
        for none in [&b""[..], b"form_token=", b"form_token=x&form_token=x", b"a=1"] {
            assert_eq!(token_in(none), None);
        }
    }
}
