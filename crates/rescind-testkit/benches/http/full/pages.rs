//! The pages for people, one load after the other.

use std::collections::BTreeMap;
use std::time::Instant;

use reqwest::{Method, RequestBuilder};
use rescind_testkit::process::{Api, Credentials, Reply, Server};

use crate::{Measured, note};

/// What the stores were filled with, by number.
const USER: &str = "00000000-0000-0000-0000-0000001e8482";
const TENANT: &str = "00000000-0000-0000-0000-0000000f4243";
const LARGE_TENANT: &str = "00000000-0000-0000-0000-0000000f4241";

/// What an operator asks for: with what every search finds much of, little of, and nothing of.
const ADMIN: [&str; 31] = [
    "/admin",
    "/admin/users",
    "/admin/users?query=person77777@example.com",
    "/admin/users?query=n77777",
    "/admin/users?query=nobody",
    "/admin/users?query=example",
    "/admin/users?tenant_id={large}&query=nobody",
    "/admin/users/{tenant}/{user}",
    "/admin/tenants",
    "/admin/tenants/{tenant}",
    "/admin/tenants/{large}",
    "/admin/revocations",
    "/admin/revocations?kind=session",
    "/admin/revocations?kind=user",
    "/admin/revocations?kind=token",
    "/admin/revocations?user_id={user}",
    "/admin/revocations?actor=user:00000000-0000-0000-0000-0000001e8481",
    "/admin/revocations?actor=cli",
    "/admin/revocations?since=2999-01-01T00:00",
    "/admin/revocations?jti=no-such-jti",
    "/admin/clients",
    "/admin/keys",
    "/admin/audit",
    "/admin/audit?action=token.revoked",
    "/admin/audit?action=no.such.act",
    "/admin/audit?target={user}",
    "/admin/audit?target={user}&action=token.revoked",
    "/admin/audit?actor=00000000-0000-0000-0000-0000004c4b40&action=no.such.act",
    "/admin/revocations?user_id={user}&kind=session",
    "/admin/revocations?actor=client:00000000-0000-0000-0000-0000004c4b40&kind=session",
    "/admin/audit?since=2999-01-01T00:00",
];

/// What the administrator of a tenant with half of everything asks for.
const TENANTS: [&str; 9] = [
    "/admin",
    "/admin/users",
    "/admin/users?query=nobody",
    "/admin/revocations",
    "/admin/revocations?kind=session",
    "/admin/revocations?kind=user",
    "/admin/revocations?since=2999-01-01T00:00",
    "/admin/audit",
    "/admin/audit?action=no.such.act",
];

const ACCOUNT: [&str; 3] = ["/account", "/account/events", "/account/password"];

/// Milliseconds of every page: the median of its loads under its own name, and the slowest page's loads for the table.
pub(crate) async fn all(server: &Server, id: &str, quick: bool, measured: &mut Measured) {
    let loads = if quick { 3 } else { 15 };
    let mut slowest = Vec::new();
    let password = server.admin_password();
    let doors: [(&str, &str, &str, &[&str]); 3] = [
        ("/admin", server.admin_email(), "", &ADMIN),
        ("/admin", "person1@example.com", "tenant-1", &TENANTS),
        ("/account", "person3@example.com", "tenant-1", &ACCOUNT),
    ];
    for (area, email, tenant, pages) in doors {
        let mut visitor = Visitor::signed_in(server.api(), area, email, &password, tenant).await;
        for page in pages {
            let path =
                page.replace("{user}", USER).replace("{tenant}", TENANT).replace("{large}", LARGE_TENANT);
            let times = visitor.times(&path, loads).await;
            println!(
                "{:6.1} ms, at most {:6.1}: {email} {path}",
                times[times.len() / 2],
                times[times.len() - 1]
            );
            if slowest.is_empty() || times[times.len() / 2] > slowest[loads / 2] {
                slowest = times;
            }
        }
    }
    for time in slowest {
        note(measured, &format!("{id}/slowest"), time);
    }
}

/// A browser without scripts.
struct Visitor {
    api: Api,
    cookies: BTreeMap<String, String>,
}

impl Visitor {
    async fn signed_in(api: &Api, area: &str, email: &str, password: &str, tenant: &str) -> Self {
        let mut visitor = Self { api: api.clone(), cookies: BTreeMap::new() };
        let path = format!("{area}/sign-in");
        let form = visitor.get(&path).await.expect(200);
        let (_, rest) = form.body.split_once(r#"name="form_token" value=""#).expect("a form with its token");
        let token = rest.split('"').next().unwrap_or_default();
        let fields = [("form_token", token), ("email", email), ("password", password), ("tenant", tenant)];
        let request = visitor.request(Method::POST, &path).form(&fields).header("origin", api.base());
        visitor.send(request).await.expect(303);
        visitor
    }

    /// Milliseconds of so many loads, in order.
    async fn times(&mut self, path: &str, loads: usize) -> Vec<f64> {
        let mut times = Vec::with_capacity(loads);
        for _ in 0..loads {
            let begun = Instant::now();
            self.get(path).await.expect(200);
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_unstable_by(f64::total_cmp);
        times
    }

    async fn get(&mut self, path: &str) -> Reply {
        let request = self.request(Method::GET, path);
        self.send(request).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.api.request(method, path, Credentials::Nobody).header("cookie", cookies.join("; "))
    }

    async fn send(&mut self, request: RequestBuilder) -> Reply {
        let reply = self.api.finish(request).await;
        for line in reply.headers.get_all("set-cookie") {
            let line = line.to_str().expect("ASCII");
            let (name, value) =
                line.split(';').next().unwrap_or_default().split_once('=').expect("a named cookie");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        reply
    }
}
