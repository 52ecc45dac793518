//! With a cache, everything is answered as without one; and it stays as small as it was told to be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::clock::Clock;
use crate::id::{Jti, SessionId, TenantId, UserId};
use crate::ledger::{Cursor, Mark, MarkKey};
use crate::replica::Replica;
use crate::system::SystemEntropy;
use crate::token::{
    AccessClaims, Algorithm, Expected, ExtraClaims, Issuer, KeySet, Rejection, SigningKey, Validator,
    VerifyingKey, sign_access,
};
use crate::verifier::{FreshnessPolicy, Refusal, Verifier};

const ISS: &str = "https://auth.example";
const START: i64 = 1_700_000_000;
const LIFE: i64 = 900;

#[derive(Default)]
struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        at(self.0.load(Ordering::SeqCst))
    }
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(START + secs)
}

/// Two verifiers that differ in nothing but the cache.
struct World {
    clock: Arc<ManualClock>,
    replica: Arc<Replica>,
    keys: KeySet,
    signing: [SigningKey; 2],
    cached: Verifier,
    plain: Verifier,
}

fn world(max_bytes: usize) -> World {
    let signing = [0, 1].map(|_| SigningKey::generate(Algorithm::Hs256, &SystemEntropy).unwrap());
    let keys = KeySet::new(signing.iter().map(|key| key.verifying_key().clone())).unwrap();
    let clock = Arc::new(ManualClock::default());
    let replica = Arc::new(Replica::new(&SystemEntropy, Duration::ZERO));
    replica.advance(Cursor::default(), at(0));
    let verifier = || {
        let issuer = Issuer::ours(ISS, keys.clone()).with_algorithms([Algorithm::Hs256]);
        let policy =
            FreshnessPolicy { max_staleness: Duration::from_secs(3600), ..FreshnessPolicy::default() };
        Verifier::new(Validator::new(vec![issuer]).unwrap(), replica.clone(), policy, clock.clone())
    };
    let cached = verifier().with_cache(TokenCache::new(&SystemEntropy, max_bytes));
    World { plain: verifier(), cached, clock, replica, keys, signing }
}

impl World {
    fn token(&self, n: u128, key: usize) -> String {
        self.token_of(n, key, 10)
    }

    /// With an email address of that length.
    fn token_of(&self, n: u128, key: usize, email: usize) -> String {
        let id = Uuid::from_u128;
        let claims = AccessClaims {
            iss: ISS.into(),
            aud: vec![ISS.into()],
            client_id: "rescind".into(),
            exp: at(LIFE),
            nbf: at(0),
            iat: at(0),
            jti: Jti(id(n)),
            user_id: UserId(id(n % 3)),
            tenant_id: TenantId(id(3)),
            email: "a".repeat(email),
            role: "member".into(),
            sid: SessionId(id(n)),
            ver: 9,
            tver: 9,
            extra: ExtraClaims::none(),
        };
        sign_access(&self.signing[key], &claims).unwrap()
    }

    fn cut(&self, key: MarkKey) {
        let min_version = matches!(key.kind(), CutKind::User | CutKind::Tenant).then_some(10);
        let expires_at = if key.kind() == CutKind::Key { Timestamp::MAX } else { at(2 * LIFE) };
        self.replica.apply(&Mark { tenant: None, key, min_version, expires_at }, self.clock.now());
    }

    fn counts(&self) -> TokenCacheCounts {
        self.cached.cache().unwrap().counts()
    }

    fn passes(&self, token: &str) -> bool {
        self.cached.verify(token, Expected::Configured).is_ok()
    }

    fn verifying(&self, which: impl IntoIterator<Item = usize>) -> Vec<VerifyingKey> {
        which.into_iter().map(|at| self.signing[at].verifying_key().clone()).collect()
    }
}

