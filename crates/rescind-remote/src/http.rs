//! Asking the authority.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rescind::id::TenantId;
use rescind::ledger::snapshot::MEDIA_TYPE;
use rescind::ledger::{Cursor, TENANT_FIELD};
use rustls::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, timeout_at};

use crate::address::Base;
use crate::timing::Timing;
use crate::trouble::Trouble;

/// The longest head of an answer, and the most that is read ahead of what is taken.
const BUFFER: usize = 256 * 1024;

/// The longest pause that a busy authority is granted.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Asks one authority. Follows no redirects, uses no proxy, and sends the client's secret to the feed only.
pub(crate) struct Http {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    base: Base,
    /// None where nothing is asked for that needs any.
    credentials: Option<HeaderValue>,
    timing: Timing,
}

/// An answer of 200, read bit by bit.
pub(crate) struct Answer {
    headers: HeaderMap,
    body: Incoming,
}

impl Http {
    pub(crate) fn new(
        base: Base,
        client_id: &str,
        secret: &SecretString,
        tls: ClientConfig,
        timing: Timing,
    ) -> Result<Self, http::header::InvalidHeaderValue> {
        let credentials = basic(client_id, secret)?;
        Ok(Self { credentials: Some(credentials), ..Self::anonymous(base, tls, timing) })
    }

    /// For what anybody may read.
    pub(crate) fn anonymous(base: Base, tls: ClientConfig, timing: Timing) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timing.connect));
        tcp.set_keepalive(Some(Duration::from_secs(30)));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(60))
            .pool_max_idle_per_host(4)
            .http1_max_buf_size(BUFFER)
            .build(connector);
        Self { client, base, credentials: None, timing }
    }

    /// What the authority calls itself, unless one is told otherwise.
    pub(crate) const fn base(&self) -> &Base {
        &self.base
    }

    /// A small document that anybody may read, and for how long it may be kept.
    pub(crate) async fn document(
        &self,
        path: &str,
        limit: usize,
    ) -> Result<(Vec<u8>, Option<Duration>), Trouble> {
        let until = Instant::now() + self.timing.answer;
        let mut answer = self.ask(path, "application/json, application/*;q=0.9", false, until).await?;
        let kept = max_age(&answer.headers);
        Ok((answer.whole(limit, until).await?, kept))
    }

    /// `GET /api/v1/feed/head`
    pub(crate) async fn head(&self) -> Result<Vec<u8>, Trouble> {
        let until = Instant::now() + self.timing.answer;
        let mut answer = self.ask("/api/v1/feed/head", "application/json", true, until).await?;
        answer.whole(4096, until).await
    }

    /// `GET /api/v1/feed/snapshot`, in the compact form.
    pub(crate) async fn snapshot(&self) -> Result<Answer, Trouble> {
        let until = Instant::now() + self.timing.answer;
        let answer = self.ask("/api/v1/feed/snapshot", MEDIA_TYPE, true, until).await?;
        if answer.is(MEDIA_TYPE) { Ok(answer) } else { Err(Trouble::UnexpectedAnswer) }
    }

    /// `GET /api/v1/feed/events`
    pub(crate) async fn events(&self, after: Cursor) -> Result<Answer, Trouble> {
        const EVENTS: &str = "text/event-stream";
        let until = Instant::now() + self.timing.answer;
        let path = format!("/api/v1/feed/events?after={after}");
        let answer = self.ask(&path, EVENTS, true, until).await.map_err(|trouble| match trouble {
            // What it once gave out as a cursor is none to it: it is another authority by now.
            Trouble::Status(422) => Trouble::CursorGone,
            other => other,
        })?;
        if answer.is(EVENTS) { Ok(answer) } else { Err(Trouble::UnexpectedAnswer) }
    }

    async fn ask(
        &self,
        path: &str,
        accept: &'static str,
        as_client: bool,
        until: Instant,
    ) -> Result<Answer, Trouble> {
        let uri = self.base.at(path).map_err(|_| Trouble::Unreachable)?;
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("rescind-remote/", env!("CARGO_PKG_VERSION"))),
        );
        if let (true, Some(credentials)) = (as_client, &self.credentials) {
            headers.insert(AUTHORIZATION, credentials.clone());
        }
        let answer = timeout_at(until, self.client.request(request)).await.map_err(|_| Trouble::Late)?;
        let answer = answer.map_err(|error| {
            tracing::debug!(%error, "no answer");
            if error.is_connect() { Trouble::Unreachable } else { Trouble::BrokenOff }
        })?;
        let (parts, body) = answer.into_parts();
        check_status(parts.status, &parts.headers)?;
        // None was asked for.
        if parts.headers.contains_key(CONTENT_ENCODING) {
            return Err(Trouble::UnexpectedAnswer);
        }
        Ok(Answer { headers: parts.headers, body })
    }
}

