mod fresh;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use uuid::Uuid;

use super::*;
use crate::id::{Jti, SessionId, TenantId, UserId};
use crate::ledger::{Cursor, Mark, MarkKey};
use crate::system::SystemEntropy;
use crate::token::{
    AccessClaims, Algorithm, ClaimMap, ExtraClaims, Issuer, KeySet, Rejection, SigningKey, TypRule,
    sign_access,
};

const ISS: &str = "https://auth.example";
const AUD: Expected<'static> = Expected::Exactly("https://api.example");
const START: i64 = 1_700_000_000;

#[derive(Default)]
struct ManualClock(AtomicI64);

impl ManualClock {
    fn set(&self, secs: i64) {
        self.0.store(START + secs, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.load(Ordering::SeqCst))
    }
}

struct World {
    verifier: Verifier,
    clock: Arc<ManualClock>,
    key: SigningKey,
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(START + secs)
}

/// Never synced; the clock stands at 0, and the token lives until 900.
fn world(on_stale: OnStale) -> World {
    let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy).unwrap();
    let keys = KeySet::new([key.verifying_key()]).unwrap();
    let clock = Arc::new(ManualClock::default());
    clock.set(0);
    let replica = Arc::new(Replica::new(&SystemEntropy, Duration::from_secs(30)));
    let policy = FreshnessPolicy { on_stale, ..FreshnessPolicy::default() };
    let validator = Validator::new(vec![Issuer::ours(ISS, keys)]).unwrap();
    World { verifier: Verifier::new(validator, replica, policy, clock.clone()), clock, key }
}

fn synced(on_stale: OnStale) -> World {
    let world = world(on_stale);
    world.verifier.replica().advance(Cursor::default(), at(0));
    world
}

impl World {
    fn token(&self) -> String {
        let id = Uuid::from_u128;
        let claims = AccessClaims {
            iss: ISS.into(),
            aud: vec!["https://api.example".into()],
            client_id: id(5).to_string(),
            exp: at(900),
            nbf: at(0),
            iat: at(0),
            jti: Jti(id(1)),
            user_id: UserId(id(2)),
            tenant_id: TenantId(id(3)),
            email: "ada@example.com".into(),
            role: "member".into(),
            sid: SessionId(id(4)),
            ver: 9,
            tver: 9,
            extra: ExtraClaims::none(),
        };
        sign_access(&self.key, &claims).unwrap()
    }

    fn cut(&self, key: MarkKey) {
        let min_version = matches!(key.kind(), CutKind::User | CutKind::Tenant).then_some(10);
        let expires_at = if key.kind() == CutKind::Key { Timestamp::MAX } else { at(900) };
        self.verifier.replica().apply(&Mark { tenant: None, key, min_version, expires_at }, at(0));
    }
}

#[test]
fn every_kind_of_cut_reaches_a_token_that_was_good() {
    let reach: [fn(&World) -> MarkKey; 7] = [
        |_| MarkKey::Token(Uuid::from_u128(1).into()),
        |_| MarkKey::Session(SessionId(Uuid::from_u128(4))),
        |_| MarkKey::User(UserId(Uuid::from_u128(2))),
        |_| MarkKey::Tenant(TenantId(Uuid::from_u128(3))),
        |_| MarkKey::Client(ClientId(Uuid::from_u128(5))),
        |world| MarkKey::Key(world.key.verifying_key().kid().into()),
        |world| {
            let signed = world.verifier.validator().validate_ignoring_time(&world.token()).unwrap();
            MarkKey::Digest(signed.digest())
        },
    ];
    for key in reach {
        let world = synced(OnStale::Deny);
        let (token, key) = (world.token(), key(&world));
        let good = world.verifier.verify(&token, AUD).unwrap();
        let kind = key.kind();
        world.cut(key);
        assert_eq!(world.verifier.verify(&token, AUD).unwrap_err(), Refusal::Revoked(kind));
        assert_eq!(world.verifier.verify_again(&good, AUD).unwrap_err(), Refusal::Revoked(kind));
    }
}

#[test]
fn a_verifier_that_never_synced_lets_nothing_through_but_knows_bad_tokens() {
    for on_stale in [OnStale::Deny, OnStale::Allow] {
        let world = world(on_stale);
        assert_eq!(world.verifier.verify(&world.token(), AUD).unwrap_err(), Refusal::NotReady);
        let bad = world.verifier.verify("a.b.c", AUD).unwrap_err();
        assert_eq!(bad.code(), "invalid_token");
    }
}

