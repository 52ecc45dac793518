//! Where the authority is.

use std::net::IpAddr;

use http::Uri;

/// The URL cannot be that of an authority.
///
/// ```
/// use rescind_remote::{InvalidUrl, Remote, StartError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let named = Remote::builder("https://gateway:secret@auth.example").start().await;
/// assert!(matches!(named, Err(StartError::Url(InvalidUrl::UserInfo))));
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUrl {
    /// It is no absolute URL, or has a query or a fragment.
    #[error("not the URL of an authority, such as https://auth.example")]
    Malformed,
    /// It is neither `https` nor `http`.
    #[error("the authority's URL must begin with https://")]
    Scheme,
    /// Credentials do not belong into a URL, which is logged and shown.
    #[error("credentials do not belong into the authority's URL")]
    UserInfo,
    /// Without TLS, to another machine: whoever is in between could take the client's secret, or hold revocations back.
    #[error("http:// is for the same machine only: use https://, or allow it")]
    Plain,
}

/// The URL of an authority, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Base(String);

impl Base {
    pub(crate) fn parse(url: &str, allow_plain: bool) -> Result<Self, InvalidUrl> {
        let uri: Uri = url.parse().map_err(|_| InvalidUrl::Malformed)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(InvalidUrl::Malformed);
        };
        if authority.as_str().contains('@') {
            return Err(InvalidUrl::UserInfo);
        }
        if url.contains(['?', '#']) || authority.host().is_empty() {
            return Err(InvalidUrl::Malformed);
        }
        match scheme {
            "https" => {}
            "http" if allow_plain || is_loopback(authority.host()) => {}
            "http" => return Err(InvalidUrl::Plain),
            _ => return Err(InvalidUrl::Scheme),
        }
        Ok(Self(url.trim_end_matches('/').to_owned()))
    }

    /// What the authority calls itself, unless one is told otherwise.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// A path of the authority, which begins with a slash.
    pub(crate) fn at(&self, path: &str) -> Result<Uri, http::uri::InvalidUri> {
        format!("{}{path}", self.0).parse()
    }
}

/// `localhost` is the same machine by agreement (RFC 6761 §6.3).
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_goes_anywhere_and_http_only_to_this_machine() {
        for url in [
            "https://auth.example",
            "https://auth.example:8443/rescind/",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost:8080/",
        ] {
            assert!(Base::parse(url, false).is_ok(), "{url}");
        }
        assert_eq!(Base::parse("http://auth.internal", false), Err(InvalidUrl::Plain));
        assert_eq!(Base::parse("http://localhost.evil.example", false), Err(InvalidUrl::Plain));
        assert!(Base::parse("http://auth.internal", true).is_ok());
    }

    #[test]
    fn what_is_no_authority_is_refused() {
        for (url, why) in [
            ("", InvalidUrl::Malformed),
            ("auth.example", InvalidUrl::Malformed),
            ("/path", InvalidUrl::Malformed),
            ("https://auth.example?x=1", InvalidUrl::Malformed),
            ("https://auth.example/#x", InvalidUrl::Malformed),
            ("https://user:secret@auth.example", InvalidUrl::UserInfo),
            ("http://user@127.0.0.1", InvalidUrl::UserInfo),
            ("ftp://auth.example", InvalidUrl::Scheme),
        ] {
            assert_eq!(Base::parse(url, true), Err(why), "{url}");
        }
    }

    #[test]
    fn a_path_is_added_to_the_base() {
        let base = Base::parse("https://auth.example/rescind/", false).unwrap();
        assert_eq!(base.as_str(), "https://auth.example/rescind");
        assert_eq!(base.at("/a?b=c").unwrap(), "https://auth.example/rescind/a?b=c");
    }
}
