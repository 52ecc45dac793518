//! The cache of tokens seen before: it answers for the very token that it was asked about, and for no key that is gone.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rescind_interleaved::clock::Timestamp;
use rescind_interleaved::id::{Jti, SessionId, TenantId, UserId};
use rescind_interleaved::ledger::{Cursor, CutKind, Mark, MarkKey};
use rescind_interleaved::replica::Replica;
use rescind_interleaved::token::{
    AccessClaims, Algorithm, Expected, ExtraClaims, Issuer, KeySet, Rejection, SigningKey, Validator,
    VerifyingKey, sign_access,
};
use rescind_interleaved::verifier::{FreshnessPolicy, Refusal, TokenCache, Verifier};
use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::thread::{self, JoinHandle};
use uuid::Uuid;

use crate::world::{Fixed, NOW, Still, after, in_many_orders};

/// How often a token was known, in all orders: without any, nothing was tried out.
static HITS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

fn assert_some_were_known() {
    assert!(HITS.load(std::sync::atomic::Ordering::Relaxed) > 1000);
}

const ISSUER: &str = "https://auth.example";

/// Two tokens of one key, one of another, and one whose signature is another's.
struct Tokens {
    ones: [String; 2],
    other: String,
    forged: String,
    keys: [VerifyingKey; 2],
}

fn tokens() -> &'static Tokens {
    static TOKENS: OnceLock<Tokens> = OnceLock::new();
    TOKENS.get_or_init(|| {
        let key = |byte| SigningKey::from_secret_bytes(Algorithm::Hs256, &[byte; 32]).unwrap();
        let (one, other) = (key(1), key(2));
        let ones = [1, 2].map(|jti| sign_access(&one, &claims(jti)).unwrap());
        let (_, signature) = ones[0].rsplit_once('.').unwrap();
        let (input, _) = ones[1].rsplit_once('.').unwrap();
        Tokens {
            forged: format!("{input}.{signature}"),
            other: sign_access(&other, &claims(3)).unwrap(),
            ones,
            keys: [one.verifying_key(), other.verifying_key()],
        }
    })
}

fn claims(jti: u128) -> AccessClaims {
    let id = Uuid::from_u128;
    let secs = |seconds: i64| -> Timestamp { after(seconds) };
    AccessClaims {
        iss: ISSUER.into(),
        aud: vec![ISSUER.into()],
        client_id: "rescind".into(),
        exp: secs(800),
        nbf: secs(-100),
        iat: secs(-100),
        jti: Jti(id(jti)),
        user_id: UserId(id(2)),
        tenant_id: TenantId(id(3)),
        email: "ada@example.com".into(),
        role: "member".into(),
        sid: SessionId(id(4)),
        ver: 7,
        tver: 1,
        extra: ExtraClaims::none(),
    }
}

/// A verifier whose cache has one set, and room in it for two tokens or so.
fn verifier() -> (Arc<Verifier>, KeySet) {
    let keys = KeySet::new(tokens().keys.iter().cloned()).unwrap();
    let issuer = Issuer::ours(ISSUER, keys.clone()).with_algorithms([Algorithm::Hs256]);
    let validator = Validator::new(vec![issuer]).unwrap();
    let replica = Arc::new(Replica::new(&Fixed, Duration::ZERO));
    replica.load(0).finish(Cursor::default(), NOW);
    let cache = TokenCache::new(&Fixed, 0);
    // What an empty one takes depends on whose atomics it is made of.
    let cache = TokenCache::new(&Fixed, cache.counts().bytes + 5000);
    let verifier = Verifier::new(validator, replica, FreshnessPolicy::default(), Arc::new(Still));
    (Arc::new(verifier.with_cache(cache)), keys)
}

/// The `jti` of the token that the verifier says this is, as a number.
fn ask(verifier: &Verifier, token: &str) -> Result<u128, Refusal> {
    let verified = verifier.verify(token, Expected::Configured)?;
    Ok(verified.jti_uuid().unwrap().0.as_u128())
}

/// Asks for all tokens in turn. Those of the first key may be refused with `refusal`, and must be once `gone` is set.
fn keep_asking(verifier: &Arc<Verifier>, gone: &Arc<AtomicBool>, refusal: Refusal) -> JoinHandle<()> {
    let (verifier, gone) = (Arc::clone(verifier), Arc::clone(gone));
    thread::spawn(move || {
        let tokens = tokens();
        for _ in 0..3 {
            for (token, jti) in tokens.ones.iter().zip(1..) {
                let was_gone = gone.load(Ordering::SeqCst);
                match ask(&verifier, token) {
                    Ok(found) => assert!(found == jti && !was_gone, "{found} for {jti}; gone: {was_gone}"),
                    Err(why) => assert_eq!(why, refusal),
                }
            }
            assert_eq!(ask(&verifier, &tokens.other), Ok(3), "another key's token");
            assert!(ask(&verifier, &tokens.forged).is_err(), "another's signature");
        }
    })
}

#[test]
fn after_a_key_cut_no_token_of_that_key_passes() {
    tokens();
    in_many_orders(400, || {
        let (verifier, _) = verifier();
        let gone = Arc::new(AtomicBool::new(false));
        let refusal = Refusal::Revoked(CutKind::Key);
        let asking = [(); 2].map(|()| keep_asking(&verifier, &gone, refusal.clone()));
        let key = MarkKey::Key(tokens().keys[0].kid().into());
        verifier
            .replica()
            .apply(&Mark { tenant: None, key, min_version: None, expires_at: Timestamp::MAX }, NOW);
        gone.store(true, Ordering::SeqCst);
        asking.into_iter().for_each(|thread| thread.join().unwrap());
        HITS.fetch_add(verifier.cache().unwrap().counts().hits, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(ask(&verifier, &tokens().ones[0]), Err(refusal));
    });
    assert_some_were_known();
}

#[test]
fn after_a_key_was_taken_away_no_token_of_that_key_passes() {
    tokens();
    in_many_orders(400, || {
        let (verifier, keys) = verifier();
        let gone = Arc::new(AtomicBool::new(false));
        let refusal = Refusal::Invalid(Rejection::UnknownKey);
        let asking = [(); 2].map(|()| keep_asking(&verifier, &gone, refusal.clone()));
        keys.replace([tokens().keys[1].clone()]).unwrap();
        gone.store(true, Ordering::SeqCst);
        asking.into_iter().for_each(|thread| thread.join().unwrap());
        HITS.fetch_add(verifier.cache().unwrap().counts().hits, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(ask(&verifier, &tokens().ones[0]), Err(refusal));
    });
    assert_some_were_known();
}
