//! The paths.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rescind::id::{ClientId, Jti, SessionId, TenantId, UserId};
use rescind::ledger::snapshot::{Decoder, Encoder};
use rescind::ledger::{Cursor, Mark, MarkKey, TokenKey};
use rescind::replica::{DigestFact, Replica, TokenFacts};
use rescind::token::{
    AccessClaims, Algorithm, Expected, ExtraClaims, Issuer, KeySet, Rejection, SigningKey, Validator,
    sign_access,
};
use rescind::verifier::{FreshnessPolicy, TokenCache, Verifier};

use crate::marks::{KID, NOW, digest, id, mark, tenant};
use crate::repeatable::{Repeatable, Standing};

/// How many marks a replica holds.
const MARKS: u64 = 100_000;
/// How many marks a snapshot has.
const IN_A_SNAPSHOT: u64 = 10_000;
/// How many tokens take turns where they are known.
const SEEN: u64 = 1_000;

const ISS: &str = "https://auth.example";

/// What is walked, and how often.
pub(crate) struct Path {
    pub(crate) id: &'static str,
    /// For people.
    pub(crate) name: &'static str,
    pub(crate) times: u64,
    /// What is done so many times in one walk.
    pub(crate) each: u64,
    /// Takes the number of the walk.
    pub(crate) walk: Box<dyn FnMut(u64)>,
}

impl Path {
    fn new(id: &'static str, name: &'static str, times: u64, walk: impl FnMut(u64) + 'static) -> Self {
        Self { id, name, times, each: 1, walk: Box::new(walk) }
    }

    /// How many of what is counted were done.
    pub(crate) fn steps(&self) -> u64 {
        self.times * self.each
    }
}

/// All of them, each made when it is wanted.
pub(crate) const ALL: [fn() -> Path; 10] = [
    || bare_ed25519(&key(Algorithm::EdDsa)),
    || unseen("verify_ed25519/whole", "an Ed25519 token, not seen before", &key(Algorithm::EdDsa), 20),
    || bare_hs256(&key(Algorithm::Hs256)),
    || unseen("verify_hs256/whole", "an HS256 token, not seen before", &key(Algorithm::Hs256), 200),
    || decode(&key(Algorithm::EdDsa)),
    || seen(&key(Algorithm::EdDsa), &Repeatable::default()),
    || miss(tokens_only(&Repeatable::default())),
    || hit(tokens_only(&Repeatable::default())),
    || all_cuts(all_kinds(&Repeatable::default())),
    snapshot,
];

fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::generate(algorithm, &Repeatable::default()).expect("a new key")
}

fn bare_ed25519(key: &SigningKey) -> Path {
    let (input, signature) = signed(key);
    let pem = key.verifying_key().to_pem().expect("a public key can be written");
    let spki: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let spki = STANDARD.decode(spki).expect("PEM is base64");
    let key = ParsedPublicKey::new(&ED25519, spki).expect("a public key");
    Path::new("verify_ed25519/bare", "the signature of an Ed25519 token alone, by aws-lc-rs", 20, move |_| {
        key.verify_sig(black_box(&input), &signature).expect("our signature");
    })
}

fn bare_hs256(key: &SigningKey) -> Path {
    let (input, signature) = signed(key);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key.secret_bytes());
    Path::new("verify_hs256/bare", "the MAC of an HS256 token alone, by aws-lc-rs", 200, move |_| {
        hmac::verify(&key, black_box(&input), &signature).expect("our MAC");
    })
}

/// What is signed of the first token, and the signature.
fn signed(key: &SigningKey) -> (Vec<u8>, Vec<u8>) {
    let token = token(key, 0);
    let (input, signature) = token.rsplit_once('.').expect("a JWS");
    (input.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(signature).expect("base64url"))
}

fn unseen(id: &'static str, name: &'static str, key: &SigningKey, times: u64) -> Path {
    let (validator, token) = (validator(ISS, key), token(key, 0));
    Path::new(id, name, times, move |_| {
        black_box(validator.validate(black_box(&token), NOW)).expect("our token");
    })
}

/// As far as a token goes before a key is looked for.
fn decode(key: &SigningKey) -> Path {
    let (validator, token) = (validator("https://another.example", key), token(key, 0));
    Path::new("decode/strict", "read strictly, and refused for its unknown issuer", 200, move |_| {
        let refused = validator.validate(black_box(&token), NOW).expect_err("not our issuer");
        assert_eq!(refused, Rejection::UnknownIssuer);
    })
}

fn seen(key: &SigningKey, entropy: &Repeatable) -> Path {
    let tokens: Vec<String> = (0..SEEN).map(|n| token(key, n)).collect();
    let cache = TokenCache::new(entropy, TokenCache::USUAL_BYTES);
    let replica = Arc::new(all_kinds(entropy));
    let verifier =
        Verifier::new(validator(ISS, key), replica, FreshnessPolicy::default(), Arc::new(Standing))
            .with_cache(cache);
    tokens.iter().for_each(|token| drop(verifier.verify(token, Expected::Configured).expect("our token")));
    Path::new("verify/seen", "a token seen before, one of 1,000, all cuts", SEEN, move |n| {
        let token = &tokens[(n * 7 % SEEN) as usize];
        black_box(verifier.verify(black_box(token), Expected::Configured)).expect("our token");
    })
}

