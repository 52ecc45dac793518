//! The id that ties an answer, its log lines and its audit entries together.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use rescind::clock::Clock;
use rescind::entropy::{Entropy, uuid_v7};

/// The header that carries it, in and out.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request being answered: the caller's own if it sent a well-formed one, else a fresh UUID of
/// version 7.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    /// The id that `headers` bring along, or a fresh one.
    pub(crate) fn of(headers: &HeaderMap, clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
        Self::incoming(headers).unwrap_or_else(|| Self::fresh(clock, entropy))
    }

    /// The id as text: 1 to 128 characters of `A-Z a-z 0-9 . _ -`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a header value.
    pub(crate) fn to_header(&self) -> HeaderValue {
        // Every character of an id is allowed in a header.
        HeaderValue::from_str(&self.0).unwrap_or(HeaderValue::from_static("-"))
    }

    fn incoming(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(HEADER).iter();
        let text = values.next()?.to_str().ok()?;
        (values.next().is_none() && is_well_formed(text)).then(|| Self(text.into()))
    }

    fn fresh(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
        let mut buffer = uuid::Uuid::encode_buffer();
        Self((&*uuid_v7(clock.now(), entropy).hyphenated().encode_lower(&mut buffer)).into())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_well_formed(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use rescind::system::{SystemClock, SystemEntropy};

    use super::*;

    fn id_for(values: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_bytes(value).unwrap());
        }
        RequestId::of(&headers, &SystemClock, &SystemEntropy).to_string()
    }

    #[test]
    fn a_well_formed_id_is_kept() {
        let longest = "a".repeat(128);
        for id in ["a", "0198.b_C-9", &longest] {
            assert_eq!(id_for(&[id.as_bytes()]), id);
        }
    }

    #[test]
    fn anything_else_is_replaced_by_a_fresh_uuid() {
        let too_long = "a".repeat(129);
        let cases: &[&[&[u8]]] = &[
            &[],
            &[b""],
            &[b"a b"],
            &[b"a\"b"],
            &[b"<b>"],
            &[b"\xff"],
            &[too_long.as_bytes()],
            &[b"a", b"b"],
        ];
        for case in cases {
            let id: uuid::Uuid = id_for(case).parse().unwrap();
            assert_eq!(id.get_version_num(), 7);
        }
    }
}
