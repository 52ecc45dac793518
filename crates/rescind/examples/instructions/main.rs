//! Walks the paths of checking a token, for their instructions to be counted: `cargo xtask bench --instructions` runs this under
//! callgrind.
//!
//! The argument is the number of a path; beyond the last one nothing is done. Callgrind counts within [`rescind_counted`] only. What is printed
//! says which path that was and how often it was walked. Nothing here depends on time or chance, so that the same program gives the same counts.

#[allow(dead_code, reason = "the benchmarks need more of it")]
#[path = "../../benches/marks/mod.rs"]
mod marks;
mod paths;
mod repeatable;

use self::paths::Path;

fn main() {
    let number = std::env::args().nth(1).and_then(|argument| argument.parse().ok()).unwrap_or(0_usize);
    if let Some(make) = paths::ALL.get(number) {
        let mut path = make();
        // What is done once, such as asking the processor what it can, does not count.
        (path.walk)(0);
        rescind_counted(&mut path);
        println!("{}\t{}\t{}", path.id, path.steps(), path.name);
    }
}

/// Callgrind is told this name.
#[inline(never)]
fn rescind_counted(path: &mut Path) {
    for n in 1..=path.times {
        (path.walk)(n);
    }
}
