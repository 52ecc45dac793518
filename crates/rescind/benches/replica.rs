//! The replica's probe beside its floor and its peers, on a million marks and on ten.
//!
//! Each probe waits for the answer of the one before: the next id is made from it, through an atomic addition that
//! no processor runs ahead of. Ids are scattered, so that none finds its memory warm by luck. `floor_one_line` is
//! what reading one word at a random place in 1.5 MB takes then, and the floor of all others; `…_to_one_line` are multiples of
//! it, measured in turn.

#![allow(missing_docs, reason = "criterion's macros make items without")]

mod marks;
mod paired;

use std::collections::{HashMap, HashSet};
use std::hint::black_box;
use std::sync::RwLock;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use rescind::id::{ClientId, SessionId, TenantId, UserId};
use rescind::ledger::{MarkKey, TokenKey};
use rescind::replica::{DigestFact, Replica, TokenFacts};
use rescind::system::SystemEntropy;
use uuid::Uuid;

use self::marks::{Chain, KID, MARKS, NOW, all_kinds, digest, id, mark, mix, tenant, tokens_only};
use self::paired::Ratio;

criterion_group!(benches, probes, ten_million, all_cuts, peers, apply);
criterion_group!(name = ratios; config = paired::criterion(); targets = in_turn);
criterion_main!(benches, ratios);

fn is_dead(replica: &Replica, jti: Uuid, tenant: TenantId) -> bool {
    let jti = TokenKey::Uuid(jti);
    let facts = TokenFacts { jti: Some(&jti), tenant: Some(tenant), ..TokenFacts::default() };
    replica.evaluate(&facts).is_some()
}

fn probes(c: &mut Criterion) {
    let replica = tokens_only(MARKS);
    chained(c, "replica/probe_absent_1m", |n| is_dead(&replica, id(1, n), tenant(n)));
    chained(c, "replica/probe_present_1m", |n| {
        let known = mix(n) % MARKS;
        is_dead(&replica, id(1, known), tenant(known))
    });
}

fn ten_million(c: &mut Criterion) {
    let words = words(10 * MARKS);
    chained(c, "replica/floor_one_line_10m", |n| one_line(&words, n));
    let replica = tokens_only(10 * MARKS);
    chained(c, "replica/probe_absent_10m", |n| is_dead(&replica, id(1, n + 10 * MARKS), tenant(n)));
}

fn chained(c: &mut Criterion, name: &str, holds: impl Fn(u64) -> bool) {
    let chain = Chain::from(MARKS);
    c.bench_function(name, |b| b.iter(|| chain.next(&holds)));
}

/// All seven kinds are held, and the token is dead by none.
fn survives_all(replica: &Replica, n: u64) -> bool {
    let jti = TokenKey::Uuid(id(1, n));
    let digest = digest(n);
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
    replica.evaluate(&facts).is_none()
}

fn all_cuts(c: &mut Criterion) {
    let replica = all_kinds();
    assert!((MARKS..MARKS + 1000).all(|n| survives_all(&replica, n)));
    chained(c, "replica/all_cuts_1m", |n| survives_all(&replica, n));
    c.bench_function("replica/all_cuts_1m_2threads", |b| {
        b.iter_custom(|iterations| {
            let began = Instant::now();
            std::thread::scope(|scope| {
                for thread in 1..=2 {
                    let replica = &replica;
                    scope.spawn(move || {
                        let chain = Chain::from(MARKS * thread);
                        (0..iterations).for_each(|_| chain.next(|n| survives_all(replica, n)));
                    });
                }
            });
            began.elapsed()
        });
    });
}

/// As many words as a filter of so many marks has.
fn words(marks: u64) -> Vec<u64> {
    (0..marks * 12 / 64).map(mix).collect()
}

fn one_line(words: &[u64], n: u64) -> bool {
    words[(id(1, n).as_u128() as u64 % words.len() as u64) as usize] == 0
}

fn in_turn(c: &mut Criterion<Ratio>) {
    let (one, tokens) = (words(MARKS), tokens_only(MARKS));
    beside_one_line(c, "replica/probe_absent_1m_to_one_line", &one, |n| {
        is_dead(&tokens, id(1, n), tenant(n))
    });
    drop(tokens);
    let all = all_kinds();
    beside_one_line(c, "replica/all_cuts_1m_to_one_line", &one, |n| survives_all(&all, n));
    drop(all);
    let (many, tokens) = (words(10 * MARKS), tokens_only(10 * MARKS));
    beside_one_line(c, "replica/probe_absent_10m_to_one_line", &many, |n| {
        // Beyond the ids that are held.
        let n = n + 10 * MARKS;
        is_dead(&tokens, id(1, n), tenant(n))
    });
}

fn beside_one_line(c: &mut Criterion<Ratio>, name: &str, words: &[u64], holds: impl Fn(u64) -> bool) {
    let (ours, floor) = (Chain::from(MARKS), Chain::from(MARKS));
    paired::measure(c, name, 10_000, || ours.next(&holds), || floor.next(|n| one_line(words, n)));
}

fn peers(c: &mut Criterion) {
    chained(c, "replica/floor_ids_only", |n| id(1, n).is_nil());

    let words = words(MARKS);
    chained(c, "replica/floor_one_line", |n| one_line(&words, n));

    let floor: HashSet<Uuid, foldhash::fast::RandomState> = (0..MARKS).map(|n| id(1, n)).collect();
    chained(c, "replica/floor_hashset_absent_1m", |n| floor.contains(&id(1, n)));
    drop(floor);

    let locked: RwLock<HashMap<Uuid, u64, foldhash::fast::RandomState>> =
        RwLock::new((0..MARKS).map(|n| (id(1, n), n)).collect());
    chained(c, "replica/peer_rwlock_absent_1m", |n| {
        locked.read().is_ok_and(|map| map.contains_key(&id(1, n)))
    });
    drop(locked);

    let papaya: papaya::HashMap<Uuid, u64, foldhash::fast::RandomState> =
        (0..MARKS).map(|n| (id(1, n), n)).collect();
    chained(c, "replica/peer_papaya_absent_1m", |n| papaya.pin().contains_key(&id(1, n)));
}

/// Into one that holds between none and a million marks, growth counted.
fn apply(c: &mut Criterion) {
    c.bench_function("replica/apply", |b| {
        b.iter_custom(|iterations| {
            let mut spent = Duration::ZERO;
            let mut left = iterations;
            while left > 0 {
                let replica = Replica::new(&SystemEntropy, Duration::from_secs(30));
                let round = left.min(MARKS);
                let began = Instant::now();
                for n in 0..round {
                    black_box(replica.apply(&mark(Some(tenant(n)), MarkKey::Token(id(1, n).into())), NOW));
                }
                spent += began.elapsed();
                left -= round;
            }
            spent
        });
    });
}
