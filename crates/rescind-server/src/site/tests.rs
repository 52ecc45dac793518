//! The pages in this process, on a clock that is moved by hand and a ledger that nobody follows.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use rescind::authority::{Authority, Caller, RevocationRequest, What};
use rescind::clock::Timestamp;
use rescind::directory::UserFilter;
use rescind::id::UserId;
use rescind::store::PageRequest;
use rescind_examples::{OPERATOR_EMAIL, OPERATOR_PASSWORD, World};
use tower::ServiceExt as _;

use super::{Tally, routes};
use crate::app::App;
use crate::feed::Feed;
use crate::http::layers::{self, Edge};
use crate::http::serve::{Options, PeerAddr};
use crate::telemetry::Counters;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// A browser on this machine, and the pages that it is shown.
struct Browser {
    router: Router,
    authority: Arc<Authority>,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn of(authority: Authority) -> Self {
        let authority = Arc::new(authority);
        let app = App {
            authority: Arc::clone(&authority),
            feed: Arc::new(Feed::new(&authority, Options::default().places())),
            counters: Counters::new(),
            tally: Tally::default(),
            pulse: Arc::default(),
            openapi: "".into(),
            reference: "".into(),
        };
        let edge =
            Edge::new(Arc::clone(authority.clock()), Arc::clone(authority.entropy()), app.counters.http());
        let router = layers::dress(routes(&app).with_state(app), edge);
        Self { router, authority, cookies: BTreeMap::new() }
    }

    async fn get(&mut self, path: &str) -> Outcome<Response> {
        self.send(Request::get(path).body(Body::empty())?).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Outcome<Response> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(form.into())?).await
    }

    async fn send(&mut self, mut request: Request<Body>) -> Outcome<Response> {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.headers_mut().insert(header::HOST, "localhost".parse()?);
        request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse()?);
        request.extensions_mut().insert(PeerAddr("127.0.0.1:9".parse()?));
        let response = self.router.clone().oneshot(request).await?;
        for line in response.headers().get_all(header::SET_COOKIE) {
            let (name, rest) = line.to_str()?.split_once('=').ok_or("a cookie has a name")?;
            let value = rest.split(';').next().unwrap_or_default();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Ok(response)
    }

    /// Signs the operator in.
    async fn sign_in(&mut self) -> Outcome {
        let page = text(self.get("/admin/sign-in").await?).await?;
        let (_, rest) = page.split_once(r#"name="form_token" value=""#).ok_or("a form has a token")?;
        let token = rest.split('"').next().unwrap_or_default();
        let fields = [("form_token", token), ("email", OPERATOR_EMAIL), ("password", OPERATOR_PASSWORD)];
        let told = self.post("/admin/sign-in", &fields).await?;
        assert_eq!(told.status(), StatusCode::SEE_OTHER);
        assert_eq!(told.headers()[header::LOCATION], "/admin");
        Ok(())
    }
}

async fn text(response: Response) -> Outcome<String> {
    Ok(String::from_utf8(response.into_body().collect().await?.to_bytes().into())?)
}

/// The operator's own id.
async fn root(authority: &Authority) -> Outcome<UserId> {
    let (system, one) = (authority.system_tenant(), PageRequest { limit: 1, cursor: None });
    let wanted = UserFilter { tenant: Some(system), ..UserFilter::default() };
    Ok(authority.users(&Caller::system(), wanted, &one).await?.items[0].id)
}

/// When the operator's newest session was used last.
async fn last_use(authority: &Authority) -> Outcome<Timestamp> {
    let (system, one) = (authority.system_tenant(), PageRequest { limit: 1, cursor: None });
    let root = root(authority).await?;
    let newest = authority.sessions_of(&Caller::system(), root, Some(system), None, &one).await?;
    Ok(newest.items[0].last_used_at)
}

/// More entries than are read at once for a file.
async fn write_entries(authority: &Authority, operator: &Caller) -> Outcome {
    for n in 0..600 {
        let what = What::Jti(format!("jti-{n}"));
        let request = RevocationRequest { what, expires_at: None, user: None, tenant: None, reason: None };
        authority.revoke(operator, request).await?;
    }
    Ok(())
}

#[test]
fn an_export_breaks_off_when_its_session_is_cut() {
    rescind_examples::run(async |World { authority, operator, .. }| {
        write_entries(&authority, &operator).await?;
        let mut browser = Browser::of(authority);
        let authority = Arc::clone(&browser.authority);
        let (system, root) = (authority.system_tenant(), root(&authority).await?);
        for path in ["/admin/audit.jsonl", "/admin/audit.csv"] {
            browser.sign_in().await?;
            let whole = text(browser.get(path).await?).await?;
            assert!(whole.lines().count() > 600, "{path}");

            let mut body = browser.get(path).await?.into_body();
            assert!(body.frame().await.ok_or("it begins")?.is_ok());
            authority.revoke_user(&operator, root, Some(system), None).await?;
            // An end would look as if that were all.
            assert!(body.frame().await.ok_or("it ends as if it were whole")?.is_err(), "{path}");
        }
        Ok(())
    });
}

/// Or else the browser would come with a token that is used up.
#[test]
fn what_was_traded_at_the_door_is_kept_where_the_check_after_it_fails() {
    rescind_examples::run(async |World { authority, clock, .. }| {
        let mut browser = Browser::of(authority);
        browser.sign_in().await?;
        let before = browser.cookies.clone();
        // The access token has run out, and nobody has read the ledger for as long.
        clock.forward(Duration::from_secs(3600));
        let told = browser.get("/admin/users").await?;
        assert_eq!(told.status(), StatusCode::SERVICE_UNAVAILABLE);
        for name in ["__Host-rescind-admin-access", "__Host-rescind-admin-refresh"] {
            assert!(before[name] != browser.cookies[name] && !browser.cookies[name].is_empty(), "{name}");
        }
        Ok(())
    });
}

/// Nobody need be there for what a page asks for by itself.
#[test]
fn a_glance_is_no_use_of_the_session() {
    rescind_examples::run(async |World { authority, clock, .. }| {
        let mut browser = Browser::of(authority);
        browser.sign_in().await?;
        let glance = || Request::get("/admin/figures").header("hx-request", "true").body(Body::empty());
        let shown = browser.send(glance()?).await?;
        assert!(!shown.headers().contains_key("hx-retarget"));
        assert!(text(shown).await?.contains("Active sessions"));

        clock.forward(Duration::from_secs(3600));
        let before = (browser.cookies.clone(), last_use(&browser.authority).await?);
        let told = browser.send(glance()?).await?;
        assert_eq!(told.status(), StatusCode::OK);
        assert_eq!(told.headers()["hx-retarget"], "#updates");
        assert!(!told.headers().contains_key(header::SET_COOKIE));
        let told = text(told).await?;
        assert!(told.contains("Paused") && told.contains(r#"href="/admin""#), "{told}");
        assert!(!told.contains("Active sessions"), "{told}");
        assert_eq!((browser.cookies.clone(), last_use(&browser.authority).await?), before);
        // Whoever is no script is led to the page.
        let led = browser.get("/admin/figures").await?;
        assert_eq!(led.status(), StatusCode::SEE_OTHER);
        assert_eq!(led.headers()[header::LOCATION], "/admin");
        Ok(())
    });
}