#[test]
fn a_token_that_was_seen_is_known_and_another_spelling_of_it_is_not() {
    let world = world(1 << 20);
    let token = world.token(1, 0);
    assert!(world.passes(&token) && world.passes(&token));
    assert_eq!((world.counts().hits, world.counts().misses, world.counts().tokens), (1, 1, 1));

    // The same signature under other claims, and under another header.
    let other = world.token(2, 0);
    let (claims, signature) = (other.rsplit_once('.').unwrap().0, token.rsplit_once('.').unwrap().1);
    for forged in [format!("{claims}.{signature}"), format!("{token}="), token[1..].to_owned(), String::new()]
    {
        let refusals =
            [&world.cached, &world.plain].map(|v| v.verify(&forged, Expected::Configured).unwrap_err());
        assert_eq!(refusals[0], refusals[1], "{forged}");
    }
    assert_eq!(world.counts().tokens, 1);
}

#[test]
fn what_is_not_good_is_not_kept() {
    let world = world(1 << 20);
    let token = world.token(1, 0);
    let for_others = world.cached.verify(&token, Expected::Exactly("https://other.example"));
    assert_eq!(for_others.unwrap_err(), Refusal::Invalid(Rejection::WrongAudience));
    world.cut(MarkKey::Token(Uuid::from_u128(1).into()));
    assert!(!world.passes(&token));
    world.clock.0.store(LIFE, Ordering::SeqCst);
    assert!(!world.passes(&world.token(2, 0)));
    assert_eq!(world.counts().tokens, 0);
}

#[test]
fn a_flood_of_forged_tokens_takes_no_room() {
    let world = world(64 << 10);
    let good = world.token(1, 0);
    assert!(world.passes(&good));
    for n in 2..2_000 {
        let token = world.token(n, 0);
        assert!(!world.passes(&token.replace(&token[token.len() - 43..], &"A".repeat(43))));
    }
    assert_eq!((world.counts().hits, world.counts().tokens), (0, 1));
    assert!(world.passes(&good));
    assert_eq!(world.counts().hits, 1);
}

#[test]
fn tokens_in_use_are_not_pushed_out_by_those_that_come_once() {
    let world = world(64 << 10);
    let used: Vec<String> = (0..10).map(|n| world.token(n, 0)).collect();
    let known_of = |used: &[String]| {
        let before = world.counts().hits;
        assert!(used.iter().all(|token| world.passes(token)));
        world.counts().hits - before
    };
    known_of(&used);
    // Those of them that share their places with too many others are not meant.
    let at_home = known_of(&used);
    assert!(at_home >= 8, "{at_home}");
    for n in 100..2_000 {
        assert!(world.passes(&world.token(n, 0)));
    }
    assert!(known_of(&used) >= at_home.min(8));
}

#[test]
fn half_full_it_knows_every_token() {
    let world = world(4 << 20);
    let tokens: Vec<String> = (0..1_000).map(|n| world.token(n, 0)).collect();
    tokens.iter().for_each(|token| assert!(world.passes(token)));
    tokens.iter().for_each(|token| assert!(world.passes(token)));
    assert_eq!((world.counts().tokens, world.counts().hits), (1_000, 1_000), "{:?}", world.counts());
}

#[test]
fn it_takes_no_more_than_it_was_told_and_keeps_nothing_where_that_is_nothing() {
    for max_bytes in [0, 100, 2_000, 20_000, 200_000] {
        let world = world(max_bytes);
        for n in 0..400_u128 {
            assert!(world.passes(&world.token_of(n, 0, (n * 37 % 3_000) as usize)));
            let counts = world.counts();
            assert!(counts.bytes <= max_bytes.max(size_of::<Set>()), "{counts:?} of {max_bytes}");
        }
        assert_eq!(world.counts().tokens > 0, max_bytes >= 2_000, "{max_bytes}");
    }
}

#[test]
fn a_key_cut_empties_it() {
    let world = world(1 << 20);
    let (of_first, of_second) = (world.token(1, 0), world.token(2, 1));
    assert!(world.passes(&of_first) && world.passes(&of_second));
    assert_eq!(world.counts().tokens, 2);
    world.cut(MarkKey::Key(world.signing[0].kid().into()));
    assert!(!world.passes(&of_first));
    assert_eq!(world.counts().tokens, 0);
    assert!(world.passes(&of_second));
    assert_eq!((world.counts().hits, world.counts().tokens), (0, 1));
}