#[test]
fn a_stale_verifier_denies_or_counts_and_refuses_what_it_knows_to_be_revoked() {
    for (on_stale, refused) in [(OnStale::Deny, true), (OnStale::Allow, false)] {
        let world = synced(on_stale);
        let token = world.token();
        world.clock.set(300);
        assert!(world.verifier.verify(&token, AUD).is_ok(), "at the very edge it is fresh");
        world.clock.set(301);
        assert_eq!(world.verifier.verify(&token, AUD).is_err_and(|r| r == Refusal::Stale), refused);
        assert_eq!(world.verifier.stale_allowed(), u64::from(!refused));
        world.cut(MarkKey::Session(SessionId(Uuid::from_u128(4))));
        assert_eq!(world.verifier.verify(&token, AUD).unwrap_err(), Refusal::Revoked(CutKind::Session));
        assert_eq!(world.verifier.stale_allowed(), u64::from(!refused));
    }
}

#[test]
fn after_a_clock_that_steps_back_nothing_is_let_through_even_before_anybody_noticed() {
    let world = synced(OnStale::Allow);
    world.verifier.replica().advance(Cursor::default(), at(3600));
    world.clock.set(10);
    assert_eq!(world.verifier.verify(&world.token(), AUD).unwrap_err(), Refusal::NotReady);
}

#[test]
fn a_token_that_was_good_is_refused_again_when_it_expires_or_is_meant_for_others() {
    let world = synced(OnStale::Deny);
    let good = world.verifier.verify(&world.token(), AUD).unwrap();
    let elsewhere = Expected::Exactly("https://other.example");
    let refused = |expected| world.verifier.verify_again(&good, expected).unwrap_err();
    assert_eq!(refused(elsewhere), Refusal::Invalid(Rejection::WrongAudience));
    world.clock.set(900);
    world.verifier.replica().advance(Cursor::default(), at(900));
    assert_eq!(refused(AUD).code(), "token_expired");
}

#[test]
fn who_waits_for_a_tokens_end_is_woken_by_its_cut_and_by_no_other() {
    let world = synced(OnStale::Deny);
    let good = world.verifier.verify(&world.token(), AUD).unwrap();
    let mut end = pin!(world.verifier.until_cut(&good));
    let mut poll = || end.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(poll(), Poll::Pending);
    world.cut(MarkKey::Token(Uuid::from_u128(99).into()));
    assert_eq!(poll(), Poll::Pending);
    world.cut(MarkKey::Token(Uuid::from_u128(1).into()));
    assert_eq!(poll(), Poll::Ready(CutKind::Token));
}

/// A token that another make of issuer signed, without a `jti`, is cut by its digest, however it is spelled.
#[test]
fn a_token_is_to_blame_for_an_unknown_key_unless_no_keys_of_its_issuer_have_come() {
    let (mine, other) = (KeySet::empty(), KeySet::empty());
    let issuers = vec![Issuer::ours(ISS, mine.clone()), Issuer::ours("https://other.example", other)];
    let world = synced(OnStale::Deny);
    let verifier = Verifier::new(
        Validator::new(issuers).unwrap(),
        world.verifier.replica().clone(),
        FreshnessPolicy::default(),
        world.clock.clone(),
    );
    assert_eq!(verifier.verify(&world.token(), AUD).unwrap_err(), Refusal::NotReady);
    let another = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy).unwrap();
    mine.replace([another.verifying_key().clone()]).unwrap();
    let refused = verifier.verify(&world.token(), AUD).unwrap_err();
    assert_eq!(refused, Refusal::Invalid(Rejection::UnknownKey), "the other issuer's are not its business");
}

#[test]
fn a_foreign_token_without_a_jti_is_cut_by_its_digest() {
    use jsonwebtoken::{EncodingKey, Header, encode};

    let secret = b"a secret of at least thirty-two bytes, for HS256";
    let key = crate::token::VerifyingKey::from_secret("platform", secret).unwrap();
    let issuer = Issuer::foreign("https://id.example", KeySet::new([key]).unwrap())
        .with_algorithms([Algorithm::Hs256])
        .with_audiences(["https://api.example"])
        .with_typ(TypRule::OneOf(vec!["JWT".into()]))
        .with_claims(ClaimMap::default());
    let mut world = synced(OnStale::Deny);
    world.verifier.validator = Validator::new(vec![issuer]).unwrap();

    let header = Header { kid: Some("platform".into()), ..Header::default() };
    let claims = serde_json::json!({
        "iss": "https://id.example", "aud": "https://api.example", "exp": START + 900, "iat": START,
    });
    let token = encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap();
    let good = world.verifier.verify(&token, AUD).unwrap();
    world.cut(MarkKey::Digest(good.digest()));
    assert_eq!(world.verifier.verify(&token, AUD).unwrap_err(), Refusal::Revoked(CutKind::Digest));
}
