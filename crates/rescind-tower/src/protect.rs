//! The layer, and what it can be told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rescind::lookup::Lookup;
use rescind::verifier::{LedgerHead, Verifier};
use tower_layer::Layer;

use crate::answer::{NoBodies, Problems};
use crate::denial::Realm;
use crate::policy::{Fresh, Policy};
use crate::service::Protected;

/// Protects what it is layered around: a request comes through with a good access token, or is answered by the layer itself
/// and reaches nobody inside. A handler that forgets to ask who is calling is protected like any other.
///
/// The token is taken from `Authorization: Bearer` (RFC 6750 §2.1), never from the query or the body. The request goes on
/// unchanged, with its caller among its extensions: [`Authenticated`](crate::Authenticated).
///
/// ```
/// # use std::sync::Arc;
/// # use rescind::verifier::Verifier;
/// use axum::Router;
/// use axum::routing::{delete, get};
/// use rescind_tower::{Authenticated, Protect};
///
/// # fn app(verifier: Arc<Verifier>) -> Router {
/// let protect = Protect::new(verifier).audience("https://api.example");
///
/// let admin = Router::new()
///     .route("/notes/{id}", delete(async || "deleted"))
///     .layer(protect.clone().role("admin"));
/// Router::new()
///     .route("/notes", get(|caller: Authenticated| async move { format!("{:?}", caller.user_id()) }))
///     .merge(admin)
///     .layer(protect)
/// # }
/// ```
///
/// Layers may stand inside one another: what an outer one has proved of a token, an inner one of the same verifier does not
/// prove again, apart from its times, its audience and every cut. The innermost one decides who the caller is.
///
/// | the request | is answered with |
/// |---|---|
/// | no credentials, or of another scheme | 401 `authentication_required` |
/// | two `Authorization` headers, or two cookies of the name | 400 `invalid_request` |
/// | a token that is malformed, not ours, not for us; expired; revoked | 401 `invalid_token`; `token_expired`; `token_revoked` |
/// | another role; without the scope | 403 `forbidden`; `insufficient_scope` |
/// | a replica that is too old, or was never loaded; a fresh check that took too long | 503 `stale`, `not_ready` |
///
/// The challenge is that of RFC 6750 §3, the body a problem document (RFC 9457) with the code. Requests of gRPC
/// (`application/grpc…`) are answered as gRPC does, with `grpc-status` 16, 7 or 14 and the code as the message.
///
/// CORS belongs outside of it: a preflight request carries no credentials.
#[derive(Clone)]
#[must_use = "a layer protects only what it is around"]
pub struct Protect<A = Problems> {
    policy: Arc<Policy>,
    bodies: A,
}

impl Protect {
    /// Lets through whom `verifier` lets through, for the audiences that its issuers were configured with.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use axum::{Router, body::Body, routing::get};
    /// # use http::Request;
    /// # use secrecy::ExposeSecret as _;
    /// # use tower::ServiceExt as _;
    /// # let verifier = authority.verifier().clone();
    /// # let bearer = format!("Bearer {}", pair.access_token.expose_secret());
    /// # let with_token = || Request::get("/").header("authorization", &bearer).body(Body::empty());
    /// # let without = || Request::get("/").body(Body::empty());
    /// use rescind_tower::Protect;
    ///
    /// let app = Router::new().route("/", get(async || "in")).layer(Protect::new(verifier));
    /// assert_eq!(app.clone().oneshot(with_token()?).await?.status(), 200);
    /// assert_eq!(app.oneshot(without()?).await?.status(), 401);
    /// # Ok(())
    /// # });
    /// ```
    pub fn new(verifier: Arc<Verifier>) -> Self {
        let policy = Policy {
            verifier,
            audience: None,
            cookie: None,
            optional: false,
            fresh: None,
            lookup: None,
            roles: None,
            scopes: Vec::new(),
            realm: Realm::default(),
        };
        Self { policy: Arc::new(policy), bodies: Problems }
    }
}

impl<A> Protect<A> {
    /// Tokens must be meant for this audience, to the byte, and for no other one that the verifier knows.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use axum::{Router, body::Body, routing::get};
    /// # use http::Request;
    /// # use secrecy::ExposeSecret as _;
    /// # use tower::ServiceExt as _;
    /// # let verifier = authority.verifier().clone();
    /// # let bearer = format!("Bearer {}", pair.access_token.expose_secret());
    /// # let with_token = || Request::get("/").header("authorization", &bearer).body(Body::empty());
    /// # let without = || Request::get("/").body(Body::empty());
    /// use rescind_tower::Protect;
    ///
    /// let protect = Protect::new(verifier).audience("https://shop.example");
    /// let app = Router::new().route("/", get(async || "in")).layer(protect);
    /// // The token is meant for the authority itself.
    /// assert_eq!(app.oneshot(with_token()?).await?.status(), 401);
    /// # Ok(())
    /// # });
    /// ```
    pub fn audience(self, audience: impl Into<Box<str>>) -> Self {
        self.told(|policy| policy.audience = Some(audience.into()))
    }

