//! The caller, as a handler gets it.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Once};

use http::Extensions;
use rescind::id::TenantId;
use rescind::ledger::CutKind;
use rescind::verifier::{Verified, Verifier};

use crate::denial::{Denial, Realm, Reason};
use crate::pass::Pass;
use crate::scope;

/// A caller whose token was good, and reached by no cut, when the request came through [`Protect`](crate::Protect). Only that
/// makes one; a clone is cheap.
///
/// It derefs to the token: `user_id()`, `tenant_id()`, `session_id()`, `role()`, `email()`, `extra()`, `expires_at()` and so on. With the
/// feature `axum` it is an extractor, and `Option<Authenticated>` is one for what is behind
/// [`Protect::optional`](crate::Protect::optional). Elsewhere [`Authenticated::of`] takes it from the extensions of the request.
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
/// use rescind_tower::Authenticated;
///
/// async fn handler(caller: Authenticated) -> String {
///     format!("Hello, {}!", caller.email().unwrap_or("stranger"))
/// }
/// # let app = Router::new().route("/", get(handler)).layer(rescind_tower::Protect::new(verifier));
/// # assert_eq!(app.oneshot(with_token()?).await?.status(), 200);
/// # Ok(())
/// # });
/// ```
#[derive(Clone)]
pub struct Authenticated {
    verified: Verified,
    verifier: Arc<Verifier>,
    realm: Realm,
}

impl Authenticated {
    pub(crate) const fn new(verified: Verified, verifier: Arc<Verifier>, realm: Realm) -> Self {
        Self { verified, verifier, realm }
    }

