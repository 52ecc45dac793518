//! Extractors for axum.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use axum::body::Body;
use axum::extract::{FromRequestParts, OptionalFromRequestParts, RawPathParams};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use rescind::id::TenantId;

use crate::answer::Problems;
use crate::authenticated::Authenticated;
use crate::denial::{Denial, Reason};

/// The caller, or a 401. A handler that has no [`Protect`](crate::Protect) around it refuses every call.
impl<S: Send + Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Denial;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denial> {
        Self::required(&parts.extensions).cloned()
    }
}

/// The caller, or none where the request came without credentials: behind [`Protect::optional`](crate::Protect::optional). Without a
/// `Protect` it is a 401: nobody has looked at the credentials.
impl<S: Send + Sync> OptionalFromRequestParts<S> for Authenticated {
    type Rejection = Denial;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Denial> {
        Self::optional(&parts.extensions).map(|caller| caller.ok().cloned())
    }
}

impl IntoResponse for Denial {
    fn into_response(self) -> Response {
        self.respond::<Body>(&Problems)
    }
}

/// A caller in its own tenant: the parameter `{tenant_id}` of the path is the token's tenant. Otherwise the answer is 404,
/// as though there were no such tenant.
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use rescind_tower::InTenant;
///
/// # let _: Router =
/// Router::new().route("/tenants/{tenant_id}/notes", get(|caller: InTenant| async move {
///     format!("the notes of {:?}", caller.tenant_id())
/// }));
/// ```
///
/// Where the parameter has another name, compare by [`Authenticated::require_tenant`].
#[derive(Clone, Debug)]
pub struct InTenant(pub Authenticated);

impl<S: Send + Sync> FromRequestParts<S> for InTenant {
    type Rejection = Denial;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Denial> {
        let caller = Authenticated::required(&parts.extensions)?.clone();
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        let tenant = parameters.iter().flatten().find(|(name, _)| *name == "tenant_id");
        // A path without the parameter is nobody's.
        match tenant.and_then(|(_, value)| value.parse::<TenantId>().ok()) {
            Some(tenant) => caller.require_tenant(tenant)?,
            None => return Err(caller.denied(Reason::OtherTenant)),
        }
        Ok(Self(caller))
    }
}

impl Deref for InTenant {
    type Target = Authenticated;

    fn deref(&self) -> &Authenticated {
        &self.0
    }
}

/// What a handler requires of its caller: see [`Require`].
///
/// ```
/// use rescind_tower::{Authenticated, Denial, Requirement};
///
/// struct Editor;
///
/// impl Requirement for Editor {
///     fn check(caller: &Authenticated) -> Result<(), Denial> {
///         caller.require_role("editor")
///     }
/// }
/// # let _ = <Editor as Requirement>::check;
/// ```
pub trait Requirement {
    /// Goes on only where the caller meets it.
    ///
    /// ```
    /// use rescind_tower::{Authenticated, Denial, Requirement};
    ///
    /// /// Whoever may write, but no guest.
    /// struct Writer;
    ///
    /// impl Requirement for Writer {
    ///     fn check(caller: &Authenticated) -> Result<(), Denial> {
    ///         caller.require_any_role(&["admin", "member"])?;
    ///         caller.require_scope("write")
    ///     }
    /// }
    /// # let _ = <Writer as Requirement>::check;
    /// ```
    ///
    /// # Errors
    /// The [`Denial`] that the request is answered with.
    fn check(caller: &Authenticated) -> Result<(), Denial>;
}

/// A caller who meets a requirement: a role, scopes, or whatever the token says.
///
/// ```
/// use axum::Router;
/// use axum::routing::delete;
/// use rescind_tower::{Authenticated, Denial, Require, Requirement};
///
/// struct Editor;
///
/// impl Requirement for Editor {
///     fn check(caller: &Authenticated) -> Result<(), Denial> {
///         caller.require_any_role(&["editor", "admin"])?;
///         caller.require_scope("notes:write")
///     }
/// }
///
/// # let _: Router =
/// Router::new().route("/notes/{id}", delete(|caller: Require<Editor>| async move {
///     format!("deleted by {:?}", caller.user_id())
/// }));
/// ```
pub struct Require<R>(Authenticated, PhantomData<fn() -> R>);

impl<R> Require<R> {
    /// The caller.
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
    /// use rescind_tower::{Authenticated, Denial, Require, Requirement};
    ///
    /// struct Member;
    ///
    /// impl Requirement for Member {
    ///     fn check(caller: &Authenticated) -> Result<(), Denial> {
    ///         caller.require_role("member")
    ///     }
    /// }
    ///
    /// async fn handler(member: Require<Member>) -> String {
    ///     let caller: Authenticated = member.into_caller();
    ///     format!("{:?}", caller.user_id())
    /// }
    /// # let app = Router::new().route("/", get(handler)).layer(rescind_tower::Protect::new(verifier));
    /// # assert_eq!(app.oneshot(with_token()?).await?.status(), 200);
    /// # Ok(())
    /// # });
    /// ```
    pub fn into_caller(self) -> Authenticated {
        self.0
    }
}

impl<R: Requirement, S: Send + Sync> FromRequestParts<S> for Require<R> {
    type Rejection = Denial;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denial> {
        let caller = Authenticated::required(&parts.extensions)?;
        R::check(caller)?;
        Ok(Self(caller.clone(), PhantomData))
    }
}

impl<R> Deref for Require<R> {
    type Target = Authenticated;

    fn deref(&self) -> &Authenticated {
        &self.0
    }
}

impl<R> Clone for Require<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<R> fmt::Debug for Require<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Require").field(&self.0).finish()
    }
}