    /// Takes the token also from the cookie of this name, where there is no `Authorization: Bearer`. Two cookies of the name are
    /// refused; an empty one is none; quotes are not taken off.
    ///
    /// A browser sends a cookie by itself, also with what another site makes it send (cross-site request forgery), and this layer does
    /// not tell that apart. So set the cookie with `HttpOnly; Secure; SameSite=Lax` (or `Strict`) and a name that begins with
    /// `__Host-`, change nothing in answer to a `GET`, and where sites below the same domain are not trusted refuse what is not safe and
    /// has another `Origin` than yours.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use axum::{Router, body::Body, routing::get};
    /// # use http::Request;
    /// # use secrecy::ExposeSecret as _;
    /// # use tower::ServiceExt as _;
    /// # let verifier = authority.verifier().clone();
    /// # let bearer = format!("Bearer {}", pair.access_token.expose_secret());
    /// # let with_token = || Request::get("/").header("authorization", &bearer).body(Body::empty());
    /// # let without = || Request::get("/").body(Body::empty());
    /// use rescind_tower::Protect;
    ///
    /// let app = Router::new().route("/", get(async || "in")).layer(Protect::new(verifier).cookie("__Host-token"));
    /// let cookie = format!("__Host-token={}", pair.access_token.expose_secret());
    /// let request = Request::get("/").header("cookie", cookie).body(Body::empty())?;
    /// assert_eq!(app.oneshot(request).await?.status(), 200);
    /// # Ok(())
    /// # });
    /// ```
    pub fn cookie(self, name: impl Into<Box<str>>) -> Self {
        self.told(|policy| policy.cookie = Some(name.into()))
    }

    /// Lets a request without credentials through, without a caller. One with credentials that are bad is refused all the
    /// same. Where a role or a scope is asked for, there has to be a caller nevertheless.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use axum::{Router, body::Body, routing::get};
    /// # use http::Request;
    /// # use secrecy::ExposeSecret as _;
    /// # use tower::ServiceExt as _;
    /// # let verifier = authority.verifier().clone();
    /// # let bearer = format!("Bearer {}", pair.access_token.expose_secret());
    /// # let with_token = || Request::get("/").header("authorization", &bearer).body(Body::empty());
    /// # let without = || Request::get("/").body(Body::empty());
    /// use rescind_tower::Protect;
    ///
    /// let app = Router::new().route("/", get(async || "in")).layer(Protect::new(verifier).optional());
    /// assert_eq!(app.clone().oneshot(without()?).await?.status(), 200);
    /// let forged = Request::get("/").header("authorization", "Bearer forged").body(Body::empty())?;
    /// assert_eq!(app.oneshot(forged).await?.status(), 401);
    /// # Ok(())
    /// # });
    /// ```
    pub fn optional(self) -> Self {
        self.told(|policy| policy.optional = true)
    }

    /// Every request through this layer is held against all that was revoked by then, on whichever node: `ledger` is asked
    /// where it ends, and the replica waited for, at most for `patience`; then the answer is 503. See
    /// [`Verifier::verify_fresh`]. For single routes: layer those.
    ///
    /// It waits for a round trip, and needs a Tokio runtime with timers.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::time::Duration;
    /// # use rescind::verifier::{LedgerHead, Verifier};
    /// use axum::Router;
    /// use axum::routing::{get, post};
    /// use rescind_tower::Protect;
    ///
    /// # fn app(verifier: Arc<Verifier>, ledger: Arc<dyn LedgerHead>) -> Router {
    /// let protect = Protect::new(verifier);
    /// let fresh = protect.clone().fresh(ledger, Duration::from_secs(2));
    /// Router::new()
    ///     .route("/balance", get(async || "1,000"))
    ///     .route("/pay", post(async || "paid").layer(fresh))
    ///     .layer(protect)
    /// # }
    /// ```
    pub fn fresh(self, ledger: Arc<dyn LedgerHead>, patience: Duration) -> Self {
        self.told(|policy| policy.fresh = Some(Fresh { ledger, patience }))
    }

