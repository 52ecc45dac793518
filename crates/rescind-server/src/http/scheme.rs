//! Over what a caller came to the first proxy, where a trusted one says so.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// What a trusted proxy says that it was asked over. Nobody else is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Plain HTTP, at least on a part of the way.
    Http,
    /// HTTPS.
    Https,
}

impl Scheme {
    /// What the proxy at `peer` says, if it is in `trusted` and says something.
    pub(crate) fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Option<Self> {
        let peer = peer.to_canonical();
        if !trusted.iter().any(|net| net.contains(&peer)) {
            return None;
        }
        let mut said = headers
            .get_all(FORWARDED_PROTO)
            .iter()
            .flat_map(|value| value.as_bytes().split(|b| *b == b','))
            .map(|part| part.trim_ascii().eq_ignore_ascii_case(b"https"))
            .peekable();
        said.peek()?;
        Some(if said.all(|secure| secure) { Self::Https } else { Self::Http })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_where_all_say_https() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let said = |peer: &str, values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            values.iter().for_each(|value| {
                headers.append(FORWARDED_PROTO, HeaderValue::from_static(value));
            });
            Scheme::of(peer.parse().unwrap(), &headers, &trusted)
        };
        assert_eq!(said("10.0.0.1", &["https"]), Some(Scheme::Https));
        assert_eq!(said("::ffff:10.0.0.1", &["HTTPS, https"]), Some(Scheme::Https));
        for plain in [&["http"][..], &["https, http"], &["https", "http"], &[""], &["https,"]] {
            assert_eq!(said("10.0.0.1", plain), Some(Scheme::Http), "{plain:?}");
        }
        assert_eq!(said("10.0.0.1", &[]), None);
        assert_eq!(said("192.0.2.1", &["https"]), None);
    }
}
