//! Issuers, keys and verifiers at a moment that never passes. The keys come from counting: anybody has them.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rescind::clock::{Clock, Timestamp};
use rescind::entropy::Entropy;
use rescind::ledger::{Cursor, Mark, MarkKey, TokenKey};
use rescind::replica::Replica;
use rescind::token::{
    Algorithm, ClaimMap, ClaimSource, Expected, Issuer, Jwk, KeySet, RefreshValidator, SigningKey, TypRule,
    Validator, VerifyingKey,
};
use rescind::verifier::{FreshnessPolicy, Refusal, TokenCache, Verifier};

use super::{jws, tokens};

/// When everything happens.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_767_323_045);

/// A Rescind authority.
pub(crate) const OURS: &str = "https://auth.example";
/// A platform that signs with HS256 and maps its claims to ours.
pub(crate) const PLATFORM: &str = "https://id.example";
/// How far the platform's clock may be off.
pub(crate) const PLATFORM_LEEWAY: Duration = Duration::from_secs(10);
/// Issuers of ES256 and RS256.
pub(crate) const ES256: &str = "https://es.example";
pub(crate) const RS256: &str = "https://rs.example";
/// Whom all tokens are for.
pub(crate) const AUDIENCE: &str = "https://api.example";

/// What is trusted, and what was revoked.
pub(crate) struct World {
    pub(crate) validator: Validator,
    pub(crate) refresh: RefreshValidator,
    replica: Arc<Replica>,
}

/// The one that every target asks.
pub(crate) static WORLD: LazyLock<World> = LazyLock::new(World::new);

/// What a verifier says: which token it is, or why not.
pub(crate) type Verdict = Result<(Option<String>, [u8; 32]), Refusal>;

impl World {
    fn new() -> Self {
        let replica = Arc::new(Replica::new(&Counting(9), Duration::from_secs(30)));
        let expires_at = NOW.plus(Duration::from_secs(3600));
        let cuts = [
            MarkKey::Token(TokenKey::new(tokens::REVOKED_JTI)),
            MarkKey::Digest(jws::digest_of(tokens::ES256_REVOKED)),
        ];
        for key in cuts {
            replica.apply(&Mark { tenant: None, key, min_version: None, expires_at }, NOW);
        }
        replica.load(0).finish(Cursor::default(), NOW);
        let shared = KeySet::new([shared_key()]).expect("one key");
        Self {
            validator: Validator::new(issuers()).expect("issuers that mean something"),
            refresh: RefreshValidator::new(OURS, shared, Duration::ZERO),
            replica,
        }
    }

    /// A verifier without a cache.
    pub(crate) fn verifier(&self) -> Verifier {
        let policy = FreshnessPolicy::default();
        Verifier::new(self.validator.clone(), Arc::clone(&self.replica), policy, Arc::new(Still))
    }

    /// Asserts that a verifier with a cache, which has seen others before, says the same as one without, and goes on saying it.
    pub(crate) fn verdict(&self, token: &str) -> Verdict {
        let verdict = ask(&self.verifier(), token);
        let cached = self.verifier().with_cache(TokenCache::new(&Counting(5), 1 << 16));
        for seen in [tokens::platform(), tokens::platform_other()] {
            assert!(ask(&cached, &seen).is_ok(), "a good token");
        }
        for turn in 0..2 {
            assert_eq!(ask(&cached, token), verdict, "the cache says something else in turn {turn}");
        }
        verdict
    }
}

fn ask(verifier: &Verifier, token: &str) -> Verdict {
    let verified = verifier.verify(token, Expected::Configured)?;
    Ok((verified.jti().map(str::to_owned), verified.digest()))
}

fn issuers() -> Vec<Issuer> {
    let keys = |keys: &[VerifyingKey]| KeySet::new(keys.iter().cloned()).expect("keys of different names");
    let claims = ClaimMap {
        user_id: Some(ClaimSource::required("sub")),
        tenant_id: Some(ClaimSource::optional("tid")),
        ver: Some(ClaimSource::optional("ver")),
        ..ClaimMap::default()
    };
    let platform = Issuer::foreign(PLATFORM, keys(&[shared_key()]))
        .with_algorithms([Algorithm::Hs256])
        .with_typ(TypRule::OneOfOrMissing(vec!["JWT".into()]))
        .with_optional_kid()
        .with_leeway(PLATFORM_LEEWAY)
        .with_claims(claims);
    let ours = Issuer::ours(OURS, keys(&[eddsa_key().verifying_key(), shared_key()]))
        .with_algorithms([Algorithm::EdDsa, Algorithm::Hs256]);
    let es256 = Issuer::foreign(ES256, keys(&[es256_key().verifying_key()]));
    let rs256 = Issuer::foreign(RS256, keys(&[rs256_key()]));
    [platform, ours, es256, rs256].map(|issuer| issuer.with_audiences([AUDIENCE])).into()
}

/// Signs for our issuer.
pub(crate) fn eddsa_key() -> SigningKey {
    SigningKey::generate(Algorithm::EdDsa, &Counting(1)).expect("any 32 bytes are a key")
}

/// Signs for the issuer of ES256.
pub(crate) fn es256_key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256, &Counting(2)).expect("a number below the order of the curve")
}

/// The public half of the issuer of RS256.
pub(crate) fn rs256_key() -> VerifyingKey {
    let jwk: Jwk = serde_json::from_str(tokens::RS256_KEY).expect("a JWK");
    VerifyingKey::from_jwk(&jwk).expect("a good key")
}

fn shared_key() -> VerifyingKey {
    VerifyingKey::from_secret(jws::KID, &jws::SECRET).expect("a long secret")
}

/// Anything but random: the same bytes each time.
pub(crate) struct Counting(pub(crate) u8);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for (byte, value) in buffer.iter_mut().zip((0_u8..=255).cycle()) {
            *byte = self.0.wrapping_add(value);
        }
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}
