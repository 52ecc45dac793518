//! What checking a token costs that was seen before: its text compared, its times, its audience, and every cut.
//!
//! Of ten thousand tokens each check takes another, at random, and waits for the one before; a million marks of all kinds
//! are held. `floor_compare` is what comparing the whole text of such a token takes, found by a map of texts.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

mod marks;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use foldhash::fast::RandomState;
use rescind::clock::{Clock, Timestamp};
use rescind::id::{Jti, SessionId, TenantId, UserId};
use rescind::system::SystemEntropy;
use rescind::token::{
    AccessClaims, Algorithm, Expected, ExtraClaims, Issuer, KeySet, SigningKey, Validator, sign_access,
};
use rescind::verifier::{FreshnessPolicy, TokenCache, Verifier};

use self::marks::{Chain, MARKS, NOW, all_kinds, id, mix};

const LIVE: u64 = 10_000;
const ISS: &str = "https://auth.example";

criterion_group!(benches, seen);
criterion_main!(benches);

fn seen(c: &mut Criterion) {
    let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy).unwrap();
    let tokens: Vec<String> = (0..LIVE).map(|n| sign_access(&key, &claims(n)).unwrap()).collect();
    let texts: HashMap<&str, u64, RandomState> =
        tokens.iter().zip(0..).map(|(token, n)| (token.as_str(), n)).collect();
    // As they come over the network: not the texts that are kept.
    let asked: Vec<String> = tokens.clone();
    let ask = |n: u64| asked[(mix(n) % LIVE) as usize].as_str();
    let verifier = verifier(&key);
    tokens.iter().for_each(|token| drop(verifier.verify(token, Expected::Configured).unwrap()));

    let mut group = c.benchmark_group("seen");
    let chain = Chain::from(MARKS);
    group.bench_function("floor_compare", |b| {
        b.iter(|| chain.next(|n| !texts.contains_key(ask(n))));
    });
    group.bench_function("verify", |b| {
        b.iter(|| chain.next(|n| verifier.verify(ask(n), Expected::Configured).is_err()));
    });
    group.finish();
    println!("{:?}", verifier.cache().unwrap().counts());
}

fn verifier(key: &SigningKey) -> Verifier {
    let keys = KeySet::new([key.verifying_key().clone()]).unwrap();
    let validator = Validator::new(vec![Issuer::ours(ISS, keys)]).unwrap();
    let policy = FreshnessPolicy::default();
    let replica = Arc::new(all_kinds());
    Verifier::new(validator, replica, policy, Arc::new(Now))
        .with_cache(TokenCache::new(&SystemEntropy, TokenCache::USUAL_BYTES))
}

/// The time of the marks. Reading the system's clock takes some 20 ns more.
struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        NOW
    }
}

fn claims(n: u64) -> AccessClaims {
    // None of the ids that are cut.
    let of = |kind| id(kind, n + 10 * MARKS);
    AccessClaims {
        iss: ISS.to_owned(),
        aud: vec![ISS.to_owned()],
        client_id: "rescind".to_owned(),
        exp: NOW.plus(Duration::from_secs(900)),
        nbf: NOW,
        iat: NOW,
        jti: Jti(of(1)),
        user_id: UserId(of(3)),
        tenant_id: TenantId(id(5, n % 1_000)),
        email: "ada@example.com".to_owned(),
        role: "member".to_owned(),
        sid: SessionId(of(2)),
        ver: 11,
        tver: 11,
        extra: ExtraClaims::none(),
    }
}