fn miss(replica: Replica) -> Path {
    Path::new("replica/miss", "one probe, \"not there\", 100,000 marks", 1_000, move |n| {
        assert!(!is_dead(&replica, n + MARKS));
    })
}

fn hit(replica: Replica) -> Path {
    Path::new("replica/hit", "one probe, \"revoked\"", 1_000, move |n| {
        assert!(is_dead(&replica, n * 61 % MARKS));
    })
}

fn all_cuts(replica: Replica) -> Path {
    Path::new("replica/all_cuts", "all cuts of one token, none holds", 1_000, move |n| {
        assert!(survives_all(&replica, n + MARKS));
    })
}

/// To take a snapshot apart.
fn snapshot() -> Path {
    let mut bytes = Vec::new();
    let cursor = Cursor { seq: IN_A_SNAPSHOT as i64, tag: [7; 16] };
    let mut encoder = Encoder::begin(cursor, &mut bytes);
    for n in 0..IN_A_SNAPSHOT {
        let key = MarkKey::Token(id(1, n).into());
        let mark = Mark { min_version: None, ..mark(Some(tenant(n)), key) };
        let seq = i64::try_from(n + 1).expect("a small number");
        encoder.mark(seq, &mark, &mut bytes).expect("a mark with a short key");
    }
    encoder.finish(&mut bytes);
    let walk = move |_| {
        let mut decoder = Decoder::new();
        // As it comes over the network.
        for piece in bytes.chunks(64 << 10) {
            decoder.feed(piece, |seq, mark| drop(black_box((seq, mark)))).expect("our snapshot");
        }
        decoder.finish().expect("all of it");
    };
    Path { each: IN_A_SNAPSHOT, ..Path::new("snapshot/decode", "one mark of a snapshot decoded", 1, walk) }
}

fn is_dead(replica: &Replica, n: u64) -> bool {
    let jti = TokenKey::Uuid(id(1, n));
    let facts = TokenFacts { jti: Some(&jti), tenant: Some(tenant(n)), ..TokenFacts::default() };
    black_box(replica.evaluate(black_box(&facts))).is_some()
}

fn survives_all(replica: &Replica, n: u64) -> bool {
    let (jti, digest) = (TokenKey::Uuid(id(1, n)), digest(n));
    let facts = TokenFacts {
        jti: Some(&jti),
        digest: DigestFact::Known(&digest),
        session: Some(SessionId(id(2, n))),
        user: Some(UserId(id(3, n))),
        tenant: Some(tenant(n)),
        token_version: Some(11),
        tenant_token_version: Some(11),
        client: Some(ClientId(id(4, n))),
        kid: KID,
    };
    black_box(replica.evaluate(black_box(&facts))).is_none()
}

fn tokens_only(entropy: &Repeatable) -> Replica {
    let of = |n| MarkKey::Token(id(1, n).into());
    holding(entropy, (0..MARKS).map(of))
}

/// Of each kind some, most of them tokens and sessions; none of tenants, where a million would have a hundred.
fn all_kinds(entropy: &Repeatable) -> Replica {
    let keys = (0..MARKS).map(|n| match n % 1_000 {
        0 => MarkKey::Digest(digest(n)),
        1 => MarkKey::Client(ClientId(id(4, n))),
        2..12 => MarkKey::User(UserId(id(3, n))),
        12..112 => MarkKey::Session(SessionId(id(2, n))),
        _ => MarkKey::Token(id(1, n).into()),
    });
    let kids = (0..10).map(|n| MarkKey::Key(format!("{n}{KID}").into()));
    holding(entropy, keys.chain(kids))
}

fn holding(entropy: &Repeatable, keys: impl Iterator<Item = MarkKey>) -> Replica {
    let replica = Replica::new(entropy, Duration::from_secs(30));
    let loader = replica.load(MARKS as usize);
    for (n, key) in (0..).zip(keys) {
        let is_scoped = !matches!(key, MarkKey::Digest(_) | MarkKey::Client(_) | MarkKey::Key(_));
        loader.apply(&mark(is_scoped.then(|| tenant(n)), key), NOW);
    }
    loader.finish(Cursor::default(), NOW);
    replica
}

fn validator(iss: &str, key: &SigningKey) -> Validator {
    let keys = KeySet::new([key.verifying_key()]).expect("one key");
    let issuer = Issuer::ours(iss, keys).with_algorithms([key.algorithm()]).with_audiences([ISS]);
    Validator::new(vec![issuer]).expect("one issuer")
}

/// The n-th token: none of those that are cut.
fn token(key: &SigningKey, n: u64) -> String {
    let of = |kind| id(kind, n + 10 * MARKS);
    let claims = AccessClaims {
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
    };
    sign_access(key, &claims).expect("plain claims")
}
