//! Over what a browser came: a password is not taken over a channel that others can read.

use http::request::Parts;
use http::{Uri, header};

use crate::http::Scheme;
use crate::http::client_ip::PeerAddr;

/// Whether nobody between the browser and this process can listen: a trusted proxy says that it was asked over HTTPS, or the browser
/// asked for the issuer's own address, which is an HTTPS one, or it runs on this machine and asked for it by a loopback name.
pub(super) fn is_private(parts: &Parts, issuer: &str) -> bool {
    let Some(host) = host(parts) else { return false };
    let by_proxy = parts.extensions.get() == Some(&Scheme::Https);
    by_proxy || is_https_issuer(&host, issuer) || (is_loopback(&host) && came_from_here(parts))
}

/// The host and port that the browser asked for.
pub(super) fn host(parts: &Parts) -> Option<String> {
    let by_header = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    // HTTP/2 has it in the target (RFC 9113 §8.3.1).
    by_header.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str)).map(str::to_ascii_lowercase)
}

/// The host and port of a URL, without the port that its scheme has anyway.
pub(super) fn authority_of(url: &str) -> Option<(String, String)> {
    let url: Uri = url.parse().ok()?;
    let scheme = url.scheme_str()?.to_owned();
    let authority = url.authority()?.as_str().to_ascii_lowercase();
    Some((without_usual_port(&authority, &scheme), scheme))
}

/// `host` without the port that `scheme` has anyway.
pub(super) fn without_usual_port(host: &str, scheme: &str) -> String {
    let usual = if scheme == "https" { ":443" } else { ":80" };
    host.strip_suffix(usual).unwrap_or(host).to_owned()
}

fn is_https_issuer(host: &str, issuer: &str) -> bool {
    authority_of(issuer)
        .is_some_and(|(own, scheme)| scheme == "https" && own == without_usual_port(host, "https"))
}

fn came_from_here(parts: &Parts) -> bool {
    parts.extensions.get::<PeerAddr>().is_some_and(|peer| peer.0.ip().to_canonical().is_loopback())
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(host: &str, peer: &str, scheme: Option<Scheme>) -> Parts {
        let mut request = Request::builder().header("host", host).body(()).unwrap();
        request.extensions_mut().insert(PeerAddr(peer.parse().unwrap()));
        scheme.map(|scheme| request.extensions_mut().insert(scheme));
        request.into_parts().0
    }

    #[test]
    fn a_channel_is_private_by_https_or_on_this_machine() {
        let (here, there) = ("127.0.0.1:9", "192.0.2.1:9");
        for (host, peer, scheme, issuer, expected) in [
            ("localhost:8080", here, None, "http://localhost:8080", true),
            ("127.0.0.1:8080", here, None, "http://localhost:8080", true),
            ("[::1]:8080", "[::1]:9", None, "http://localhost:8080", true),
            // A name of ours, from elsewhere: who knows over what.
            ("localhost:8080", there, None, "http://localhost:8080", false),
            ("localhost.evil.example", here, None, "http://localhost:8080", false),
            ("192.0.2.7:8080", there, None, "http://192.0.2.7:8080", false),
            ("auth.example", here, None, "http://auth.example", false),
            ("auth.example", there, None, "https://auth.example", true),
            ("auth.example:443", there, None, "https://auth.example", true),
            ("auth.example:8080", there, None, "https://auth.example", false),
            ("auth.example", there, Some(Scheme::Https), "http://auth.example", true),
            ("auth.example", there, Some(Scheme::Http), "http://auth.example", false),
        ] {
            assert_eq!(is_private(&parts(host, peer, scheme), issuer), expected, "{host} {peer} {scheme:?}");
        }
    }
}
