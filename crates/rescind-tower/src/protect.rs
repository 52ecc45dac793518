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
    pub fn cookie(self, name: impl Into<Box<str>>) -> Self {
        self.told(|policy| policy.cookie = Some(name.into()))
    }

    /// Lets a request without credentials through, without a caller. One with credentials that are bad is refused all the
    /// same. Where a role or a scope is asked for, there has to be a caller nevertheless.
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
    pub fn by_lookup(self, lookup: Arc<Lookup>) -> Self {
        self.told(|policy| policy.lookup = Some(lookup))
    }

    /// Callers must have this role, to the byte.
    pub fn role(self, role: impl Into<Box<str>>) -> Self {
        self.any_role([role])
    }

    /// Callers must have one of these roles. Told twice, it is what both name.
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
    pub fn scope(self, scope: impl Into<Box<str>>) -> Self {
        self.told(|policy| policy.scopes.push(scope.into()))
    }

    /// The `realm` of the challenge (RFC 9110 §11.5); `rescind` until told otherwise.
    pub fn realm(self, realm: &str) -> Self {
        self.told(|policy| policy.realm = Realm::new(realm))
    }

    /// Answers without bodies: for services whose body type is not made from bytes, such as tonic's and boxed ones.
    pub fn without_bodies(self) -> Protect<NoBodies> {
        self.bodies(NoBodies)
    }

    /// Answers with bodies of another form: see [`Bodies`](crate::Bodies).
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
