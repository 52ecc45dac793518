//! Strict JSON in, JSON out.

use std::collections::HashSet;
use std::fmt;

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use garde::Validate;
use http::{HeaderValue, header};
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::body;
use super::codes::Code;
use super::member;
use super::problem::Problem;

/// A JSON body: as an argument of a handler strictly read and validated, as its result written.
///
/// Refused are another content type (415), more than 64 KiB (413), malformed JSON, nesting beyond 128 levels and
/// a member that stands twice anywhere (400), and a member that is missing, wrong, invalid or, where the type says
/// `deny_unknown_fields`, unknown (422, naming it).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<T>(pub(crate) T);

/// A JSON body that may be left out: no body at all is `T::default()`, and anything else is read as [`Json`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct OptionalJson<T>(pub(crate) T);

/// What a call without members takes as [`OptionalJson`]: nothing, or an empty object.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoMembers {}

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !body::has_type(request.headers(), "application/json") {
            return Err(Problem::new(Code::UnsupportedMediaType));
        }
        decode(&body::read(request).await?).map(Self)
    }
}

impl<T, S> FromRequest<S> for OptionalJson<T>
where
    T: DeserializeOwned + Validate<Context = ()> + Default,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let is_json = body::has_type(request.headers(), "application/json");
        let bytes = body::read(request).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        if !is_json {
            return Err(Problem::new(Code::UnsupportedMediaType));
        }
        decode(&bytes).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
            }
            Err(error) => Problem::internal(&error).into_response(),
        }
    }
}

/// Reads `bytes` as [`Json`] does.
///
/// # Errors
/// `invalid_json` and `invalid_member`.
pub(crate) fn decode<T>(bytes: &[u8]) -> Result<T, Problem>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    check_syntax(bytes)?;
    // serde would fill a struct from an array too, member by member in the order of the declaration.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::new(Code::InvalidMember).detail("the body must be a JSON object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value: T = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| member::refusal(Code::InvalidMember, &error))?;
    value.validate().map_err(|report| member::invalid(Code::InvalidMember, &report))?;
    Ok(value)
}

/// serde notices a doubled member only where it fills a struct, so a first pass looks at all of them.
fn check_syntax(bytes: &[u8]) -> Result<(), Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    NoDuplicates.deserialize(&mut deserializer).and_then(|()| deserializer.end()).map_err(|error| {
        let problem = Problem::new(Code::InvalidJson);
        match error.classify() {
            serde_json::error::Category::Data => problem.detail("a member stands twice in the same object"),
            _ => problem.detail(format!(
                "the body is not one well-formed JSON value: line {}, column {}",
                error.line(),
                error.column()
            )),
        }
    })
}

/// Walks over a value, keeping nothing but the names of the objects that it is in.
struct NoDuplicates;

impl<'de> DeserializeSeed<'de> for NoDuplicates {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NoDuplicates {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("duplicate member"));
            }
            map.next_value_seed(Self)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while sequence.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    #[garde(allow_unvalidated)]
    #[allow(dead_code, reason = "read by the derived code only")]
    struct Example {
        #[garde(length(max = 5))]
        name: String,
        age: Option<u8>,
        #[serde(default)]
        claims: serde_json::Map<String, serde_json::Value>,
        inner: Option<Inner>,
        id: Option<uuid::Uuid>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "read by the derived code only")]
    struct Inner {
        kind: Kind,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Token,
        Session,
    }

    fn refused(body: &str) -> (&'static str, String, String) {
        let problem = decode::<Example>(body.as_bytes()).unwrap_err();
        let document = serde_json::to_value(problem_document(&problem)).unwrap();
        (
            problem.code().as_str(),
            document["member"].as_str().unwrap_or_default().to_owned(),
            problem.explanation().to_owned(),
        )
    }

    fn problem_document(problem: &Problem) -> serde_json::Value {
        let response = problem.clone().into_response();
        let bytes = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(axum::body::to_bytes(response.into_body(), usize::MAX))
            .unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn what_is_right_is_read() {
        let read: Example = decode(
            br#"{"name":"a","age":7,"claims":{"a":{"x":1},"b":[{"x":1},{"x":2}]},"inner":{"kind":"token"}}"#,
        )
        .unwrap();
        assert_eq!(read.name, "a");
    }

    #[test]
    fn what_is_not_json_is_a_400() {
        let deep =
            format!("{{\"name\":\"a\",\"claims\":{}1{}}}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
        let cases = [
            "",
            "{",
            "{\"name\":\"a\"} x",
            "{\"name\":\"a\"}{}",
            "{'name':'a'}",
            "{\"name\":\"a\",}",
            "\u{feff}{\"name\":\"a\"}",
            "{\"name\":\"a\",\"age\":1e400}",
            "{\"name\":\"a\",\"age\":NaN}",
            "{\"name\":\"a\",\"name\":\"b\"}",
            "{\"name\":\"a\",\"n\\u0061me\":\"b\"}",
            "{\"name\":\"a\",\"claims\":{\"x\":[{\"y\":1,\"y\":1}]}}",
            &deep,
        ];
        for case in cases {
            assert_eq!(refused(case).0, "invalid_json", "{}", &case[..case.len().min(60)]);
        }
        assert_eq!(decode::<Example>(b"{\"name\":\"\xff\"}").unwrap_err().code(), Code::InvalidJson);
    }

    #[test]
    fn a_wrong_member_is_a_422_that_names_it() {
        let cases = [
            ("{}", "name"),
            ("{\"name\":1}", "name"),
            ("{\"name\":null}", "name"),
            ("{\"name\":\"a\",\"age\":256}", "age"),
            ("{\"name\":\"a\",\"age\":\"hunter2\"}", "age"),
            ("{\"name\":\"a\",\"age\":1.5}", "age"),
            ("{\"name\":\"a\",\"extra\":1}", "extra"),
            ("{\"name\":\"a\",\"ex`, expected tra\":1}", "ex`, expected tra"),
            ("{\"name\":\"a\",\"claims\":[]}", "claims"),
            ("{\"name\":\"a\",\"inner\":{}}", "inner.kind"),
            ("{\"name\":\"a\",\"inner\":{\"kind\":\"hunter2\"}}", "inner.kind"),
            ("{\"name\":\"a\",\"inner\":{\"kind\":\"token\",\"x\":1}}", "inner.x"),
            ("{\"name\":\"a\",\"id\":\"hunter2\"}", "id"),
            ("{\"name\":\"longer\"}", "name"),
            ("[]", ""),
            ("[\"a\",7,{},null,null]", ""),
            ("null", ""),
            ("3", ""),
        ];
        for (case, expected) in cases {
            let (code, member, detail) = refused(case);
            assert_eq!((code, member.as_str()), ("invalid_member", expected), "{case}");
            assert!(!detail.contains("hunter2"), "{detail}");
        }
    }
}
