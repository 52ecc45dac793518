//! The service that the layer makes, and its future.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::answer::{Bodies, Dialect, Problems};
use crate::denial::Reason;
use crate::pass::Pass;
use crate::policy::{Inquiry, Judged, Policy};

/// What [`Protect`](crate::Protect) makes of a service: it hears only of requests that came through.
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
/// use http::Response;
/// use rescind_tower::Protect;
/// use tower::{Layer as _, service_fn};
///
/// // Around any service of HTTP, not just axum's.
/// let inner = service_fn(async |_: Request<Body>| Ok::<_, std::convert::Infallible>(Response::new(Body::empty())));
/// let service = Protect::new(verifier).layer(inner);
/// assert_eq!(service.clone().oneshot(with_token()?).await?.status(), 200);
/// assert_eq!(service.oneshot(without()?).await?.status(), 401);
/// # Ok(())
/// # });
/// ```
#[derive(Clone)]
pub struct Protected<S, A = Problems> {
    inner: S,
    policy: Arc<Policy>,
    bodies: A,
}

impl<S, A> Protected<S, A> {
    pub(crate) const fn new(inner: S, policy: Arc<Policy>, bodies: A) -> Self {
        Self { inner, policy, bodies }
    }
}

impl<S: fmt::Debug, A> fmt::Debug for Protected<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protected").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, A, B, R> Service<Request<B>> for Protected<S, A>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    A: Bodies<R> + Clone,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Answering<S, A, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Answering<S, A, B> {
        let state = match self.policy.judge(request.headers(), request.extensions()) {
            Ok(Judged::Now(pass)) => {
                request.extensions_mut().insert(pass);
                State::Passed { inner: self.inner.call(request) }
            }
            Ok(Judged::Later(inquiry)) => {
                State::Waiting { inquiry, held: Some(Box::new(self.hold(request))) }
            }
            Err(reason) => {
                let dialect = Dialect::of(request.headers());
                let response = dialect.respond(&self.policy.denial(reason), &self.bodies);
                State::Denied { response: Some(response) }
            }
        };
        Answering { state }
    }
}

impl<S: Clone, A: Clone> Protected<S, A> {
    /// Keeps a request, and the service that said that it is ready for it: a clone of it may not be.
    fn hold<B>(&mut self, request: Request<B>) -> Held<S, A, B> {
        let spare = self.inner.clone();
        let service = mem::replace(&mut self.inner, spare);
        Held { service, request, policy: self.policy.clone(), bodies: self.bodies.clone() }
    }
}

pin_project! {
    /// The answer to come: the protected service's, or a denial.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// # use axum::body::Body;
    /// # use http::{Request, Response};
    /// # use secrecy::ExposeSecret as _;
    /// # let verifier = authority.verifier().clone();
    /// # let bearer = format!("Bearer {}", pair.access_token.expose_secret());
    /// # let request = Request::get("/").header("authorization", &bearer).body(Body::empty())?;
    /// # let inner = tower::service_fn(async |_: Request<Body>| Ok::<_, std::convert::Infallible>(Response::new(Body::empty())));
    /// use rescind_tower::{Answering, Protect};
    /// use tower::{Layer as _, Service as _, ServiceExt as _};
    ///
    /// let mut service = Protect::new(verifier).layer(inner);
    /// // Whoever wraps the service again has it by name.
    /// let answering: Answering<_, _, _> = service.ready().await?.call(request);
    /// assert_eq!(answering.await?.status(), 200);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Answering<S, A, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, A, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, A, B>
    where
        S: Service<Request<B>>,
    {
        Passed { #[pin] inner: S::Future },
        Denied { response: Option<S::Response> },
        Waiting { inquiry: Inquiry, held: Option<Box<Held<S, A, B>>> },
    }
}

/// What waits while others are asked about the token: nothing of it is forwarded before they have answered.
struct Held<S, A, B> {
    service: S,
    request: Request<B>,
    policy: Arc<Policy>,
    bodies: A,
}

impl<S, A, B, R> Held<S, A, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    A: Bodies<R>,
{
    fn go_on(self, outcome: Result<Pass, Reason>) -> State<S, A, B> {
        let Self { mut service, mut request, policy, bodies } = self;
        match outcome {
            Ok(pass) => {
                request.extensions_mut().insert(pass);
                State::Passed { inner: service.call(request) }
            }
            Err(reason) => {
                let dialect = Dialect::of(request.headers());
                State::Denied { response: Some(dialect.respond(&policy.denial(reason), &bodies)) }
            }
        }
    }
}

impl<S, A, B, R> Future for Answering<S, A, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    A: Bodies<R>,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let next = match self.as_mut().project().state.project() {
                StateProjection::Passed { inner } => return inner.poll(cx),
                // Polled once more than there is to tell, it stays silent.
                StateProjection::Denied { response } => {
                    return response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)));
                }
                StateProjection::Waiting { inquiry, held } => {
                    let outcome = ready!(inquiry.as_mut().poll(cx));
                    match held.take() {
                        Some(held) => held.go_on(outcome),
                        None => return Poll::Pending,
                    }
                }
            };
            self.as_mut().project().state.set(next);
        }
    }
}

impl<S: Service<Request<B>>, A, B> fmt::Debug for Answering<S, A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answering").finish_non_exhaustive()
    }
}
