//! A small client of the API, as an outsider would write it: only paths and fields of the published contract.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::reply::Reply;

/// Longer than any call takes on a loaded machine: a hang becomes a failure with a name.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// Members of requests and answers whose values must never show up in a log.
const SECRET_MEMBERS: [&str; 7] = [
    "access_token",
    "client_secret",
    "current_password",
    "new_password",
    "password",
    "refresh_token",
    "token",
];

/// Who calls.
#[derive(Clone, Copy, Debug)]
pub enum Credentials<'a> {
    /// No credentials.
    Nobody,
    /// An access token.
    Bearer(&'a str),
    /// An API client.
    Basic(&'a Client),
}

/// An API client's credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`, as shown once.
    pub secret: String,
}

impl Client {
    /// The value of `Authorization` (RFC 7617 §2).
    pub fn basic(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.id, self.secret)))
    }
}

/// Calls one server. Clones share the connections and the list of secrets seen.
#[derive(Clone, Debug)]
pub struct Api {
    base: String,
    issuer: String,
    http: reqwest::Client,
    secrets: Arc<Mutex<BTreeSet<String>>>,
}

impl Api {
    /// Calls the server at `base`, such as `http://127.0.0.1:8080`. No proxy, no redirects.
    ///
    /// # Panics
    /// If the HTTP client cannot be built.
    pub fn new(base: impl Into<String>) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(CALL_LIMIT)
            .build()
            .expect("a client without TLS needs nothing");
        let base = base.into();
        Self { issuer: base.clone(), base, http, secrets: Arc::default() }
    }

    /// The same client of a server that was told another issuer than its address.
    #[must_use]
    pub fn of_issuer(self, issuer: impl Into<String>) -> Self {
        Self { issuer: issuer.into(), ..self }
    }

    /// The server's address, which is also its issuer unless it was told another.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Every token, password and client secret that went over this client so far, in either direction.
    pub fn secrets(&self) -> BTreeSet<String> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `POST /api/v1/auth/login`.
    pub async fn login(&self, email: &str, password: &str) -> Reply {
        self.post("/api/v1/auth/login", Credentials::Nobody, json!({"email": email, "password": password}))
            .await
    }

    /// `POST /api/v1/auth/login` for the audience that calls under `/api/v1/admin` take.
    pub async fn login_as_admin(&self, email: &str, password: &str) -> Reply {
        let audience = format!("{}/admin", self.issuer);
        let body = json!({"email": email, "password": password, "audience": audience});
        self.post("/api/v1/auth/login", Credentials::Nobody, body).await
    }

    /// `POST /api/v1/auth/refresh`.
    pub async fn refresh(&self, refresh_token: &str) -> Reply {
        self.post("/api/v1/auth/refresh", Credentials::Nobody, json!({"refresh_token": refresh_token})).await
    }

    /// `POST /api/v1/auth/logout`.
    pub async fn logout(&self, refresh_token: &str) -> Reply {
        self.post("/api/v1/auth/logout", Credentials::Nobody, json!({"refresh_token": refresh_token})).await
    }

    /// `GET /api/v1/auth/me`.
    pub async fn me(&self, access_token: &str) -> Reply {
        self.get("/api/v1/auth/me", Credentials::Bearer(access_token)).await
    }

    /// `GET /api/v1/auth/sessions`.
    pub async fn sessions(&self, access_token: &str) -> Reply {
        self.get("/api/v1/auth/sessions", Credentials::Bearer(access_token)).await
    }

    /// `POST /api/v1/admin/users`, bound to `tenant` where one is named.
    pub async fn create_user(
        &self,
        caller: Credentials<'_>,
        email: &str,
        password: &str,
        role: &str,
        tenant: Option<&str>,
    ) -> Reply {
        let mut body = json!({"email": email, "password": password, "role": role});
        if let Some(tenant) = tenant {
            body["tenant_id"] = tenant.into();
        }
        self.post("/api/v1/admin/users", caller, body).await
    }

    /// `POST /api/v1/admin/clients`: an API client with these scopes, bound to `tenant` where one is named.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn create_client(
        &self,
        caller: Credentials<'_>,
        name: &str,
        scopes: &[&str],
        tenant: Option<&str>,
    ) -> Client {
        let mut body = json!({"name": name, "scopes": scopes});
        if let Some(tenant) = tenant {
            body["tenant_id"] = tenant.into();
        }
        let made = self.post("/api/v1/admin/clients", caller, body).await;
        assert!((200..300).contains(&made.status), "{made:?}");
        Client { id: made.text("client_id").to_owned(), secret: made.text("client_secret").to_owned() }
    }

    /// The id of the tenant with this slug, by `GET /api/v1/admin/tenants`.
    ///
    /// # Panics
    /// If there is none.
    pub async fn tenant_id(&self, caller: Credentials<'_>, slug: &str) -> String {
        let tenants = self.get("/api/v1/admin/tenants?limit=500", caller).await.expect(200);
        let items = tenants.json["items"].as_array().cloned().unwrap_or_default();
        let tenant = items.iter().find(|tenant| tenant["slug"] == slug);
        let tenant = tenant.unwrap_or_else(|| panic!("no tenant `{slug}` in {tenants:?}"));
        tenant["tenant_id"].as_str().expect("tenant_id is a text").to_owned()
    }

    /// `GET` of a path (with its query).
    pub async fn get(&self, path: &str, caller: Credentials<'_>) -> Reply {
        self.send(Method::GET, path, caller, None).await
    }

    /// `POST` of JSON.
    pub async fn post(&self, path: &str, caller: Credentials<'_>, body: Value) -> Reply {
        self.send(Method::POST, path, caller, Some(body)).await
    }

    /// `PATCH` of JSON.
    pub async fn patch(&self, path: &str, caller: Credentials<'_>, body: Value) -> Reply {
        self.send(Method::PATCH, path, caller, Some(body)).await
    }

    /// `DELETE` of a path.
    pub async fn delete(&self, path: &str, caller: Credentials<'_>) -> Reply {
        self.send(Method::DELETE, path, caller, None).await
    }

    /// Any method, with a JSON body or none.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        caller: Credentials<'_>,
        body: Option<Value>,
    ) -> Reply {
        let mut request = self.request(method, path, caller);
        if let Some(body) = body {
            self.remember(&body);
            request = request.json(&body);
        }
        self.finish(request).await
    }

    /// `POST` of a form, as under `/oauth2`.
    pub async fn form(&self, path: &str, caller: Credentials<'_>, fields: &[(&str, &str)]) -> Reply {
        for (name, value) in fields {
            self.remember(&json!({ *name: value }));
        }
        self.finish(self.request(Method::POST, path, caller).form(fields)).await
    }

    /// A request to this server, for what the other calls cannot say; [`Api::finish`] sends it.
    pub fn request(&self, method: Method, path: &str, caller: Credentials<'_>) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match caller {
            Credentials::Nobody => request,
            Credentials::Bearer(token) => request.bearer_auth(token),
            Credentials::Basic(client) => request.basic_auth(&client.id, Some(&client.secret)),
        }
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn finish(&self, request: RequestBuilder) -> Reply {
        self.try_finish(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// If the connection ends first, as it does when the server is killed.
    pub async fn try_finish(&self, request: RequestBuilder) -> Result<Reply, reqwest::Error> {
        let request = request.build()?;
        let call = format!("{} {}", request.method(), request.url().path());
        let response = self.http.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = if is_endless(&response) { first_event(response).await? } else { response.text().await? };
        let json = serde_json::from_str(&body).unwrap_or_default();
        self.remember(&json);
        Ok(Reply { call, status, headers, body, json })
    }

    /// Sends a request and leaves the answer to be read bit by bit, however long that takes.
    ///
    /// # Errors
    /// If the connection ends before the answer begins.
    pub async fn stream(&self, request: RequestBuilder) -> Result<reqwest::Response, reqwest::Error> {
        self.http.execute(request.timeout(Duration::from_secs(24 * 3600)).build()?).await
    }

    fn remember(&self, body: &Value) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        for name in SECRET_MEMBERS {
            secrets.extend(body[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned));
        }
    }
}

fn is_endless(response: &reqwest::Response) -> bool {
    let kind = response.headers().get(reqwest::header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// Of Server-Sent Events, the first: they would never end.
async fn first_event(mut response: reqwest::Response) -> Result<String, reqwest::Error> {
    let mut text = String::new();
    while !text.contains("\n\n") {
        let Some(bytes) = response.chunk().await? else { break };
        text += &String::from_utf8_lossy(&bytes);
    }
    Ok(text)
}
