//! Reading a request body, within bounds of size and time.

use std::error::Error;

use axum::body::Bytes;
use axum::extract::Request;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower_http::timeout::TimeoutError;

use super::codes::Code;
use super::problem::Problem;

/// The largest body that is read, in bytes.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;

/// The whole body. Too large is 413, too slow 408 (the deadline is set by the layers), broken off 400.
pub(crate) async fn read(request: Request) -> Result<Bytes, Problem> {
    match Limited::new(request.into_body(), BODY_LIMIT).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if is_caused_by::<LengthLimitError>(&*error) => Err(Problem::new(Code::PayloadTooLarge)),
        Err(error) if is_caused_by::<TimeoutError>(&*error) => Err(Problem::new(Code::RequestTimeout)),
        Err(_) => Err(Problem::new(Code::InvalidRequest).detail("the body could not be read to its end")),
    }
}

/// Whether the one `Content-Type` is `expected`, in UTF-8 as far as it names a charset.
pub(crate) fn has_type(headers: &HeaderMap, expected: &str) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Ok(value) = value.to_str() else { return false };
    let mut parts = value.split(';').map(str::trim);
    parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case(expected))
        && parts.all(is_harmless_parameter)
}

fn is_harmless_parameter(parameter: &str) -> bool {
    match parameter.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    }
}

fn is_caused_by<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<E>() {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_content_type_is_compared_without_case_and_with_its_charset() {
        let cases: &[(&[&str], bool)] = &[
            (&["application/json"], true),
            (&["Application/JSON; charset=UTF-8"], true),
            (&["application/json;charset=\"utf-8\""], true),
            (&["application/json; charset=latin1"], false),
            (&["application/jsonp"], false),
            (&["text/plain"], false),
            (&["application/json", "text/plain"], false),
            (&[], false),
        ];
        for (values, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in *values {
                headers.append(header::CONTENT_TYPE, HeaderValue::from_static(value));
            }
            assert_eq!(has_type(&headers, "application/json"), *expected, "{values:?}");
        }
    }
}
