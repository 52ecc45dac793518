//! What is left for tokens that were seen before, while a flood of distinct forged ones takes the other core.
//!
//! One thread checks seen tokens. On the other core another one either counts, which costs nobody anything but that core, or has the
//! same verifier check tokens of which no two are alike and none is signed. The two take turns, so that both meet the same
//! machine; each sample is the share that is left of what the first core serves beside the counting.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

mod live;
mod marks;
mod paired;

use std::hint::black_box;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Instant;

use criterion::{criterion_group, criterion_main};
use rescind::token::Expected;

use self::live::Live;
use self::marks::{Chain, MARKS};
use self::paired::Ratio;

criterion_group!(times, beside);
criterion_group! { name = ratios; config = paired::criterion(); targets = kept }
criterion_main!(times, ratios);

/// What the other core does.
const COUNT: u8 = 0;
const FORGE: u8 = 1;
const END: u8 = 2;

/// How many forged tokens there are. None is taken up, so that each is new to the verifier whenever it comes.
const FORGED: u64 = 20_000;

/// How many checks are timed at once: some ten milliseconds.
const BURST: u32 = 20_000;

struct Other {
    wanted: AtomicU8,
    doing: AtomicU8,
    refused: AtomicU64,
}

impl Other {
    /// Returns when it does so.
    fn turn_to(&self, what: u8) {
        self.wanted.store(what, Ordering::SeqCst);
        while self.doing.load(Ordering::SeqCst) != what {
            std::hint::spin_loop();
        }
    }

    fn run(&self, live: &Live, forged: &[String]) {
        for n in 0_usize.. {
            let wanted = self.wanted.load(Ordering::SeqCst);
            self.doing.store(wanted, Ordering::SeqCst);
            match wanted {
                COUNT => {
                    black_box((0..10_000_u64).fold(0, |sum, n| black_box(sum + n)));
                }
                FORGE => {
                    let refused = live.verifier.verify(&forged[n % forged.len()], Expected::Configured);
                    assert_eq!(refused.unwrap_err().code(), "invalid_token");
                    self.refused.fetch_add(1, Ordering::Relaxed);
                }
                _ => return,
            }
        }
    }
}

/// What a check takes while the other core does either.
fn beside(c: &mut criterion::Criterion) {
    with_other(|live, other| {
        let chain = Chain::from(MARKS);
        for (what, id) in [(COUNT, "flood/beside_counting"), (FORGE, "flood/beside_forging")] {
            other.turn_to(what);
            c.bench_function(id, |bencher| bencher.iter(|| check(live, &chain)));
        }
    });
}

/// The share of the first that is left of the second, in turn.
fn kept(c: &mut criterion::Criterion<Ratio>) {
    with_other(|live, other| {
        let chain = Chain::from(MARKS);
        let burst = |what| {
            other.turn_to(what);
            let began = Instant::now();
            (0..BURST).for_each(|_| check(live, &chain));
            began.elapsed().as_secs_f64()
        };
        c.bench_function("flood/seen_kept", |bencher| {
            bencher.iter_custom(|rounds| {
                let (mut counting, mut forging) = (0.0, 0.0);
                for _ in 0..rounds {
                    counting += burst(COUNT);
                    forging += burst(FORGE);
                }
                counting / forging * rounds as f64
            });
        });
    });
}

fn check(live: &Live, chain: &Chain) {
    chain.next(|n| live.verifier.verify(live.at_random(n), Expected::Configured).is_err());
}

fn with_other(measure: impl FnOnce(&Live, &Other)) {
    let live = Live::new();
    let forged: Vec<String> = (0..FORGED).map(|n| live.forged(n)).collect();
    let other = Other { wanted: AtomicU8::new(COUNT), doing: AtomicU8::new(END), refused: AtomicU64::new(0) };
    std::thread::scope(|threads| {
        threads.spawn(|| other.run(&live, &forged));
        measure(&live, &other);
        other.turn_to(END);
    });
    let counts = live.verifier.cache().unwrap().counts();
    println!("{} forged tokens refused; {counts:?}", other.refused.into_inner());
}