#[test]
fn keys_that_change_are_asked_again_and_keys_that_do_not_are_not() {
    let world = world(1 << 20);
    let token = world.token(1, 0);
    assert!(world.passes(&token));
    world.keys.replace(world.verifying([0, 1])).unwrap();
    assert!(world.passes(&token));
    assert_eq!(world.counts().hits, 1, "they are the same keys");

    world.keys.replace(world.verifying([1])).unwrap();
    let refused = world.cached.verify(&token, Expected::Configured).unwrap_err();
    assert_eq!(refused, Refusal::Invalid(Rejection::UnknownKey));

    world.keys.replace(world.verifying([0])).unwrap();
    assert!(world.passes(&token));
    let retired = world.signing[0].verifying_key().clone().with_retired_at(at(-100));
    world.keys.replace([retired]).unwrap();
    let refused = world.cached.verify(&token, Expected::Configured).unwrap_err();
    assert_eq!(refused, Refusal::Invalid(Rejection::KeyRetired));
}

/// What is revoked, or loses its key, before a check begins, does not pass that check, whatever others do at the time.
#[test]
fn nothing_passes_that_was_revoked_before_it_was_asked_about() {
    let world = world(64 << 10);
    let tokens: Vec<String> = (0..200).map(|n| world.token(n, (n % 2) as usize)).collect();
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    tokens.iter().for_each(|token| drop(world.cached.verify(token, Expected::Configured)));
                }
            });
        }
        for n in 0..100_u128 {
            let token = &tokens[n as usize];
            world.passes(token);
            if n % 10 == 0 {
                world.keys.replace(world.verifying([1])).unwrap();
                assert!(!world.passes(&tokens[198]), "its key is gone");
                world.keys.replace(world.verifying([0, 1])).unwrap();
            }
            world.cut(MarkKey::Token(Uuid::from_u128(n).into()));
            assert!(!world.passes(token), "{n} is revoked");
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[derive(Clone, Debug)]
enum Act {
    Verify { token: usize, ours: bool },
    Pass { seconds: i64 },
    Cut { what: usize, token: usize },
    Keys { first: bool, second: bool, retired: bool },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0..12_usize, any::<bool>()).prop_map(|(token, ours)| Act::Verify { token, ours }),
        2 => (-20..200_i64).prop_map(|seconds| Act::Pass { seconds }),
        1 => (0..5_usize, 0..12_usize).prop_map(|(what, token)| Act::Cut { what, token }),
        1 => any::<(bool, bool, bool)>().prop_map(|(first, second, retired)| Act::Keys { first, second, retired }),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_it_is_answered_as_without_a_cache(acts in prop::collection::vec(act(), 1..80)) {
        let world = world(16 << 10);
        let tokens: Vec<String> = (0..12).map(|n| world.token(n, (n % 2) as usize)).collect();
        for act in acts {
            match act {
                Act::Verify { token, ours } => {
                    let expected = if ours { Expected::Configured } else { Expected::Exactly("https://other.example") };
                    let answers = [&world.cached, &world.plain].map(|verifier| {
                        verifier.verify(&tokens[token], expected).map(|good| good.jti_uuid())
                    });
                    prop_assert_eq!(&answers[0], &answers[1]);
                }
                Act::Pass { seconds } => {
                    world.clock.0.fetch_add(seconds, Ordering::SeqCst);
                }
                Act::Cut { what, token } => world.cut(match what {
                    0 => MarkKey::Token(Uuid::from_u128(token as u128).into()),
                    1 => MarkKey::Session(SessionId(Uuid::from_u128(token as u128))),
                    2 => MarkKey::User(UserId(Uuid::from_u128(token as u128 % 3))),
                    3 if token == 0 => MarkKey::Tenant(TenantId(Uuid::from_u128(3))),
                    3 => continue,
                    _ => MarkKey::Key(world.signing[token % 2].kid().into()),
                }),
                Act::Keys { first, second, retired } => {
                    let mut keys = world.verifying([(first, 0), (second, 1)].into_iter().filter(|(is, _)| *is).map(|(_, at)| at));
                    if retired && let Some(key) = keys.pop() {
                        keys.push(key.with_retired_at(at(-100)));
                    }
                    world.keys.replace(keys).unwrap();
                }
            }
        }
    }
}
