//! A service's surroundings: a verifier whose replica is followed by hand, two keys, and people with tokens.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "it serves tests only")]

use std::future::ready;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use rescind::clock::{Clock, Timestamp};
use rescind::id::{ClientId, Jti, SessionId, TenantId, UserId};
use rescind::ledger::{Cursor, CutKind, Mark, MarkKey};
use rescind::replica::Replica;
use rescind::system::SystemEntropy;
use rescind::token::{
    AccessClaims, Algorithm, ExtraClaims, Issuer, KeySet, SigningKey, Validator, sign_access,
};
use rescind::verifier::{FreshnessPolicy, HeadAnswer, HeadUnknown, LedgerHead, OnStale, Verifier};
use rescind_testkit::clock::ManualClock;
use serde_json::Value;
use tower::ServiceExt;
use uuid::Uuid;

pub const ISS: &str = "https://auth.example";
pub const AUD: &str = "https://api.example";
pub const START: Timestamp = Timestamp::from_secs(1_767_323_045);

pub struct World {
    pub verifier: Arc<Verifier>,
    pub clock: Arc<ManualClock>,
    pub keys: KeySet,
    signing: [SigningKey; 2],
}

/// Has read the ledger to `place(1)`; tokens live until 900 s after [`START`].
pub fn world() -> World {
    let world = world_that(OnStale::Deny);
    world.verifier.replica().load(0).finish(place(1), START);
    world
}

/// Has read nothing yet.
pub fn world_that(on_stale: OnStale) -> World {
    let signing = [(); 2].map(|()| SigningKey::generate(Algorithm::EdDsa, &SystemEntropy).unwrap());
    let keys = KeySet::new(signing.iter().map(SigningKey::verifying_key)).unwrap();
    let issuer = Issuer::ours(ISS, keys.clone()).with_audiences([AUD]);
    let clock = Arc::new(ManualClock::at(START));
    let replica = Arc::new(Replica::new(&SystemEntropy, Duration::from_secs(30)));
    let policy = FreshnessPolicy { on_stale, ..FreshnessPolicy::default() };
    let verifier = Verifier::new(Validator::new(vec![issuer]).unwrap(), replica, policy, clock.clone());
    World { verifier: Arc::new(verifier), clock, keys, signing }
}

pub fn place(seq: i64) -> Cursor {
    Cursor { seq, tag: [7; 16] }
}

/// What number `n` has: no two people share anything but, with every other one, the key.
pub fn claims(n: u128) -> AccessClaims {
    AccessClaims {
        iss: ISS.into(),
        aud: vec![AUD.into()],
        client_id: id(n, 5).to_string(),
        exp: START.plus(Duration::from_secs(900)),
        nbf: START,
        iat: START,
        jti: Jti(id(n, 1)),
        user_id: UserId(id(n, 2)),
        tenant_id: TenantId(id(n, 3)),
        email: "ada@example.com".into(),
        role: "member".into(),
        sid: SessionId(id(n, 4)),
        ver: 5,
        tver: 6,
        extra: ExtraClaims::none(),
    }
}

pub fn id(n: u128, part: u128) -> Uuid {
    Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0000 | n << 8 | part)
}

pub fn with_extra(claims: AccessClaims, extra: &Value) -> AccessClaims {
    AccessClaims { extra: ExtraClaims::new(extra.as_object().unwrap().clone()).unwrap(), ..claims }
}

impl World {
    pub fn token(&self, n: u128) -> String {
        self.sign(n, &claims(n))
    }

    /// With number `n`'s key.
    pub fn sign(&self, n: u128, claims: &AccessClaims) -> String {
        sign_access(self.key(n), claims).unwrap()
    }

    fn key(&self, n: u128) -> &SigningKey {
        &self.signing[usize::try_from(n % 2).unwrap()]
    }

    /// What a cut of that kind names of number `n`.
    pub fn reach(&self, n: u128, kind: CutKind) -> MarkKey {
        match kind {
            CutKind::Token => MarkKey::Token(id(n, 1).into()),
            CutKind::User => MarkKey::User(UserId(id(n, 2))),
            CutKind::Tenant => MarkKey::Tenant(TenantId(id(n, 3))),
            CutKind::Session => MarkKey::Session(SessionId(id(n, 4))),
            CutKind::Client => MarkKey::Client(ClientId(id(n, 5))),
            CutKind::Key => MarkKey::Key(self.key(n).kid().into()),
            CutKind::Digest => {
                let signed = self.verifier.validator().validate_ignoring_time(&self.token(n)).unwrap();
                MarkKey::Digest(signed.digest())
            }
        }
    }

    /// Makes the replica know of a cut.
    pub fn cut(&self, key: MarkKey) {
        let min_version = matches!(key.kind(), CutKind::User | CutKind::Tenant).then_some(100);
        let expires_at = if key.kind() == CutKind::Key { Timestamp::MAX } else { claims(0).exp };
        let tenant = None;
        self.verifier.replica().apply(&Mark { tenant, key, min_version, expires_at }, self.clock.now());
    }

    /// The ledger has been read to there, now.
    pub fn read_to(&self, seq: i64) {
        self.verifier.replica().advance(place(seq), self.clock.now());
    }
}

/// A ledger that ends where it is told to, or does not say.
pub struct Ledger {
    head: Mutex<Result<Cursor, HeadUnknown>>,
    asked: AtomicUsize,
}

impl Ledger {
    pub fn at(seq: i64) -> Arc<Self> {
        Arc::new(Self { head: Mutex::new(Ok(place(seq))), asked: AtomicUsize::new(0) })
    }

    pub fn unknown() -> Arc<Self> {
        Arc::new(Self { head: Mutex::new(Err(HeadUnknown)), asked: AtomicUsize::new(0) })
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl LedgerHead for Ledger {
    fn head(&self) -> HeadAnswer<'_> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(ready(*self.head.lock().unwrap()))
    }
}

/// How a request was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of<B>(response: http::Response<B>) -> Self
    where
        B: http_body_util::BodyExt,
        B::Error: std::fmt::Debug,
    {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn challenge(&self) -> Option<&str> {
        self.header("www-authenticate")
    }

    /// The code of a problem document.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem["status"], self.status);
        problem["code"].as_str().unwrap().to_owned()
    }

    /// Status and, of an error, code.
    pub fn outcome(&self) -> String {
        if self.status < 400 { self.status.to_string() } else { format!("{} {}", self.status, self.code()) }
    }
}

pub async fn send(app: &Router, request: Request<Body>) -> Answer {
    Answer::of(app.clone().oneshot(request).await.unwrap()).await
}

/// `GET path` with a bearer token.
pub async fn get(app: &Router, path: &str, token: &str) -> Answer {
    send(app, bearing(path, token)).await
}

pub fn bearing(path: &str, token: &str) -> Request<Body> {
    with_headers(path, [(header::AUTHORIZATION, format!("Bearer {token}").into_bytes())])
}

pub fn with_headers(path: &str, lines: impl IntoIterator<Item = (HeaderName, Vec<u8>)>) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.parse().unwrap();
    for (name, value) in lines {
        request.headers_mut().append(name, HeaderValue::from_bytes(&value).unwrap());
    }
    request
}

pub fn poll<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}
