//! What the check of one token costs in process: the bare signature, Rescind's `Validator`, and the crates `jsonwebtoken` and
//! `jwt-simple`, over the same bytes and in turn. `cargo xtask bench --peers` runs this.
//!
//! `RESCIND_BENCH_OUT` is the file to write: JSON, from `bare/<algorithm>/<who>` to nanoseconds. `--quick` takes few samples.

mod contenders;
mod token;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use rescind::token::Algorithm;

use self::contenders::{Contender, contenders};
use self::token::Token;

/// How long one contender works before the next one's turn: long beside reading a clock, and so short that on a busy machine most turns are
/// not interrupted.
const TURN: Duration = Duration::from_micros(300);

fn main() {
    let rounds = if std::env::args().any(|argument| argument == "--quick") { 100 } else { 1_000 };
    let mut measured = BTreeMap::new();
    for algorithm in [Algorithm::EdDsa, Algorithm::Hs256, Algorithm::Es256, Algorithm::Rs256] {
        let token = Token::new(algorithm);
        for (name, samples) in in_turn(&contenders(&token), rounds) {
            measured.insert(format!("bare/{}/{name}", algorithm.name().to_lowercase()), samples);
        }
    }
    let out = std::env::var_os("RESCIND_BENCH_OUT").expect("RESCIND_BENCH_OUT names a file");
    let text = serde_json::to_string(&measured).expect("names and numbers");
    std::fs::write(out, text).expect("the measurements can be written");
}

/// Nanoseconds for one check: a sample of each contender in each round. Who begins changes from round to round.
fn in_turn(contenders: &[Contender], rounds: usize) -> Vec<(&'static str, Vec<f64>)> {
    let bursts: Vec<u32> = contenders.iter().map(burst).collect();
    let mut samples = vec![Vec::with_capacity(rounds); contenders.len()];
    for round in 0..rounds {
        for place in 0..contenders.len() {
            let turn = (round + place) % contenders.len();
            let took = timed(&contenders[turn], bursts[turn]);
            samples[turn].push(took.as_secs_f64() * 1e9 / f64::from(bursts[turn]));
        }
    }
    contenders.iter().map(|contender| contender.name).zip(samples).collect()
}

/// How many checks fill a turn, by the quickest of some; warms up on the way.
fn burst(contender: &Contender) -> u32 {
    let quickest = (0..50).map(|_| timed(contender, 1)).min().unwrap_or(TURN);
    u32::try_from(TURN.as_nanos() / quickest.as_nanos().max(1)).map_or(1, |count| count.max(1))
}

fn timed(contender: &Contender, burst: u32) -> Duration {
    let began = Instant::now();
    for _ in 0..burst {
        assert!(black_box((contender.check)()), "{} takes the token", contender.name);
    }
    began.elapsed()
}
