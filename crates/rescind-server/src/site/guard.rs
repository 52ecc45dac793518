//! The first gate: what changes something comes from a page of ours, and carries the token of its form.

use askama::Template;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, header};
use secrecy::ExposeSecret as _;

use super::area::Gate;
use super::cookies::{self, Changes};
use super::desk::Html;
use super::form::{FormSecret, token_in};
use super::transport;
use crate::http::{Code, Problem, Scheme, body};

/// Where a browser says that the request comes from (Fetch Metadata).
pub(super) const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what is not from here, and gives every page its form token.
pub(super) async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    if let Some(target) = came_by_a_link(&gate, &request) {
        let mut response = onward(&target);
        add_headers(&mut response);
        return response;
    }
    let mut response = match admit(&gate, request).await {
        Ok(Admitted { request, new }) => {
            let mut response = next.run(request).await;
            if let Some(secret) = new {
                Changes::default().keep_form_secret(gate.area, secret.as_str()).write(&mut response);
            }
            response
        }
        Err(problem) => problem.into_response(),
    };
    add_headers(&mut response);
    response
}

struct Admitted {
    request: Request,
    /// The secret that the browser is to keep from now on.
    new: Option<FormSecret>,
}

async fn admit(gate: &Gate, request: Request) -> Result<Admitted, Problem> {
    let (mut parts, content) = request.into_parts();
    let known = cookies::get(&parts.headers, gate.area.form_cookie())
        .and_then(|cookie| FormSecret::of_cookie(cookie.expose_secret()));
    let content = match is_safe(&parts.method) {
        true => content,
        false => checked(gate, &parts, content, known.as_ref()).await?,
    };
    let new = known.is_none().then(|| FormSecret::new(&**gate.app.authority.entropy()));
    if let Some(secret) = known.as_ref().or(new.as_ref()) {
        parts.extensions.insert(secret.token());
    }
    Ok(Admitted { request: Request::from_parts(parts, content), new })
}

/// The page that a link on another site leads to, where the browser left our cookies at home for that (`SameSite=Strict`).
fn came_by_a_link(gate: &Gate, request: &Request) -> Option<String> {
    let from_elsewhere =
        request.headers().get(SITE).is_some_and(|site| site == "cross-site" || site == "same-site");
    let without_cookies = [gate.area.access_cookie(), gate.area.refresh_cookie(), gate.area.form_cookie()]
        .into_iter()
        .all(|name| cookies::get(request.headers(), name).is_none());
    let is_read = is_safe(request.method());
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    (is_read && from_elsewhere && without_cookies).then(|| target.to_owned())
}

/// A page that goes on to `target` by itself: from here the browser brings its cookies along.
fn onward(target: &str) -> Response {
    #[derive(Template)]
    #[template(path = "site/onward.html")]
    struct Page<'a> {
        target: &'a str,
    }
    Html::of(&Page { target }).into_response()
}

const fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// The body of a request that is ours.
async fn checked(
    gate: &Gate,
    parts: &Parts,
    content: Body,
    secret: Option<&FormSecret>,
) -> Result<Body, Problem> {
    if !is_from_here(parts, &gate.app.authority.settings().issuer) {
        return Err(foreign("The form was sent by a page of another site. Nothing was done."));
    }
    if !body::has_type(&parts.headers, "application/x-www-form-urlencoded") {
        return Err(Problem::new(Code::UnsupportedMediaType).detail("This takes forms only."));
    }
    let read = body::read(Request::new(content)).await?;
    let matches = match (secret, token_in(&read)) {
        (Some(secret), Some(token)) => secret.matches(&token),
        _ => false,
    };
    if !matches {
        return Err(foreign(
            "The form is too old: you have signed in or out since, or your browser keeps no cookies. Nothing was done. Go back, \
             load the page again, and try once more.",
        ));
    }
    Ok(Body::from(read))
}

fn foreign(detail: &'static str) -> Problem {
    Problem::new(Code::Forbidden).detail(detail)
}

/// Whether a browser says that a page of this origin sent the request, or says nothing: what is no browser is not led astray.
fn is_from_here(parts: &Parts, issuer: &str) -> bool {
    let site_is_ours = parts.headers.get(SITE).is_none_or(|site| site == "same-origin");
    let origin_is_ours = parts
        .headers
        .get_all(header::ORIGIN)
        .iter()
        .all(|origin| origin.to_str().is_ok_and(|origin| is_own(origin, parts, issuer)));
    site_is_ours && origin_is_ours
}

/// The origin that the browser asked, or the issuer's: a proxy may ask by a name of its own.
fn is_own(origin: &str, parts: &Parts, issuer: &str) -> bool {
    let Some((host, scheme)) = transport::authority_of(origin) else { return false };
    if parts.extensions.get() == Some(&Scheme::Https) && scheme != "https" {
        return false;
    }
    let asked = transport::host(parts).map(|asked| transport::without_usual_port(&asked, &scheme));
    asked.as_ref() == Some(&host) || transport::authority_of(issuer).is_some_and(|own| own == (host, scheme))
}

/// A page loads its own style sheet, script and icon and nothing else, sends forms here only, and is framed by nobody.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                                 form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

fn add_headers(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        // With `no-referrer`, browsers would send forms with the origin `null` (Fetch §3.2, "append a request Origin header").
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(headers: &[(&str, &str)]) -> bool {
        let mut request = http::Request::builder().method("POST").header("host", "auth.internal:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        is_from_here(&request.body(()).unwrap().into_parts().0, "https://auth.example")
    }

    #[test]
    fn another_origin_is_told_by_either_header() {
        assert!(asks(&[]));
        assert!(asks(&[("origin", "http://auth.internal:8080"), ("sec-fetch-site", "same-origin")]));
        assert!(asks(&[("origin", "https://auth.example")]), "the proxy asks by another name");
        assert!(asks(&[("origin", "https://AUTH.example:443")]));
        for origin in [
            "https://evil.example",
            "null",
            "",
            "http://auth.example",
            "http://auth.internal",
            "https://auth.example.evil.example",
        ] {
            assert!(!asks(&[("origin", origin)]), "{origin}");
        }
        assert!(!asks(&[("origin", "https://auth.example"), ("origin", "https://evil.example")]));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!asks(&[("sec-fetch-site", site)]), "{site}");
        }
    }
}
