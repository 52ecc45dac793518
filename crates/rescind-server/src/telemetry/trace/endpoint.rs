//! Where spans are sent.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};

/// Where spans are sent: `OTEL_EXPORTER_OTLP_ENDPOINT`. A user and a password in it are sent as HTTP Basic, and never shown.
///
/// ```
/// use rescind_server::telemetry::trace::Endpoint;
///
/// let endpoint = Endpoint::parse("http://127.0.0.1:4318").unwrap();
/// assert_eq!(endpoint.traces_url(), "http://127.0.0.1:4318/v1/traces");
/// assert!(Endpoint::parse("127.0.0.1:4318").is_err());
/// ```
#[derive(Clone)]
pub struct Endpoint {
    base: String,
    authorization: Option<SecretString>,
}

/// It is no URL that spans can be sent to.
///
/// ```
/// use rescind_server::telemetry::trace::{Endpoint, NoEndpoint};
///
/// assert_eq!(Endpoint::parse("127.0.0.1:4318").unwrap_err(), NoEndpoint);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be an http:// or https:// URL without a query, such as http://127.0.0.1:4318")]
pub struct NoEndpoint;

impl Endpoint {
    /// Reads it.
    ///
    /// ```
    /// use rescind_server::telemetry::trace::Endpoint;
    ///
    /// assert!(Endpoint::parse("https://collector.example/otlp").is_ok());
    /// assert!(Endpoint::parse("https://collector.example/otlp?key=7").is_err());
    /// ```
    ///
    /// # Errors
    /// [`NoEndpoint`], which does not repeat it.
    pub fn parse(text: &str) -> Result<Self, NoEndpoint> {
        let uri: Uri = text.parse().map_err(|_| NoEndpoint)?;
        let scheme =
            uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme)).ok_or(NoEndpoint)?;
        let authority = uri.authority().ok_or(NoEndpoint)?.as_str();
        if uri.query().is_some() {
            return Err(NoEndpoint);
        }
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let base = format!("{scheme}://{host}{}", uri.path().trim_end_matches('/'));
        Ok(Self { base, authorization: user.map(basic) })
    }

    /// The URL for traces (OTLP/HTTP: the path `/v1/traces` below the endpoint). Without a user and a password.
    ///
    /// ```
    /// use rescind_server::telemetry::trace::{Endpoint, NoEndpoint};
    ///
    /// let endpoint = Endpoint::parse("https://ada:secret@collector.example/otlp/")?;
    /// assert_eq!(endpoint.traces_url(), "https://collector.example/otlp/v1/traces");
    /// # Ok::<(), NoEndpoint>(())
    /// ```
    pub fn traces_url(&self) -> String {
        format!("{}/v1/traces", self.base)
    }

    pub(super) fn headers(&self) -> impl Iterator<Item = (String, String)> {
        let value = self.authorization.as_ref().map(|value| value.expose_secret().to_owned());
        value.map(|value| ("authorization".to_owned(), value)).into_iter()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.base).finish()
    }
}

/// RFC 7617, of what stands before the `@` of a URL.
fn basic(user: &str) -> SecretString {
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let pair =
        [name, password].map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).join(":");
    format!("Basic {}", STANDARD.encode(pair)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_traces_is_added_once() {
        for (given, url) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
            ("https://otel.example/of/ours/", "https://otel.example/of/ours/v1/traces"),
            ("http://[::1]:4318", "http://[::1]:4318/v1/traces"),
        ] {
            assert_eq!(Endpoint::parse(given).unwrap().traces_url(), url);
        }
    }

    #[test]
    fn a_password_is_sent_and_not_shown() {
        let endpoint = Endpoint::parse("https://me:hunter%402@otel.example").unwrap();
        assert_eq!(endpoint.traces_url(), "https://otel.example/v1/traces");
        assert!(!format!("{endpoint:?}").contains("hunter"));
        let headers: Vec<_> = endpoint.headers().collect();
        assert_eq!(
            headers,
            [("authorization".to_owned(), format!("Basic {}", STANDARD.encode("me:hunter@2")))]
        );
    }

    #[test]
    fn what_is_no_such_url_is_refused() {
        for given in ["", "otel", "127.0.0.1:4318", "grpc://otel:4317", "http://", "http://otel/?key=1"] {
            assert_eq!(Endpoint::parse(given).err(), Some(NoEndpoint), "{given}");
        }
    }
}