    /// Asks a shared cache, and then the ledger, about each token, instead of the replica: see [`Verifier::verify_by_lookup`]. With
    /// [`Protect::fresh`], a ledger that cannot be read in time lets nothing pass; its head is not asked for.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, ports, ada, .. }| {
    /// # use axum::{Router, body::Body, routing::get};
    /// # use http::Request;
    /// # use secrecy::ExposeSecret as _;
    /// # use tower::ServiceExt as _;
    /// # let verifier = authority.verifier().clone();
    /// # let bearer = format!("Bearer {}", pair.access_token.expose_secret());
    /// # let with_token = || Request::get("/").header("authorization", &bearer).body(Body::empty());
    /// # let without = || Request::get("/").body(Body::empty());
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// use rescind::lookup::Lookup;
    /// use rescind_tower::Protect;
    ///
    /// // No cache: the ledger is asked about each token.
    /// let lookup = Arc::new(Lookup::new(None, ports.store.clone(), Duration::from_secs(30)));
    /// let protect = Protect::new(verifier).by_lookup(lookup);
    /// let app = Router::new().route("/", get(async || "in")).layer(protect);
    /// authority.revoke_all_own(&ada).await?;
    /// assert_eq!(app.oneshot(with_token()?).await?.status(), 401);
    /// # Ok(())
    /// # });
    /// ```
    pub fn by_lookup(self, lookup: Arc<Lookup>) -> Self {
        self.told(|policy| policy.lookup = Some(lookup))
    }

    /// Callers must have this role, to the byte.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use axum::{Router, body::Body, routing::get};
    /// # use http::Request;
    /// # use secrecy::ExposeSecret as _;
    /// # use tower::ServiceExt as _;
    /// # let verifier = authority.verifier().clone();
    /// # let bearer = format!("Bearer {}", pair.access_token.expose_secret());
    /// # let with_token = || Request::get("/").header("authorization", &bearer).body(Body::empty());
    /// # let without = || Request::get("/").body(Body::empty());
    /// use rescind_tower::Protect;
    ///
    /// let app = Router::new().route("/", get(async || "in")).layer(Protect::new(verifier).role("admin"));
    /// // Ada is a member.
    /// assert_eq!(app.oneshot(with_token()?).await?.status(), 403);
    /// # Ok(())
    /// # });
    /// ```
    pub fn role(self, role: impl Into<Box<str>>) -> Self {
        self.any_role([role])
    }

    /// Callers must have one of these roles. Told twice, it is what both name.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use axum::{Router, body::Body, routing::get};
    /// # use http::Request;
    /// # use secrecy::ExposeSecret as _;
    /// # use tower::ServiceExt as _;
    /// # let verifier = authority.verifier().clone();
    /// # let bearer = format!("Bearer {}", pair.access_token.expose_secret());
    /// # let with_token = || Request::get("/").header("authorization", &bearer).body(Body::empty());
    /// # let without = || Request::get("/").body(Body::empty());
    /// use rescind_tower::Protect;
    ///
    /// let protect = Protect::new(verifier).any_role(["member", "admin"]);
    /// let app = |protect| Router::new().route("/", get(async || "in")).layer(protect);
    /// assert_eq!(app(protect.clone()).oneshot(with_token()?).await?.status(), 200);
    /// // Told twice: admins are left.
    /// assert_eq!(app(protect.role("admin")).oneshot(with_token()?).await?.status(), 403);
    /// # Ok(())
    /// # });
    /// ```
    pub fn any_role<R: Into<Box<str>>>(self, roles: impl IntoIterator<Item = R>) -> Self {
        let mut roles: Vec<Box<str>> = roles.into_iter().map(Into::into).collect();
        self.told(|policy| {
            if let Some(before) = &policy.roles {
                roles.retain(|role| before.contains(role));
            }
            policy.roles = Some(roles);
        })
    }

    /// Tokens must carry this scope, by the claim `scope` (RFC 6749 §3.3). Told twice, they must carry both.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use axum::{Router, body::Body, routing::get};
    /// # use http::Request;
    /// # use secrecy::ExposeSecret as _;
    /// # use tower::ServiceExt as _;
    /// # let verifier = authority.verifier().clone();
    /// # let bearer = format!("Bearer {}", pair.access_token.expose_secret());
    /// # let with_token = || Request::get("/").header("authorization", &bearer).body(Body::empty());
    /// # let without = || Request::get("/").body(Body::empty());
    /// use rescind_tower::Protect;
    ///
    /// let protect = Protect::new(verifier).scope("notes:write");
    /// let app = Router::new().route("/", get(async || "in")).layer(protect);
    /// let refused = app.oneshot(with_token()?).await?;
    /// assert_eq!(refused.status(), 403);
    /// let challenge = refused.headers()["www-authenticate"].to_str()?;
    /// assert!(challenge.ends_with(r#"scope="notes:write""#));
    /// # Ok(())
    /// # });
    /// ```
    pub fn scope(self, scope: impl Into<Box<str>>) -> Self {
        self.told(|policy| policy.scopes.push(scope.into()))
    }

