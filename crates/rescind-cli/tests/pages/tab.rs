//! What a browser would send, by hand: so that a test can leave something out or put something wrong.

use std::collections::BTreeMap;

use reqwest::{Method, RequestBuilder};
use rescind_testkit::process::{Api, Credentials, Reply};

use super::browser::Area;
use super::world::tenant_of;

/// A browser's cookies, and the token of the form that it was shown last.
#[derive(Clone, Debug)]
pub(crate) struct Tab {
    pub(crate) api: Api,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) token: String,
}

impl Tab {
    pub(crate) fn new(api: &Api) -> Self {
        Self { api: api.clone(), cookies: BTreeMap::new(), token: String::new() }
    }

    /// One that is signed in.
    pub(crate) async fn signed_in(api: &Api, area: Area, email: &str, password: &str) -> Self {
        let mut tab = Self::new(api);
        tab.get(&area.sign_in()).await.expect(200);
        let fields = [("email", email), ("password", password), ("tenant", tenant_of(email))];
        let sent = tab.post(&area.sign_in(), &fields).await.expect(303);
        assert_eq!(sent.header("location"), area.root());
        tab.get(area.root()).await.expect(200);
        tab
    }

    /// Loads a page.
    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        let request = self.request(Method::GET, path);
        self.send(request).await
    }

    /// Sends a form as a page of ours does.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let request =
            self.form(path, fields).header("origin", self.api.base()).header("sec-fetch-site", "same-origin");
        self.send(request).await
    }

    /// A request with this tab's cookies.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.api.request(method, path, Credentials::Nobody);
        if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) }
    }

    /// A form with its token, and nothing said of where it comes from.
    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let fields = [&[("form_token", self.token.as_str())], fields].concat();
        self.request(Method::POST, path).form(&fields)
    }

    /// Sends a request, and keeps what the answer has for a browser.
    pub(crate) async fn send(&mut self, request: RequestBuilder) -> Reply {
        let reply = self.api.finish(request).await;
        self.take(&reply);
        reply
    }

    /// Keeps the cookies and the form token of an answer.
    pub(crate) fn take(&mut self, reply: &Reply) {
        for line in set_cookies(reply) {
            let (name, rest) = line.split_once('=').expect("a cookie has a name");
            let value = rest.split(';').next().unwrap_or_default();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some((_, rest)) = reply.body.split_once(r#"name="form_token" value=""#) {
            self.token = rest.split('"').next().unwrap_or_default().to_owned();
        }
    }

    /// The token in a cookie of an area's, by its last word: `access`, `refresh` or `form`.
    pub(crate) fn cookie(&self, area: Area, which: &str) -> &str {
        let name = cookie_name(area, which);
        self.cookies.get(&name).unwrap_or_else(|| panic!("no {name} among {:?}", self.cookies.keys()))
    }
}

/// The name of a cookie of an area's.
pub(crate) fn cookie_name(area: Area, which: &str) -> String {
    format!("__Host-rescind-{}-{which}", area.root().trim_start_matches('/'))
}

/// The `Set-Cookie` lines of an answer.
pub(crate) fn set_cookies(reply: &Reply) -> Vec<&str> {
    reply.headers.get_all("set-cookie").iter().map(|line| line.to_str().expect("ASCII")).collect()
}
