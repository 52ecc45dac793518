//! What is left for tokens that were seen before, while a flood of distinct forged ones takes the other core.
//!
//! One thread checks seen tokens. On the other core another either counts, which costs nobody anything but that core, or has the
//! same verifier check tokens of which no two are alike and none is signed. The two take turns, so that both meet the same
//! machine; each sample is the share that is left of what the first core serves beside the counting.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

mod live;
mod marks;
mod paired;

use std::hint::black_box;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use criterion::{criterion_group, criterion_main};
use rescind::token::Expected;

use self::live::Live;
use self::marks::{Chain, MARKS};
use self::paired::Ratio;

criterion_group! { name = benches; config = paired::criterion(); targets = flood }
criterion_main!(benches);

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
                COUNT => (0..10_000).for_each(|n: u32| drop(black_box(n))),
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

fn flood(c: &mut criterion::Criterion<Ratio>) {
    let live = Live::new();
    let forged: Vec<String> = (0..FORGED).map(|n| live.forged(n)).collect();
    let chain = Chain::from(MARKS);
    let burst = || {
        let began = Instant::now();
        for _ in 0..BURST {
            chain.next(|n| live.verifier.verify(live.at_random(n), Expected::Configured).is_err());
        }
        began.elapsed()
    };
    let other = Other { wanted: AtomicU8::new(COUNT), doing: AtomicU8::new(END), refused: AtomicU64::new(0) };
    std::thread::scope(|threads| {
        threads.spawn(|| other.run(&live, &forged));
        c.bench_function("flood/seen_kept", |bencher| {
            bencher.iter_custom(|rounds| {
                let (mut counting, mut forging) = (Duration::ZERO, Duration::ZERO);
                for _ in 0..rounds {
                    other.turn_to(COUNT);
                    counting += burst();
                    other.turn_to(FORGE);
                    forging += burst();
                }
                other.turn_to(COUNT);
                counting.as_secs_f64() / forging.as_secs_f64() * rounds as f64
            });
        });
        other.turn_to(END);
    });
    let counts = live.verifier.cache().unwrap().counts();
    println!("{} forged tokens refused; {counts:?}", other.refused.into_inner());
}