impl Answer {
    /// The next piece; none at its end.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Trouble> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => {
                    tracing::debug!(%error, "an answer broke off");
                    return Err(Trouble::BrokenOff);
                }
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }

    async fn whole(&mut self, limit: usize, until: Instant) -> Result<Vec<u8>, Trouble> {
        let mut whole = Vec::new();
        while let Some(piece) = timeout_at(until, self.piece()).await.map_err(|_| Trouble::Late)?? {
            if whole.len() + piece.len() > limit {
                return Err(Trouble::TooLarge);
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }

    /// The one tenant whose marks it has; none: everybody's. What does not say which is not understood.
    pub(crate) fn tenant(&self) -> Result<Option<TenantId>, Trouble> {
        let mut named = self.headers.get_all(TENANT_FIELD).iter();
        let (Some(value), None) = (named.next(), named.next()) else { return Err(Trouble::UnexpectedAnswer) };
        match value.to_str() {
            Ok("*") => Ok(None),
            Ok(id) => id.parse().map(Some).map_err(|_| Trouble::UnexpectedAnswer),
            Err(_) => Err(Trouble::UnexpectedAnswer),
        }
    }

    fn is(&self, media_type: &str) -> bool {
        let named = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        named.split(';').next().is_some_and(|named| named.trim().eq_ignore_ascii_case(media_type))
    }
}

fn basic(client_id: &str, secret: &SecretString) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let pair = SecretString::from(format!("{client_id}:{}", secret.expose_secret()));
    let text = SecretString::from(format!("Basic {}", STANDARD.encode(pair.expose_secret())));
    let mut value = HeaderValue::from_str(text.expose_secret())?;
    value.set_sensitive(true);
    Ok(value)
}

fn check_status(status: StatusCode, headers: &HeaderMap) -> Result<(), Trouble> {
    Err(match status.as_u16() {
        200 => return Ok(()),
        300..=399 => Trouble::Redirected,
        401 => Trouble::Unauthorized,
        403 => Trouble::Forbidden,
        410 => Trouble::CursorGone,
        429 | 503 => Trouble::Busy(retry_after(headers)),
        other => Trouble::Status(other),
    })
}

fn retry_after(headers: &HeaderMap) -> Duration {
    let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = text.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER)
}

/// `max-age` of `Cache-Control` (RFC 9111 §5.2.2.1).
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives =
        headers.get_all(http::header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let named = directives.flat_map(|value| value.split(',')).find_map(|directive| {
        let (name, value) = directive.trim().split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| value.trim_matches('"').parse().ok())?
    });
    named.map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: http::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn cache_control_says_for_how_long() {
        let of = |value| max_age(&headers(http::header::CACHE_CONTROL, value));
        assert_eq!(of("public, max-age=300"), Some(Duration::from_secs(300)));
        assert_eq!(of("Max-Age=\"7\""), Some(Duration::from_secs(7)));
        for none in ["no-store", "max-age", "max-age=soon", "max-age=-1", "s-maxage=3"] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn a_busy_authority_is_left_alone_but_not_for_ever() {
        let busy = |value| check_status(StatusCode::SERVICE_UNAVAILABLE, &headers(RETRY_AFTER, value));
        assert_eq!(busy("5"), Err(Trouble::Busy(Duration::from_secs(5))));
        assert_eq!(busy("99999999999"), Err(Trouble::Busy(LONGEST_RETRY_AFTER)));
        assert_eq!(busy("tomorrow"), Err(Trouble::Busy(Duration::ZERO)));
    }

    #[test]
    fn the_secret_is_not_shown() {
        let value = basic("id", &"s3cret".into()).unwrap();
        assert!(!format!("{value:?}").contains(value.to_str().unwrap()));
    }
}
