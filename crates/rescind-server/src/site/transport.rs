//! Over what a browser came: a password is not taken over a channel that others can read.

use http::request::Parts;
use http::{Uri, header};

use crate::http::Scheme;
use crate::http::client_ip::PeerAddr;

/// Whether nobody between the browser and this process can listen. A trusted proxy says whether it was asked over HTTPS. Where none says
/// anything: the browser asked for the issuer's own address, which is an HTTPS one, and took it for a secure one, since it sent what it
/// sends to those alone (Fetch Metadata §2); or it runs on this machine and asked for it by a loopback name.
pub(super) fn is_private(parts: &Parts, issuer: &str) -> bool {
    let Some(host) = host(parts) else { return false };
    match parts.extensions.get() {
        Some(Scheme::Https) => true,
        Some(Scheme::Http) => false,
        None => {
            let looked_secure = parts.headers.contains_key(super::guard::SITE);
            (is_https_issuer(&host, issuer) && looked_secure)
                || (is_loopback(&host) && came_from_here(parts) && !was_forwarded(parts))
        }
    }
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

/// A proxy on this machine that nobody has told us to trust asks by a loopback name too, whoever asked it.
fn was_forwarded(parts: &Parts) -> bool {
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"]
        .into_iter()
        .any(|name| parts.headers.contains_key(name))
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

    fn parts(host: &str, peer: &str, scheme: Option<Scheme>, headers: &[&str]) -> Parts {
        let mut request = Request::builder().header("host", host);
        for name in headers {
            request = request.header(*name, "x");
        }
        let mut request = request.body(()).unwrap();
        request.extensions_mut().insert(PeerAddr(peer.parse().unwrap()));
        scheme.map(|scheme| request.extensions_mut().insert(scheme));
        request.into_parts().0
    }

    #[test]
    fn a_channel_is_private_by_https_or_on_this_machine() {
        let (here, there) = ("127.0.0.1:9", "192.0.2.1:9");
        let (http, https) = (Some(Scheme::Http), Some(Scheme::Https));
        let (nothing, browser): (&[&str], &[&str]) = (&[], &["sec-fetch-site"]);
        for (host, peer, scheme, issuer, headers, expected) in [
            ("localhost:8080", here, None, "http://localhost:8080", nothing, true),
            ("127.0.0.1:8080", here, None, "http://localhost:8080", nothing, true),
            ("[::1]:8080", "[::1]:9", None, "http://localhost:8080", nothing, true),
            // A name of ours, from elsewhere: who knows over what.
            ("localhost:8080", there, None, "http://localhost:8080", nothing, false),
            ("localhost:8080", here, None, "http://localhost:8080", &["x-forwarded-for"], false),
            ("localhost:8080", here, None, "http://localhost:8080", &["via"], false),
            ("localhost.evil.example", here, None, "http://localhost:8080", nothing, false),
            ("192.0.2.7:8080", there, None, "http://192.0.2.7:8080", browser, false),
            ("auth.example", here, None, "http://auth.example", browser, false),
            ("auth.example", there, None, "https://auth.example", browser, true),
            ("auth.example:443", there, None, "https://auth.example", browser, true),
            // Port 80 has the same name.
            ("auth.example", there, None, "https://auth.example", nothing, false),
            ("auth.example", there, http, "https://auth.example", browser, false),
            ("auth.example:8080", there, None, "https://auth.example", browser, false),
            ("auth.example", there, https, "http://auth.example", nothing, true),
            ("auth.example", there, http, "http://auth.example", nothing, false),
            ("localhost", here, http, "http://localhost", nothing, false),
        ] {
            let parts = parts(host, peer, scheme, headers);
            assert_eq!(is_private(&parts, issuer), expected, "{host} {peer} {scheme:?} {headers:?}");
        }
    }
}
