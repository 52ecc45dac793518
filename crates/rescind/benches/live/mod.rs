//! A verifier with a cache and a million marks, and ten thousand tokens that it has seen.

#![allow(dead_code, reason = "each benchmark uses what it needs")]

use std::sync::Arc;
use std::time::Duration;

use rescind::clock::{Clock, Timestamp};
use rescind::id::{Jti, SessionId, TenantId, UserId};
use rescind::system::SystemEntropy;
use rescind::token::{
    AccessClaims, Algorithm, Expected, ExtraClaims, Issuer, KeySet, SigningKey, Validator, sign_access,
};
use rescind::verifier::{FreshnessPolicy, TokenCache, Verifier};

use super::marks::{MARKS, NOW, all_kinds, id, mix};

/// How many tokens are live.
pub(crate) const LIVE: u64 = 10_000;

const ISS: &str = "https://auth.example";

/// A verifier, and the tokens that it has seen.
pub(crate) struct Live {
    pub(crate) verifier: Verifier,
    pub(crate) tokens: Vec<String>,
    key: SigningKey,
}

impl Live {
    pub(crate) fn new() -> Self {
        let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy).unwrap();
        let tokens: Vec<String> = (0..LIVE).map(|n| sign_access(&key, &claims(n)).unwrap()).collect();
        let verifier = verifier(&key);
        tokens.iter().for_each(|token| drop(verifier.verify(token, Expected::Configured).unwrap()));
        Self { verifier, tokens, key }
    }

    /// The `n`th of them in an order without pattern.
    pub(crate) fn at_random(&self, n: u64) -> &str {
        &self.tokens[(mix(n) % LIVE) as usize]
    }

    /// A token as nobody has signed it: all is right about it but the signature.
    pub(crate) fn forged(&self, n: u64) -> String {
        let token = sign_access(&self.key, &claims(LIVE + n)).unwrap();
        let (input, _) = token.rsplit_once('.').unwrap();
        let (_, of_another) = self.tokens[0].rsplit_once('.').unwrap();
        format!("{input}.{of_another}")
    }
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
