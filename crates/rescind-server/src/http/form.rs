//! The bodies of `/oauth2`.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::body;
use super::codes::Code;
use super::member;
use super::oauth_error::OAuthError;
use super::problem::Problem;
use super::query::doubled;

/// An `application/x-www-form-urlencoded` body as RFC 6749 §3.2 has it: a parameter without a value counts as
/// left out, an unknown one is ignored, and one that stands twice is refused.
///
/// The type must not say `deny_unknown_fields`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form<T>(pub(crate) T);

impl<T, S> FromRequest<S> for Form<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = OAuthError;

    async fn from_request(request: Request, _: &S) -> Result<Self, OAuthError> {
        if !body::has_type(request.headers(), "application/x-www-form-urlencoded") {
            let problem = Problem::new(Code::InvalidRequest)
                .detail("the body must be application/x-www-form-urlencoded, in UTF-8");
            return Err(problem.into());
        }
        Ok(Self(decode(&body::read(request).await?)?))
    }
}

/// Reads `body` as [`Form`] does.
///
/// # Errors
/// `invalid_request`, naming the parameter.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if let Some(name) = doubled(body) {
        return Err(member::problem(Code::InvalidRequest, &name, "stands twice"));
    }
    let mut given = form_urlencoded::Serializer::new(String::new());
    given.extend_pairs(form_urlencoded::parse(body).filter(|(_, value)| !value.is_empty()));
    let given = given.finish();
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(given.as_bytes()));
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| member::refusal(Code::InvalidRequest, &error))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Example {
        grant_type: String,
        scope: Option<String>,
    }

    #[test]
    fn an_unknown_parameter_is_ignored_and_an_empty_one_left_out() {
        let form: Example = decode(b"grant_type=a%26b+c&scope=&colour=red").unwrap();
        assert_eq!((form.grant_type.as_str(), form.scope), ("a&b c", None));
    }

    #[test]
    fn a_doubled_or_missing_parameter_is_refused() {
        for (body, name) in [
            ("", "grant_type"),
            ("grant_type=", "grant_type"),
            ("grant_type=a&grant_type=a", "grant_type"),
            ("grant_type=a&x=1&%78=1", "x"),
        ] {
            let problem = decode::<Example>(body.as_bytes()).unwrap_err();
            assert_eq!(problem.code(), Code::InvalidRequest, "{body}");
            assert!(problem.explanation().contains(&format!("`{name}`")), "{body}");
        }
    }
}
