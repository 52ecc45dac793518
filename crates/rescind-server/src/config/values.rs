//! From text to values. What is said about a bad one never repeats it: it may be a secret in the wrong place.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderValue, Uri};
use ipnet::IpNet;
use rescind::keys::MasterKey;
use rescind::lookup::CheckBy;
use rescind::token::Algorithm;
use rescind::verifier::OnStale;
use secrecy::SecretString;

use super::duration;
use super::settings::{Database, LogFormat};
use crate::telemetry::trace::Endpoint;

type Result<T> = std::result::Result<T, String>;

pub(super) fn listen(text: &str) -> Result<SocketAddr> {
    text.parse()
        .map_err(|_| "it must be an IP address and a port, such as 127.0.0.1:8080 or [::]:8080".to_owned())
}

/// RFC 8414 §2 wants no query and no fragment; tokens carry it to the byte, so it has one spelling only.
pub(super) fn issuer(text: &str) -> Result<String> {
    let uri: Uri = text.parse().map_err(|_| "it must be an absolute http or https URL".to_owned())?;
    let (Some("http" | "https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err("it must be an absolute http or https URL".to_owned());
    };
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return Err("it must name a host, and neither user nor password".to_owned());
    }
    if text.contains(['?', '#']) {
        return Err("it must have neither query nor fragment".to_owned());
    }
    if text.ends_with('/') {
        return Err("it must not end in a slash".to_owned());
    }
    if authority.as_str().chars().any(|c| c.is_ascii_uppercase()) || !text.starts_with("http") {
        return Err("its scheme and host must be in lower case".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn audience(text: &str) -> Result<String> {
    if text.is_empty() || text.len() > 1024 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("it must be 1 to 1024 characters without white space".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn path(text: &str) -> Result<PathBuf> {
    if text.is_empty() || text.contains('\0') {
        return Err("it must be a path".to_owned());
    }
    Ok(text.into())
}

pub(super) fn database(text: &str) -> Result<Database> {
    if let Some(file) = text.strip_prefix("sqlite:") {
        return path(file.strip_prefix("//").unwrap_or(file)).map(Database::Sqlite);
    }
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(Database::Postgres(text.into()));
    }
    Err("it must be sqlite: and a path, or postgres:// and what leads to the database".to_owned())
}

/// Its form only: what connects to it reads the rest.
pub(super) fn redis(text: &str) -> Result<SecretString> {
    const SCHEMES: [&str; 4] = ["redis", "rediss", "redis+sentinel", "rediss+sentinel"];
    match text.split_once("://") {
        Some((scheme, rest)) if SCHEMES.contains(&scheme) && !rest.is_empty() => Ok(text.into()),
        _ => Err("it must be a redis://, rediss://, redis+sentinel:// or rediss+sentinel:// URL".to_owned()),
    }
}

pub(super) fn otlp(text: &str) -> Result<Endpoint> {
    Endpoint::parse(text).map_err(|error| error.to_string())
}

pub(super) fn master_key(text: &str) -> Result<MasterKey> {
    MasterKey::from_base64(text).map_err(|_| "it must be 32 bytes in base64".to_owned())
}

pub(super) fn algorithm(text: &str) -> Result<Algorithm> {
    text.parse()
        .ok()
        .filter(|algorithm| Algorithm::ASYMMETRIC.contains(algorithm))
        .ok_or_else(|| "it must be EdDSA, Ed25519, ES256, RS256 or PS256".to_owned())
}

pub(super) fn check(text: &str) -> Result<CheckBy> {
    match text {
        "replica" => Ok(CheckBy::Replica),
        "lookup" => Ok(CheckBy::Lookup),
        _ => Err("it must be replica or lookup".to_owned()),
    }
}

pub(super) fn email(text: &str) -> Result<String> {
    let is_one = text.len() <= 254
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && text
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    if is_one { Ok(text.to_owned()) } else { Err("it must be an e-mail address".to_owned()) }
}

pub(super) fn password(text: &str) -> Result<SecretString> {
    if text.is_empty() { Err("it must not be empty".to_owned()) } else { Ok(text.into()) }
}

pub(super) fn access_ttl(text: &str) -> Result<Duration> {
    whole_seconds(duration::within(text, "1s", "24h")?)
}

pub(super) fn foreign_ttl(text: &str) -> Result<Duration> {
    whole_seconds(duration::within(text, "0", "3650d")?)
}

pub(super) fn session_ttl(text: &str) -> Result<Duration> {
    whole_seconds(duration::within(text, "1s", "3650d")?)
}

pub(super) fn grace(text: &str) -> Result<Duration> {
    duration::within(text, "0", "5m")
}

pub(super) fn lost_reply_window(text: &str) -> Result<Duration> {
    duration::within(text, "0", "30d")
}

pub(super) fn replay_limit(text: &str) -> Result<u32> {
    number(text, 1000)
}

pub(super) fn key_rotation(text: &str) -> Result<Duration> {
    match duration::parse(text)? {
        Duration::ZERO => Ok(Duration::ZERO),
        _ => duration::within(text, "1h", "3650d").map_err(|why| why + ", or 0"),
    }
}

pub(super) fn origins(text: &str) -> Result<Vec<HeaderValue>> {
    list(text, origin)
}

pub(super) fn leeway(text: &str) -> Result<Duration> {
    // Its upper end is rescind::authority::LARGEST_LEEWAY.
    whole_seconds(duration::within(text, "0", "5m")?)
}

pub(super) fn max_sessions(text: &str) -> Result<u32> {
    number(text, 100_000)
}

pub(super) fn max_staleness(text: &str) -> Result<Duration> {
    duration::within(text, "1s", "24h")
}

pub(super) fn on_stale(text: &str) -> Result<OnStale> {
    match text {
        "deny" => Ok(OnStale::Deny),
        "allow" => Ok(OnStale::Allow),
        _ => Err("it must be deny or allow".to_owned()),
    }
}

pub(super) fn purge_interval(text: &str) -> Result<Duration> {
    duration::within(text, "1s", "7d")
}

pub(super) fn purge_safety_margin(text: &str) -> Result<Duration> {
    duration::within(text, "0", "30d")
}

/// Whether anybody may register.
pub(super) fn registration(text: &str) -> Result<bool> {
    match text {
        "closed" => Ok(false),
        "open" => Ok(true),
        _ => Err("it must be closed or open".to_owned()),
    }
}

pub(super) fn minimum_age(text: &str) -> Result<u32> {
    number(text, 120)
}

pub(super) fn networks(text: &str) -> Result<Vec<IpNet>> {
    list(text, network)
}

pub(super) fn log(text: &str) -> Result<String> {
    crate::telemetry::log::filter(text)
        .map(|_| text.to_owned())
        .map_err(|_| "it must be a filter such as info or info,rescind::access=debug".to_owned())
}

pub(super) fn log_format(text: &str) -> Result<LogFormat> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("it must be text or json".to_owned()),
    }
}

/// Tokens count in whole seconds (RFC 7519 §2).
fn whole_seconds(duration: Duration) -> Result<Duration> {
    if duration.subsec_millis() == 0 { Ok(duration) } else { Err("it must be whole seconds".to_owned()) }
}

fn number(text: &str, most: u32) -> Result<u32> {
    text.parse()
        .ok()
        .filter(|number| *number <= most && text.bytes().all(|b| b.is_ascii_digit()))
        .ok_or_else(|| format!("it must be a number from 0 to {most}"))
}

fn list<T>(text: &str, parse: fn(&str) -> Result<T>) -> Result<Vec<T>> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    text.split(',').map(|item| parse(item.trim())).collect()
}

/// An origin as browsers send it (RFC 6454 §6.2), which is compared to the byte.
fn origin(text: &str) -> Result<HeaderValue> {
    if text == "*" {
        return Err("each origin must be named, * is not allowed".to_owned());
    }
    let malformed =
        || "an origin is a scheme, a host and perhaps a port, such as https://app.example".to_owned();
    let (scheme, host) = text.split_once("://").ok_or_else(malformed)?;
    let authority: http::uri::Authority = host.parse().map_err(|_| malformed())?;
    let is_default_port = matches!((scheme, authority.port_u16()), ("http", Some(80)) | ("https", Some(443)));
    if !matches!(scheme, "http" | "https")
        || host.contains('@')
        || is_default_port
        || host.ends_with(':')
        || host.chars().any(|c| c.is_ascii_uppercase())
    {
        return Err(malformed());
    }
    HeaderValue::from_str(text).map_err(|_| malformed())
}

/// A network, or a single address.
fn network(text: &str) -> Result<IpNet> {
    text.parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "a network is an address and a length, such as 10.0.0.0/8 or fd00::/8".to_owned())
}
