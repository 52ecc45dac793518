//! The cookies of the pages.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use rescind::authority::TokenPair;
use secrecy::{ExposeSecret as _, SecretString};

use super::area::Area;

/// The value of the cookie with that name. One that is there twice is none: a browser sends a `__Host-` cookie once.
pub(super) fn get(headers: &HeaderMap, name: &str) -> Option<SecretString> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut values = pairs.flat_map(|value| value.split(';')).filter_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name && !value.is_empty()).then_some(value)
    });
    let value = values.next()?;
    values.next().is_none().then(|| value.into())
}

/// The secret of that client, where a form has just handed it to the browser.
pub(super) fn handed_secret(headers: &HeaderMap, client: &str) -> Option<SecretString> {
    let value = get(headers, SECRET)?;
    let (of, secret) = value.expose_secret().split_once('.')?;
    (of == client).then(|| secret.into())
}

/// What a response does to the cookies of an area.
#[derive(Debug, Default)]
pub(super) struct Changes(Vec<HeaderValue>);

impl Changes {
    /// Keeps the tokens of a session until the browser is closed.
    pub(super) fn keep(mut self, area: Area, pair: &TokenPair) -> Self {
        self.set(area.access_cookie(), pair.access_token.expose_secret());
        self.set(area.refresh_cookie(), pair.refresh_token.expose_secret());
        self
    }

    /// Keeps a newer access token.
    pub(super) fn keep_access(mut self, area: Area, token: &SecretString) -> Self {
        self.set(area.access_cookie(), token.expose_secret());
        self
    }

    /// Keeps the secret of the form tokens.
    pub(super) fn keep_form_secret(mut self, area: Area, secret: &str) -> Self {
        self.set(area.form_cookie(), secret);
        self
    }

    /// Hands the secret of an API client to the page that shows it.
    pub(super) fn hand_secret(mut self, client: &str, secret: &SecretString) -> Self {
        let secret = secret.expose_secret();
        self.push(&format!("{SECRET}={client}.{secret}; Max-Age={SECRET_SECONDS}; {}", at_its_page(client)));
        self
    }

    /// Forgets it again.
    pub(super) fn forget_secret(mut self, client: &str) -> Self {
        self.push(&format!("{SECRET}=; Max-Age=0; {}", at_its_page(client)));
        self
    }

    /// Forgets the session. The form secret stays: signing in makes it anew.
    pub(super) fn forget(mut self, area: Area) -> Self {
        for name in [area.access_cookie(), area.refresh_cookie()] {
            self.push(&format!("{name}=; Max-Age=0; {ATTRIBUTES}"));
        }
        self
    }

    /// Writes them into `response`, before those that are there: of two for the same name a browser keeps the last.
    pub(super) fn write(self, response: &mut Response) {
        let headers = response.headers_mut();
        let later: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
        headers.remove(header::SET_COOKIE);
        for value in self.0.into_iter().chain(later) {
            headers.append(header::SET_COOKIE, value);
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.push(&format!("{name}={value}; {ATTRIBUTES}"));
    }

    fn push(&mut self, text: &str) {
        // Names and values are ASCII: a value that is not would be none of ours.
        if let Ok(mut value) = HeaderValue::from_str(text) {
            value.set_sensitive(true);
            self.0.push(value);
        }
    }
}

/// What hands the secret of an API client from the form that made it to the page that shows it.
const SECRET: &str = "__Secure-rescind-admin-secret";

/// Nothing but the page that shows it is sent it: a cookie with `__Host-` would go to all that the host serves, on every port.
fn at_its_page(client: &str) -> String {
    ATTRIBUTES.replacen("Path=/", &format!("Path=/admin/clients/{client}/new-secret"), 1)
}

/// For so long: a browser is there at once.
const SECRET_SECONDS: u32 = 60;

/// No script reads them, no other site's page sends them along.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        lines.iter().for_each(|line| {
            headers.append(header::COOKIE, HeaderValue::from_static(line));
        });
        get(&headers, "__Host-a").map(|value| value.expose_secret().to_owned())
    }

    #[test]
    fn a_cookie_is_found_wherever_it_stands_and_two_are_none() {
        assert_eq!(read(&["x=1; __Host-a=b.c=; y=2"]), Some("b.c=".into()));
        assert_eq!(read(&["x=1", "__Host-a=b"]), Some("b".into()));
        for none in [&["__Host-a="][..], &["__host-a=b"], &["x__Host-a=b"], &["__Host-a=b; __Host-a=b"], &[]]
        {
            assert_eq!(read(none), None, "{none:?}");
        }
    }

    #[test]
    fn what_came_last_stays_last() {
        let mut response = Response::default();
        response.headers_mut().append(header::SET_COOKIE, HeaderValue::from_static("later=1"));
        Changes::default().keep_form_secret(Area::Admin, "s").write(&mut response);
        let all: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1], "later=1");
        let ours = all[0].to_str().unwrap();
        assert_eq!(ours, "__Host-rescind-admin-form=s; Path=/; Secure; HttpOnly; SameSite=Strict");
    }

    #[test]
    fn a_secret_is_handed_over_for_its_own_client_only() {
        let mut response = Response::default();
        Changes::default().hand_secret("c1", &"s.3-_".into()).write(&mut response);
        let line = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
        let attributes = "; Max-Age=60; Path=/admin/clients/c1/new-secret; Secure; HttpOnly; SameSite=Strict";
        assert!(line.ends_with(attributes), "{line}");
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, line.split(';').next().unwrap().parse().unwrap());
        assert_eq!(handed_secret(&headers, "c1").unwrap().expose_secret(), "s.3-_");
        assert!(handed_secret(&headers, "c2").is_none());
        assert!(handed_secret(&HeaderMap::new(), "c1").is_none());
    }
}
