//! Where a caller is: its own address, or what a trusted proxy says of it.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The other end of the connection, put into the extensions of every request by [`serve`](super::serve::serve).
///
/// ```
/// use axum::{Extension, Router, routing::get};
/// use rescind_server::http::serve::PeerAddr;
///
/// async fn whoami(Extension(PeerAddr(peer)): Extension<PeerAddr>) -> String {
///     // A proxy's, where there is one in front.
///     peer.ip().to_string()
/// }
/// let app: Router = Router::new().route("/whoami", get(whoami));
/// # drop(app);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PeerAddr(pub SocketAddr);

/// The address of the caller. As an extractor it never fails; it is `0.0.0.0` where there is no connection, as in
/// a unit test without a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientIp(pub(crate) IpAddr);

impl ClientIp {
    /// The address of a caller whose connection comes from `peer`.
    ///
    /// `X-Forwarded-For` is written from left to right by everybody on the way, the first of them being the
    /// caller itself, who can write anything. So it is read from right to left, only as long as the one who
    /// wrote it is in `trusted`, and no further than the first entry that is no address. `Forwarded` is ignored.
    pub(crate) fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
        let mut nearest = peer.to_canonical();
        for hop in hops(headers) {
            if !is_trusted(&nearest) {
                break;
            }
            match hop {
                Some(ip) => nearest = ip,
                None => break,
            }
        }
        Self(nearest)
    }
}

impl<S: Sync> FromRequestParts<S> for ClientIp {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or(Self(Ipv4Addr::UNSPECIFIED.into())))
    }
}

/// The entries from right to left; several headers are one list (RFC 9110 §5.3).
fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    headers
        .get_all(FORWARDED_FOR)
        .iter()
        .rev()
        .flat_map(|value| value.as_bytes().rsplit(|b| *b == b','))
        .map(|entry| address(std::str::from_utf8(entry).ok()?.trim()))
}

/// An address, with or without a port: some proxies add it.
fn address(text: &str) -> Option<IpAddr> {
    let ip = match text.parse::<IpAddr>() {
        Ok(ip) => ip,
        Err(_) => match text.parse::<SocketAddr>() {
            Ok(address) => address.ip(),
            Err(_) => text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?,
        },
    };
    Some(ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "fd00::/8"].iter().map(|net| net.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
        }
        headers.insert("forwarded", HeaderValue::from_static("for=6.6.6.6"));
        ClientIp::of(peer.parse().unwrap(), &headers, &trusted).0.to_string()
    }

    #[test]
    fn a_stranger_is_believed_nothing() {
        assert_eq!(seen("192.0.2.1", &["1.1.1.1"]), "192.0.2.1");
        assert_eq!(seen("::ffff:192.0.2.1", &[]), "192.0.2.1");
    }

    #[test]
    fn the_list_is_read_from_the_right_past_trusted_proxies() {
        let cases: &[(&[&str], &str)] = &[
            (&[], "10.0.0.1"),
            (&["192.0.2.1"], "192.0.2.1"),
            // What the caller forged stands to the left of what the proxy saw.
            (&["6.6.6.6, 192.0.2.1"], "192.0.2.1"),
            (&["6.6.6.6, 192.0.2.1, 10.0.0.2,fd00::1"], "192.0.2.1"),
            (&["6.6.6.6, 192.0.2.1", "10.0.0.2"], "192.0.2.1"),
            (&["192.0.2.1:4711"], "192.0.2.1"),
            (&["[2001:db8::1]:443"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["::ffff:192.0.2.1"], "192.0.2.1"),
            // What cannot be read ends the walk at the last one known.
            (&["192.0.2.1, unknown"], "10.0.0.1"),
            (&["192.0.2.1, , 10.0.0.2"], "10.0.0.2"),
            (&[""], "10.0.0.1"),
        ];
        for (forwarded, expected) in cases {
            assert_eq!(seen("10.0.0.1", forwarded), *expected, "{forwarded:?}");
        }
    }
}
