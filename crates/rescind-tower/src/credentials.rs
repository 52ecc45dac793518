//! Where a request carries its token: read, not yet believed.

use std::ops::Range;

use http::{HeaderMap, HeaderValue, header};

use crate::denial::Reason;

/// A token as it lies in a request, unchecked.
#[derive(Clone, Copy)]
pub(crate) struct Presented<'h> {
    pub(crate) token: &'h str,
    /// The header that the token is a part of.
    value: &'h HeaderValue,
}

/// A token as it was presented, kept without being copied.
#[derive(Clone)]
pub(crate) struct Kept {
    value: HeaderValue,
    /// Where the token stands in it.
    at: Range<usize>,
}

impl Presented<'_> {
    pub(crate) fn keep(&self) -> Kept {
        let start = self.token.as_ptr().addr() - self.value.as_bytes().as_ptr().addr();
        Kept { value: self.value.clone(), at: start..start + self.token.len() }
    }
}

impl Kept {
    pub(crate) fn is(&self, presented: &Presented<'_>) -> bool {
        self.value.as_bytes().get(self.at.clone()) == Some(presented.token.as_bytes())
    }
}

/// The token that a request carries: in `Authorization`, else in the cookie of that name, where one is named. A scheme other than
/// `Bearer` counts as none (RFC 6750 §3.1). The query and the body are never read.
///
/// # Errors
/// [`Reason::Ambiguous`] for what is there twice, [`Reason::Malformed`] for what is no token.
pub(crate) fn find<'h>(
    headers: &'h HeaderMap,
    cookie: Option<&str>,
) -> Result<Option<Presented<'h>>, Reason> {
    match (in_authorization(headers)?, cookie) {
        (None, Some(name)) => in_cookie(headers, name),
        (found, _) => Ok(found),
    }
}

fn in_authorization(headers: &HeaderMap) -> Result<Option<Presented<'_>>, Reason> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Reason::Ambiguous);
    }
    let bytes = value.as_bytes();
    let (scheme, rest) = bytes.split_at(bytes.iter().position(|b| *b == b' ').unwrap_or(bytes.len()));
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Ok(None);
    }
    let token = well_formed(rest.trim_ascii_start())?;
    Ok(Some(Presented { token, value }))
}

/// An empty cookie is what a sign-out leaves behind: none. Two are refused even where they are alike: one of them may come from
/// another site below the same domain.
fn in_cookie<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<Presented<'h>>, Reason> {
    let mut found = None;
    // HTTP/2 may send each cookie in a field of its own (RFC 9113 §8.2.3).
    for value in headers.get_all(header::COOKIE) {
        for pair in value.as_bytes().split(|b| *b == b';') {
            let Some(text) = value_of(pair, name) else { continue };
            if found.replace((value, text)).is_some() {
                return Err(Reason::Ambiguous);
            }
        }
    }
    match found {
        None | Some((_, [])) => Ok(None),
        Some((value, text)) => Ok(Some(Presented { token: well_formed(text)?, value })),
    }
}

fn value_of<'p>(pair: &'p [u8], name: &str) -> Option<&'p [u8]> {
    let at = pair.iter().position(|b| *b == b'=')?;
    (pair[..at].trim_ascii() == name.as_bytes()).then(|| pair[at + 1..].trim_ascii())
}

