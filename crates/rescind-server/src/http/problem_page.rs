//! Errors as pages, where people read them.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

use super::exchange;
use super::problem::{Problem, add_retry_after};

#[derive(Template)]
#[template(path = "site/problem.html")]
struct Page<'a> {
    title: &'a str,
    detail: &'a str,
    code: &'a str,
    status: u16,
    request_id: Option<String>,
    home: &'a str,
    style: &'a str,
    icon: &'a str,
}

/// The style sheet of the pages.
pub(crate) const STYLE: &str = concat!("/assets/", env!("CARGO_PKG_VERSION"), "/site.css");

/// The icon of the pages.
pub(crate) const ICON: &str = concat!("/assets/", env!("CARGO_PKG_VERSION"), "/icon.svg");

/// A page may load its style sheet and its icon and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// `problem` as a page that leads back to `home`. It has no challenge: a browser would ask for credentials of its own.
pub(super) fn answer(problem: &Problem, home: &str) -> Response {
    let exchange = exchange::current();
    let page = Page {
        title: problem.code().title(),
        detail: problem.explanation(),
        code: problem.code().as_str(),
        status: problem.status().as_u16(),
        request_id: exchange.map(|exchange| exchange.request_id.to_string()),
        home,
        style: STYLE,
        icon: ICON,
    };
    // Rendering into a string fails only where a value's own formatting does, and all of these are text.
    let mut response = (problem.status(), page.render().unwrap_or_default()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    add_retry_after(&mut response, problem.wait());
    response
}