    /// The caller of a request, or of tonic's `Request`, with these extensions. None where it came without credentials, and where
    /// no [`Protect`](crate::Protect) is around.
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
    /// use http::Extensions;
    /// use rescind_tower::Authenticated;
    ///
    /// // Without axum's extractors: from the extensions of the request.
    /// async fn handler(request: http::Request<axum::body::Body>) -> &'static str {
    ///     match Authenticated::of(request.extensions()) {
    ///         Some(_) => "hello again",
    ///         None => "who are you?",
    ///     }
    /// }
    /// assert!(Authenticated::of(&Extensions::new()).is_none());
    /// # let app = Router::new().route("/", get(handler)).layer(rescind_tower::Protect::new(verifier));
    /// # assert_eq!(app.oneshot(with_token()?).await?.status(), 200);
    /// # Ok(())
    /// # });
    /// ```
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        match Pass::of(extensions)? {
            Pass::Known { caller, .. } => Some(caller),
            Pass::Anonymous(_) => None,
        }
    }

    /// As [`Authenticated::of`], where there has to be a caller.
    ///
    /// ```
    /// use http::{Extensions, StatusCode};
    /// use rescind_tower::Authenticated;
    ///
    /// // A handler that nothing protects refuses everybody.
    /// let refused = Authenticated::required(&Extensions::new()).unwrap_err();
    /// assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    /// ```
    ///
    /// # Errors
    /// A [`Denial`] with 401, to be handed on.
    pub fn required(extensions: &Extensions) -> Result<&Self, Denial> {
        Self::optional(extensions)?.map_err(|realm| Denial::new(Reason::NoCredentials, realm.clone()))
    }

    /// The caller, or the realm of the layer that let the request through without one.
    pub(crate) fn optional(extensions: &Extensions) -> Result<Result<&Self, &Realm>, Denial> {
        match Pass::of(extensions) {
            Some(Pass::Known { caller, .. }) => Ok(Ok(caller)),
            Some(Pass::Anonymous(realm)) => Ok(Err(realm)),
            None => Err(unprotected()),
        }
    }

    /// Resolves when a cut reaches the token: for web sockets, streams and whatever else goes on after the check. It borrows
    /// nothing. It does not resolve when the token expires: whoever must not outlive that waits for both. Nor does it when the replica gets too
    /// old to tell: [`Verifier::verify_again`], now and then, is how that is noticed.
    ///
    /// ```
    /// use rescind::clock::Clock;
    /// use rescind_tower::Authenticated;
    /// # async fn next_message() -> Option<String> { None }
    /// # async fn send(_: String) {}
    ///
    /// async fn serve(caller: Authenticated, clock: &dyn Clock) {
    ///     let mut cut = std::pin::pin!(caller.cut());
    ///     let left = caller.expires_at().since(clock.now());
    ///     let mut expired = std::pin::pin!(tokio::time::sleep(left));
    ///     loop {
    ///         tokio::select! {
    ///             biased;
    ///             _ = &mut cut => return,
    ///             () = &mut expired => return,
    ///             message = next_message() => match message {
    ///                 Some(message) => send(message).await,
    ///                 None => return,
    ///             },
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// It goes by the verifier's replica. Where the checks are by [look-up](crate::Protect::by_lookup) and nobody feeds the replica, it
    /// never resolves.
    pub fn cut(&self) -> impl Future<Output = CutKind> + Send + 'static + use<> {
        let (verifier, verified) = (self.verifier.clone(), self.verified.clone());
        async move { verifier.until_cut(&verified).await }
    }

    /// Whether the caller has this role, to the byte.
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
    /// use rescind_tower::Authenticated;
    ///
    /// async fn handler(caller: Authenticated) {
    ///     assert!(caller.has_role("member") && !caller.has_role("admin"));
    /// }
    /// # let app = Router::new().route("/", get(handler)).layer(rescind_tower::Protect::new(verifier));
    /// # assert_eq!(app.oneshot(with_token()?).await?.status(), 200);
    /// # Ok(())
    /// # });
    /// ```
    pub fn has_role(&self, role: &str) -> bool {
        self.role() == Some(role)
    }

    /// Whether the token's `scope` claim (RFC 6749 §3.3) names this scope: a string with spaces between the scopes, or an array of
    /// strings. A token without the claim has none.
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
    /// use rescind_tower::Authenticated;
    ///
    /// async fn handler(caller: Authenticated) {
    ///     assert!(!caller.has_scope("notes:write"));
    /// }
    /// # let app = Router::new().route("/", get(handler)).layer(rescind_tower::Protect::new(verifier));
    /// # assert_eq!(app.oneshot(with_token()?).await?.status(), 200);
    /// # Ok(())
    /// # });
    /// ```
    pub fn has_scope(&self, scope: &str) -> bool {
        scope::grants(self.payload(), scope)
    }

    /// Goes on only where the caller has this role.
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
    /// use rescind_tower::{Authenticated, Denial, Protect};
    ///
    /// async fn handler(caller: Authenticated) -> Result<&'static str, Denial> {
    ///     caller.require_role("admin")?;
    ///     Ok("done")
    /// }
    /// let app = Router::new().route("/", get(handler)).layer(Protect::new(verifier));
    /// assert_eq!(app.oneshot(with_token()?).await?.status(), 403);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// A [`Denial`] with 403.
    pub fn require_role(&self, role: &str) -> Result<(), Denial> {
        self.require_any_role(&[role])
    }

    /// Goes on only where the caller has one of these roles.
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
    /// use rescind_tower::{Authenticated, Denial, Protect};
    ///
    /// async fn handler(caller: Authenticated) -> Result<&'static str, Denial> {
    ///     caller.require_any_role(&["editor", "admin"])?;
    ///     Ok("done")
    /// }
    /// let app = Router::new().route("/", get(handler)).layer(Protect::new(verifier));
    /// assert_eq!(app.oneshot(with_token()?).await?.status(), 403);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// A [`Denial`] with 403.
    pub fn require_any_role(&self, roles: &[&str]) -> Result<(), Denial> {
        match roles.iter().any(|role| self.has_role(role)) {
            true => Ok(()),
            false => Err(self.denied(Reason::MissingRole)),
        }
    }

    /// Goes on only where the token carries this scope.
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
    /// use rescind_tower::{Authenticated, Denial, Protect};
    ///
    /// async fn handler(caller: Authenticated) -> Result<&'static str, Denial> {
    ///     caller.require_scope("notes:write")?;
    ///     Ok("done")
    /// }
    /// let app = Router::new().route("/", get(handler)).layer(Protect::new(verifier));
    /// assert_eq!(app.oneshot(with_token()?).await?.status(), 403);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// A [`Denial`] with 403.
    pub fn require_scope(&self, scope: &str) -> Result<(), Denial> {
        match self.has_scope(scope) {
            true => Ok(()),
            false => Err(self.denied(Reason::MissingScope(scope.into()))),
        }
    }

    /// Goes on only where the caller belongs to this tenant. What belongs to another is answered as though it did not exist.
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
    /// use axum::extract::State;
    /// use rescind::id::TenantId;
    /// use rescind_tower::{Authenticated, Denial, Protect};
    ///
    /// async fn handler(State(owner): State<TenantId>, caller: Authenticated) -> Result<(), Denial> {
    ///     caller.require_tenant(owner)
    /// }
    /// // Of what another tenant owns nobody is told that it is there.
    /// let notes = Router::new().route("/", get(handler)).with_state(authority.system_tenant());
    /// assert_eq!(notes.layer(Protect::new(verifier)).oneshot(with_token()?).await?.status(), 404);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// A [`Denial`] with 404.
    pub fn require_tenant(&self, tenant: TenantId) -> Result<(), Denial> {
        match self.tenant_id() == Some(tenant) {
            true => Ok(()),
            false => Err(self.denied(Reason::OtherTenant)),
        }
    }

    pub(crate) fn denied(&self, reason: Reason) -> Denial {
        Denial::new(reason, self.realm.clone())
    }

    pub(crate) fn is_by(&self, verifier: &Arc<Verifier>) -> bool {
        Arc::ptr_eq(&self.verifier, verifier)
    }
}

impl Deref for Authenticated {
    type Target = Verified;

    fn deref(&self) -> &Verified {
        &self.verified
    }
}

/// Shows what names the token and nothing by which it could be used, nor anything personal.
impl fmt::Debug for Authenticated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authenticated").field(&self.verified).finish()
    }
}

fn unprotected() -> Denial {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| {
        tracing::error!(
            "a handler asks for its caller, and there is no `Protect` around it: every call is refused"
        );
    });
    Denial::new(Reason::Unprotected, Realm::default())
}
