//! What a reader would like to get (RFC 9110 §12.5). Whoever asks for what there is not, gets JSON as it is.

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING, HeaderName};

/// Whether `named` is asked for by its name, and not liked less than `other`.
pub(super) fn prefers(headers: &HeaderMap, named: &str, other: &str) -> bool {
    let wanted = weight(headers, &ACCEPT, |range| range.eq_ignore_ascii_case(named));
    // The most specific range counts, whatever the others say.
    let other = weight(headers, &ACCEPT, |range| range.eq_ignore_ascii_case(other))
        .or_else(|| weight(headers, &ACCEPT, |range| range.eq_ignore_ascii_case("application/*")))
        .or_else(|| weight(headers, &ACCEPT, |range| range == "*/*"));
    wanted.is_some_and(|wanted| wanted > 0 && wanted >= other.unwrap_or(0))
}

/// Whether the answer may come compressed.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let named = |name: &str| name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip");
    let any = |name: &str| name == "*";
    weight(headers, &ACCEPT_ENCODING, named)
        .or_else(|| weight(headers, &ACCEPT_ENCODING, any))
        .is_some_and(|weight| weight > 0)
}

/// The weight, in thousandths, of the last item that `is_meant`.
fn weight(headers: &HeaderMap, name: &HeaderName, is_meant: impl Fn(&str) -> bool) -> Option<u16> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let items = values.flat_map(|value| value.split(','));
    items
        .filter_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let meant = parts.next().is_some_and(&is_meant);
            meant.then(|| parts.find_map(quality).unwrap_or(1000))
        })
        .last()
}

/// `q=0.5` is 500. What cannot be read is 0: better not than something unwanted.
fn quality(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let digits = format!("{whole}{fraction:0<3}");
    Some(digits.parse().ok().filter(|weight| *weight <= 1000).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const COMPACT: &str = "application/vnd.rescind.snapshot";

    fn compact(accept: &str) -> bool {
        prefers(&headers(ACCEPT, accept), COMPACT, "application/json")
    }

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn the_compact_form_comes_where_it_is_asked_for_by_name() {
        for accept in [
            COMPACT,
            "Application/Vnd.Rescind.Snapshot",
            "application/vnd.rescind.snapshot;q=0.5",
            "application/vnd.rescind.snapshot, application/json;q=0.9",
            "application/vnd.rescind.snapshot, */*;q=0.1",
            "text/html, application/vnd.rescind.snapshot;v=1;q=0.7, application/json; q=0.7",
        ] {
            assert!(compact(accept), "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "application/*",
            "application/json",
            "application/vnd.rescind.snapshot;q=0",
            "application/vnd.rescind.snapshot;q=x",
            "application/vnd.rescind.snapshot;q=0.2, application/json",
            "application/vnd.rescind.snapshot;q=0.2, */*;q=0.3",
        ] {
            assert!(!compact(accept), "{accept}");
        }
        assert!(!prefers(&HeaderMap::new(), COMPACT, "application/json"));
    }

    #[test]
    fn it_comes_compressed_where_that_is_understood() {
        for encoding in ["gzip", "br, GZIP;q=0.001", "*", "x-gzip"] {
            assert!(takes_gzip(&headers(ACCEPT_ENCODING, encoding)), "{encoding}");
        }
        for encoding in ["", "br", "gzip;q=0", "*, gzip;q=0.000", "identity", "gzip;q=1.5"] {
            assert!(!takes_gzip(&headers(ACCEPT_ENCODING, encoding)), "{encoding}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