/// `b64token` of RFC 6750 §2.1. Whatever else could be in a header, be it bytes that are no text, is no token.
fn well_formed(token: &[u8]) -> Result<&str, Reason> {
    let text = std::str::from_utf8(token).map_err(|_| Reason::Malformed)?;
    let body = text.trim_end_matches('=');
    let is_token = !body.is_empty()
        && body
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/'));
    if is_token { Ok(text) } else { Err(Reason::Malformed) }
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn found(lines: &[(HeaderName, &[u8])], cookie: Option<&str>) -> Result<Option<String>, Reason> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        let presented = find(&headers, cookie)?;
        assert!(presented.is_none_or(|presented| presented.keep().is(&presented)));
        Ok(presented.map(|presented| presented.token.to_owned()))
    }

    fn authorization(value: &[u8]) -> Result<Option<String>, Reason> {
        found(&[(header::AUTHORIZATION, value)], None)
    }

    fn cookies(lines: &[&str]) -> Result<Option<String>, Reason> {
        let lines: Vec<_> = lines.iter().map(|line| (header::COOKIE, line.as_bytes())).collect();
        found(&lines, Some("access"))
    }

    #[test]
    fn a_bearer_token_is_read_whatever_the_case_of_its_scheme() {
        for value in ["Bearer a.b-c_~+/==", "bearer a.b-c_~+/==", "bEARER   a.b-c_~+/=="] {
            assert_eq!(authorization(value.as_bytes()), Ok(Some("a.b-c_~+/==".to_owned())), "{value}");
        }
    }

    #[test]
    fn another_scheme_counts_as_none() {
        for value in ["", "Basic aTpz", "Digest x", "DPoP a.b.c", "Bearertoken", "Bearer\ta.b.c", "a.b.c"] {
            assert_eq!(authorization(value.as_bytes()), Ok(None), "{value}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused_and_never_taken_for_none() {
        let cases: [&[u8]; 11] = [
            b"Bearer",
            b"Bearer ",
            b"Bearer =",
            b"Bearer a b",
            b"Bearer a.b.c ",
            b"Bearer a,b",
            b"Bearer a, Bearer b",
            b"Bearer a=b",
            b"Bearer \"a.b.c\"",
            b"Bearer \xc3\xa9",
            b"Bearer \xff\xfe",
        ];
        for value in cases {
            assert_eq!(authorization(value), Err(Reason::Malformed), "{value:?}");
        }
    }

    #[test]
    fn two_headers_are_refused_even_where_they_are_alike_or_of_another_scheme() {
        for second in ["Bearer a", "Basic aTpz", ""] {
            let lines: [(_, &[u8]); 2] =
                [(header::AUTHORIZATION, b"Bearer a"), (header::AUTHORIZATION, second.as_bytes())];
            assert_eq!(found(&lines, None), Err(Reason::Ambiguous), "{second}");
        }
    }

    #[test]
    fn the_named_cookie_is_read_wherever_it_stands() {
        for lines in [
            ["access=a.b.c"].as_slice(),
            &["x=1; access=a.b.c; y=\"q; uoted\""],
            &["x=1;access=a.b.c;"],
            &["x=1", "access=a.b.c", "y=2"],
            &["access ; ; =; access = a.b.c"],
            &["xaccess=1; access2=2; ACCESS=3; access=a.b.c"],
        ] {
            assert_eq!(cookies(lines), Ok(Some("a.b.c".to_owned())), "{lines:?}");
        }
    }

    #[test]
    fn a_cookie_that_is_not_there_or_empty_is_none() {
        for lines in [[].as_slice(), &["x=1"], &["access"], &["access="], &["access= "], &["x=access=a.b.c"]]
        {
            assert_eq!(cookies(lines), Ok(None), "{lines:?}");
        }
    }

    #[test]
    fn a_cookie_that_is_no_token_or_there_twice_is_refused() {
        for lines in [["access=\"a.b.c\""].as_slice(), &["access=a b"], &["access=a%2Eb"], &["access=é"]] {
            assert_eq!(cookies(lines), Err(Reason::Malformed), "{lines:?}");
        }
        for lines in [
            ["access=a; access=a"].as_slice(),
            &["access=a", "access=b"],
            &["access=a; access="],
            &["access=;access="],
        ] {
            assert_eq!(cookies(lines), Err(Reason::Ambiguous), "{lines:?}");
        }
    }

    #[test]
    fn the_header_goes_before_the_cookie_which_nobody_reads_unasked() {
        let both: [(_, &[u8]); 2] = [(header::AUTHORIZATION, b"Bearer a"), (header::COOKIE, b"access=b")];
        assert_eq!(found(&both, Some("access")), Ok(Some("a".to_owned())));
        let malformed: [(_, &[u8]); 2] = [(header::AUTHORIZATION, b"Bearer"), (header::COOKIE, b"access=b")];
        assert_eq!(found(&malformed, Some("access")), Err(Reason::Malformed), "it does not fall back");
        let other: [(_, &[u8]); 2] = [(header::AUTHORIZATION, b"Basic aTpz"), (header::COOKIE, b"access=b")];
        assert_eq!(found(&other, Some("access")), Ok(Some("b".to_owned())));
        assert_eq!(found(&[(header::COOKIE, b"access=b")], None), Ok(None));
    }
}
