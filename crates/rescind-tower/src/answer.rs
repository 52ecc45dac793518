//! From a denial to a response: over HTTP as the authority's own API answers, over gRPC as gRPC does.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};

use crate::denial::Denial;

/// What stands in the body of a response that turns a request away. Status and headers are not up to it, so that nothing that is
/// turned away looks as though it had passed.
///
/// [`Problems`] and [`NoBodies`] serve most services; one with its own form of errors implements it:
///
/// ```
/// use http::HeaderValue;
/// use rescind_tower::{Bodies, Denial};
///
/// #[derive(Clone)]
/// struct PlainText;
///
/// impl<B: From<String>> Bodies<B> for PlainText {
///     fn body(&self, denial: &Denial) -> (Option<HeaderValue>, B) {
///         (Some(HeaderValue::from_static("text/plain")), denial.to_string().into())
///     }
///
///     fn empty(&self) -> B {
///         String::new().into()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` makes no response body of the type `{B}`",
    note = "where the body is not made from bytes, as a boxed one and tonic's are not, add `.without_bodies()` to `Protect`"
)]
pub trait Bodies<B> {
    /// The body for a denial, and its `Content-Type`.
    ///
    /// ```
    /// # use http::Extensions;
    /// # use rescind_tower::Authenticated;
    /// # let denial = Authenticated::required(&Extensions::new()).unwrap_err();
    /// use rescind_tower::{Bodies as _, Problems};
    ///
    /// let (content_type, body): (_, Vec<u8>) = Problems.body(&denial);
    /// assert_eq!(content_type.unwrap(), "application/problem+json");
    /// assert!(body.starts_with(b"{"));
    /// ```
    fn body(&self, denial: &Denial) -> (Option<HeaderValue>, B);

    /// A body of no bytes, for what is told in headers only: to callers of gRPC.
    ///
    /// ```
    /// use rescind_tower::{Bodies as _, Problems};
    ///
    /// let body: Vec<u8> = Problems.empty();
    /// assert!(body.is_empty());
    /// ```
    fn empty(&self) -> B;
}

/// `application/problem+json` (RFC 9457), with the members `type`, `title`, `status`, `detail` and `code`.
///
/// ```
/// # use http::Extensions;
/// # use rescind_tower::Authenticated;
/// # let denial = Authenticated::required(&Extensions::new()).unwrap_err();
/// use rescind_tower::Problems;
///
/// let response = denial.respond::<Vec<u8>>(&Problems);
/// let problem: serde_json::Value = serde_json::from_slice(response.body())?;
/// assert_eq!(problem["code"], "authentication_required");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Problems;

/// No body at all: for body types that are not made from bytes.
///
/// ```
/// # use http::Extensions;
/// # use rescind_tower::Authenticated;
/// # let denial = Authenticated::required(&Extensions::new()).unwrap_err();
/// use rescind_tower::NoBodies;
///
/// assert_eq!(denial.respond::<String>(&NoBodies).body(), "");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBodies;

impl<B: From<Bytes>> Bodies<B> for Problems {
    fn body(&self, denial: &Denial) -> (Option<HeaderValue>, B) {
        let status = denial.status();
        // Of `about:blank` the title is the status's own (RFC 9457 §4.2.1).
        let document = serde_json::json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": denial.detail(),
            "code": denial.code(),
        });
        let content_type = HeaderValue::from_static("application/problem+json");
        (Some(content_type), Bytes::from(document.to_string()).into())
    }

    fn empty(&self) -> B {
        Bytes::new().into()
    }
}

impl<B: Default> Bodies<B> for NoBodies {
    fn body(&self, _: &Denial) -> (Option<HeaderValue>, B) {
        (None, B::default())
    }

    fn empty(&self) -> B {
        B::default()
    }
}

impl Denial {
    /// The response over HTTP: status, challenge, `Retry-After` of a 503, and `Cache-Control: no-store`.
    ///
    /// ```
    /// # use http::Extensions;
    /// # use rescind_tower::Authenticated;
    /// # let denial = Authenticated::required(&Extensions::new()).unwrap_err();
    /// use rescind_tower::NoBodies;
    ///
    /// let response = denial.respond::<String>(&NoBodies);
    /// assert_eq!(response.status(), 401);
    /// assert_eq!(response.headers()["cache-control"], "no-store");
    /// ```
    pub fn respond<B>(&self, bodies: &impl Bodies<B>) -> Response<B> {
        let (content_type, body) = bodies.body(self);
        let mut response = Response::new(body);
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let retry_after = self.retry_after().map(|wait| HeaderValue::from(wait.as_secs().max(1)));
        for (name, value) in [
            (header::CONTENT_TYPE, content_type),
            (header::WWW_AUTHENTICATE, self.challenge()),
            (header::RETRY_AFTER, retry_after),
        ] {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
        response
    }

    /// The response over gRPC: status 200, and what happened in the headers, since there is no message.
    fn respond_over_grpc<B>(&self, content_type: &'static str, bodies: &impl Bodies<B>) -> Response<B> {
        let mut response = Response::new(bodies.empty());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert("grpc-status", HeaderValue::from(self.grpc_code()));
        // The codes hold nothing that had to be percent-encoded.
        headers.insert("grpc-message", HeaderValue::from_static(self.code()));
        response
    }
}

/// How whoever sent a request expects to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Http,
    /// With this content type.
    Grpc(&'static str),
}

impl Dialect {
    /// That of a request with these headers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(header::CONTENT_TYPE).map_or(b"".as_slice(), HeaderValue::as_bytes);
        ["application/grpc-web-text", "application/grpc-web", "application/grpc"]
            .into_iter()
            .find(|grpc| is_media_type(given, grpc))
            .map_or(Self::Http, Self::Grpc)
    }

    pub(crate) fn respond<B>(self, denial: &Denial, bodies: &impl Bodies<B>) -> Response<B> {
        match self {
            Self::Http => denial.respond(bodies),
            Self::Grpc(content_type) => denial.respond_over_grpc(content_type, bodies),
        }
    }
}

/// `application/grpc` is also `application/grpc+proto` and `application/grpc; charset=utf-8`.
fn is_media_type(given: &[u8], wanted: &str) -> bool {
    let (start, rest) = given.split_at(wanted.len().min(given.len()));
    start.eq_ignore_ascii_case(wanted.as_bytes()) && matches!(rest.first(), None | Some(b'+' | b';' | b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_answered_in_the_way_that_it_speaks() {
        let cases = [
            ("", None),
            ("application/json", None),
            ("application/grpcx", None),
            ("application/grp", None),
            ("text/plain; application/grpc", None),
            ("application/grpc", Some("application/grpc")),
            ("application/grpc+proto", Some("application/grpc")),
            ("Application/gRPC; charset=utf-8", Some("application/grpc")),
            ("application/grpc-web+proto", Some("application/grpc-web")),
            ("application/grpc-web-text", Some("application/grpc-web-text")),
        ];
        for (given, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(given));
            let expected = expected.map_or(Dialect::Http, Dialect::Grpc);
            assert_eq!(Dialect::of(&headers), expected, "{given}");
        }
        assert_eq!(Dialect::of(&HeaderMap::new()), Dialect::Http);
    }
}