    /// The `realm` of the challenge (RFC 9110 §11.5); `rescind` until told otherwise.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use axum::{Router, body::Body, routing::get};
    /// # use http::Request;
    /// # use secrecy::ExposeSecret as _;
    /// # use tower::ServiceExt as _;
    /// # let verifier = authority.verifier().clone();
    /// # let bearer = format!("Bearer {}", pair.access_token.expose_secret());
    /// # let with_token = || Request::get("/").header("authorization", &bearer).body(Body::empty());
    /// # let without = || Request::get("/").body(Body::empty());
    /// use rescind_tower::Protect;
    ///
    /// let app = Router::new().route("/", get(async || "in")).layer(Protect::new(verifier).realm("notes"));
    /// let refused = app.oneshot(without()?).await?;
    /// assert_eq!(refused.headers()["www-authenticate"], r#"Bearer realm="notes""#);
    /// # Ok(())
    /// # });
    /// ```
    pub fn realm(self, realm: &str) -> Self {
        self.told(|policy| policy.realm = Realm::new(realm))
    }

    /// Answers without bodies: for services whose body type is not made from bytes, such as tonic's and boxed ones.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use axum::{Router, body::Body, routing::get};
    /// # use http::Request;
    /// # use secrecy::ExposeSecret as _;
    /// # use tower::ServiceExt as _;
    /// # let verifier = authority.verifier().clone();
    /// # let bearer = format!("Bearer {}", pair.access_token.expose_secret());
    /// # let with_token = || Request::get("/").header("authorization", &bearer).body(Body::empty());
    /// # let without = || Request::get("/").body(Body::empty());
    /// use rescind_tower::Protect;
    ///
    /// let protect = Protect::new(verifier).without_bodies();
    /// let app = Router::new().route("/", get(async || "in")).layer(protect);
    /// let refused = app.oneshot(without()?).await?;
    /// assert_eq!(refused.headers().get("content-type"), None);
    /// # Ok(())
    /// # });
    /// ```
    pub fn without_bodies(self) -> Protect<NoBodies> {
        self.bodies(NoBodies)
    }

    /// Answers with bodies of another form: see [`Bodies`](crate::Bodies).
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use axum::{Router, body::Body, routing::get};
    /// # use http::Request;
    /// # use secrecy::ExposeSecret as _;
    /// # use tower::ServiceExt as _;
    /// # let verifier = authority.verifier().clone();
    /// # let bearer = format!("Bearer {}", pair.access_token.expose_secret());
    /// # let with_token = || Request::get("/").header("authorization", &bearer).body(Body::empty());
    /// # let without = || Request::get("/").body(Body::empty());
    /// use http::HeaderValue;
    /// use rescind_tower::{Bodies, Denial, Protect};
    ///
    /// #[derive(Clone)]
    /// struct PlainText;
    ///
    /// impl<B: From<String>> Bodies<B> for PlainText {
    ///     fn body(&self, denial: &Denial) -> (Option<HeaderValue>, B) {
    ///         (Some(HeaderValue::from_static("text/plain")), denial.to_string().into())
    ///     }
    ///     fn empty(&self) -> B {
    ///         String::new().into()
    ///     }
    /// }
    ///
    /// let app = Router::new().route("/", get(async || "in")).layer(Protect::new(verifier).bodies(PlainText));
    /// assert_eq!(app.oneshot(without()?).await?.headers()["content-type"], "text/plain");
    /// # Ok(())
    /// # });
    /// ```
    pub fn bodies<N>(self, bodies: N) -> Protect<N> {
        Protect { policy: self.policy, bodies }
    }

    fn told(mut self, tell: impl FnOnce(&mut Policy)) -> Self {
        tell(Arc::make_mut(&mut self.policy));
        self
    }
}

impl<S, A: Clone> Layer<S> for Protect<A> {
    type Service = Protected<S, A>;

    fn layer(&self, inner: S) -> Protected<S, A> {
        Protected::new(inner, self.policy.clone(), self.bodies.clone())
    }
}

impl<A> fmt::Debug for Protect<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = &*self.policy;
        f.debug_struct("Protect")
            .field("audience", &policy.audience)
            .field("cookie", &policy.cookie)
            .field("optional", &policy.optional)
            .field("fresh", &policy.fresh.is_some())
            .field("by_lookup", &policy.lookup.is_some())
            .field("roles", &policy.roles)
            .field("scopes", &policy.scopes)
            .finish_non_exhaustive()
    }
}
