//! Query parameters.

use std::collections::HashSet;

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::codes::Code;
use super::member;
use super::problem::Problem;

/// The query parameters. One that is missing, wrong, doubled or, where the type says `deny_unknown_fields`,
/// unknown is a 422 that names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        decode(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Reads `query` as [`Query`] does.
///
/// # Errors
/// `invalid_parameter`.
pub(crate) fn decode<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    if let Some(name) = doubled(query.as_bytes()) {
        return Err(member::problem(Code::InvalidParameter, &name, "stands twice"));
    }
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| member::refusal(Code::InvalidParameter, &error))
}

/// The first name that stands twice in `pairs`.
pub(super) fn doubled(pairs: &[u8]) -> Option<String> {
    let mut names = HashSet::new();
    form_urlencoded::parse(pairs)
        .map(|(name, _)| name)
        .find(|name| !names.insert(name.clone()))
        .map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::page::Page;

    #[test]
    fn a_page_has_bounds_and_defaults() {
        assert_eq!(decode::<Page>("").unwrap().limit.get(), 50);
        let page: Page = decode("limit=500&cursor=a%20b").unwrap();
        assert_eq!((page.limit.get(), page.cursor.as_deref()), (500, Some("a b")));
    }

    #[test]
    fn a_wrong_parameter_is_a_422_that_names_it() {
        for query in
            ["limit=0", "limit=501", "limit=-1", "limit=x", "limit=", "limit=1&limit=2", "li%6Dit=1&limit=1"]
        {
            let problem = decode::<Page>(query).unwrap_err();
            assert_eq!(problem.code(), Code::InvalidParameter, "{query}");
            assert!(problem.explanation().contains("`limit`"), "{query}: {}", problem.explanation());
        }
        let unknown = decode::<Page>("lim=3").unwrap_err();
        assert!(unknown.explanation().contains("`lim`"), "{}", unknown.explanation());
    }
}
