//! What checking a token costs that was seen before: its text compared, its times, its audience, and every cut.
//!
//! Of ten thousand tokens each check takes another, at random, and waits for the one before; a million marks of all kinds
//! are held. `floor_compare` is what comparing the whole text of such a token takes, found by a map of texts.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

mod live;
mod marks;

use std::collections::HashMap;

use criterion::{Criterion, criterion_group, criterion_main};
use foldhash::fast::RandomState;
use rescind::token::Expected;

use self::live::Live;
use self::marks::{Chain, MARKS};

criterion_group!(benches, seen);
criterion_main!(benches);

fn seen(c: &mut Criterion) {
    let live = Live::new();
    // As they are kept: not the texts that come over the network.
    let kept = live.tokens.clone();
    let texts: HashMap<&str, u64, RandomState> =
        kept.iter().zip(0..).map(|(token, n)| (token.as_str(), n)).collect();
    let mut group = c.benchmark_group("seen");
    let chain = Chain::from(MARKS);
    group.bench_function("floor_compare", |b| {
        b.iter(|| chain.next(|n| !texts.contains_key(live.at_random(n))));
    });
    group.bench_function("verify", |b| {
        b.iter(|| chain.next(|n| live.verifier.verify(live.at_random(n), Expected::Configured).is_err()));
    });
    group.finish();
    println!("{:?}", live.verifier.cache().unwrap().counts());
}
