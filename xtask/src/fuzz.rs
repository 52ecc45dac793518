//! `cargo xtask fuzz`: libFuzzer looks for inputs that break a promise.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::places::Places;
use crate::shell::{Failure, Outcome};
use crate::tools::fuzz as cargo_fuzz;

/// Longer inputs find nothing that shorter ones do not, later.
const MAX_LEN: u32 = 4096;
/// What an input may take, in seconds and in MiB of the whole process.
const LONGEST: u32 = 10;
const MOST_MEMORY: u32 = 1024;
/// So many finds of a target go into the corpus at once: it stays small.
const MOST_KEPT: usize = 15;

/// Runs each target for so long, and names every input that broke one. With `keep`, finds that reach more code go into the
/// corpus.
pub(crate) fn run(places: &Places, seconds: u32, keep: bool, wanted: &[String]) -> Outcome {
    let targets = choose(&places.root, wanted)?;
    let binaries = cargo_fuzz::build(places, &targets)?;
    println!("\n{:<18} {:>10} {:>8} {:>7} {:>6}", "target", "runs", "runs/s", "edges", "finds");
    let mut broken = Vec::new();
    for name in &targets {
        let target = Target::new(places, name, &binaries)?;
        let ended_well = target.run(seconds)?;
        println!("{}", target.row()?);
        if !ended_well {
            broken.push(target.verdict()?);
        } else if keep {
            target.keep()?;
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(Failure::new(broken.join("\n"))) }
}

fn choose(root: &Path, wanted: &[String]) -> Outcome<Vec<String>> {
    let all = cargo_fuzz::targets(root)?;
    if let Some(unknown) = wanted.iter().find(|name| !all.contains(name)) {
        return Err(Failure::new(format!("there is no target {unknown}; there are {}", all.join(", "))));
    }
    Ok(if wanted.is_empty() { all } else { wanted.to_vec() })
}

/// A target, and the places of its run.
struct Target<'a> {
    name: &'a str,
    binary: PathBuf,
    /// What people keep.
    kept: PathBuf,
    /// What this run finds.
    finds: PathBuf,
    /// What broke it.
    broken: PathBuf,
    log: PathBuf,
}

impl<'a> Target<'a> {
    fn new(places: &Places, name: &'a str, binaries: &Path) -> Outcome<Self> {
        let scratch = cargo_fuzz::scratch(places, name);
        let target = Self {
            name,
            binary: binaries.join(name),
            kept: places.root.join("fuzz/corpus").join(name),
            finds: scratch.join("finds"),
            broken: scratch.join("broken"),
            log: scratch.join("log"),
        };
        // What was found before went into the corpus, or is found again.
        if scratch.exists() {
            fs::remove_dir_all(&scratch)?;
        }
        fs::create_dir_all(&target.finds)?;
        fs::create_dir_all(&target.broken)?;
        Ok(target)
    }

    /// Whether it ran to its end.
    fn run(&self, seconds: u32) -> Outcome<bool> {
        let status = self
            .fuzzer()?
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={MAX_LEN}"))
            .arg("-print_final_stats=1")
            .arg(format!("-artifact_prefix={}/", self.broken.display()))
            .args([&self.finds, &self.kept])
            .status()?;
        Ok(status.success())
    }

    /// Adds to the corpus, of the finds, those that reach the most code that nothing kept reaches.
    fn keep(&self) -> Outcome {
        let merged = self.finds.with_file_name("merged");
        fs::create_dir_all(&merged)?;
        for kept in fs::read_dir(&self.kept)? {
            let kept = kept?;
            fs::copy(kept.path(), merged.join(kept.file_name()))?;
        }
        let mut fuzzer = self.fuzzer()?;
        fuzzer.args(["-set_cover_merge=1", "-use_counters=0"]).args([&merged, &self.finds]);
        if !fuzzer.status()?.success() {
            return Err(Failure::new(self.last_words()?));
        }
        let mut new = Vec::new();
        for found in fs::read_dir(&merged)? {
            let found = found?;
            if !self.kept.join(found.file_name()).exists() {
                new.push((found.metadata()?.modified()?, found));
            }
        }
        // libFuzzer takes the one that adds the most first, and writes them in that order.
        new.sort_by_key(|(at, _)| *at);
        for (_, found) in new.iter().take(MOST_KEPT) {
            fs::copy(found.path(), self.kept.join(found.file_name()))?;
        }
        Ok(())
    }

    fn fuzzer(&self) -> Outcome<Command> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut fuzzer = Command::new(&self.binary);
        fuzzer.arg(format!("-timeout={LONGEST}")).arg(format!("-rss_limit_mb={MOST_MEMORY}"));
        fuzzer.stdout(log.try_clone()?).stderr(log);
        Ok(fuzzer)
    }

    fn row(&self) -> Outcome<String> {
        let log = self.read_log()?;
        let finds = fs::read_dir(&self.finds)?.count();
        let stat = |name: &str| final_stat(&log, name).unwrap_or("?");
        let (runs, per_second) = (stat("number_of_executed_units"), stat("average_exec_per_sec"));
        let edges = last_coverage(&log).unwrap_or("?");
        Ok(format!("{:<18} {runs:>10} {per_second:>8} {edges:>7} {finds:>6}", self.name))
    }

    fn verdict(&self) -> Outcome<String> {
        let input = fs::read_dir(&self.broken)?.flatten().map(|entry| entry.path()).next();
        let Some(input) = input else { return self.last_words() };
        Ok(format!(
            "{name} is broken by {input}\n{words}\n  again: {binary} {input}\n  shorter: {binary} -minimize_crash=1 -runs=100000 {input}\n  \
             for good: cp {input} fuzz/regressions/{name}/ under a name that tells what it is; `cargo test -p rescind-fuzz` replays it",
            name = self.name,
            input = input.display(),
            binary = self.binary.display(),
            words = panic_message(&self.read_log()?).unwrap_or("  (no panic: see the log beside it)"),
        ))
    }

    fn last_words(&self) -> Outcome<String> {
        let log = self.read_log()?;
        let from = log.lines().count().saturating_sub(10);
        let last: Vec<&str> = log.lines().skip(from).collect();
        Ok(format!("{} ended badly; the end of {}:\n{}", self.name, self.log.display(), last.join("\n")))
    }

    fn read_log(&self) -> Outcome<String> {
        Ok(String::from_utf8_lossy(&fs::read(&self.log)?).into_owned())
    }
}

/// A line such as `stat::new_units_added: 12`.
fn final_stat<'a>(log: &'a str, name: &str) -> Option<&'a str> {
    let line = log.lines().rev().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
    line.map(|line| line.trim_start_matches(':').trim())
}

/// The number behind the last `cov:`.
fn last_coverage(log: &str) -> Option<&str> {
    log.rsplit_once(" cov: ")?.1.split_whitespace().next()
}

/// The panic's place and words.
fn panic_message(log: &str) -> Option<&str> {
    let from = log.find("panicked at ")?;
    let rest = &log[from..];
    Some(rest.split("\nnote: ").next().unwrap_or(rest).split("\n==").next().unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "#2\tINITED cov: 11 ft: 12\n#900\tDONE   cov: 34 ft: 56 corp: 7/8b\n\
        stat::number_of_executed_units: 900\nstat::average_exec_per_sec:     450\n";

    #[test]
    fn the_figures_are_those_of_the_end() {
        assert_eq!(last_coverage(LOG), Some("34"));
        assert_eq!(final_stat(LOG, "number_of_executed_units"), Some("900"));
        assert_eq!(final_stat(LOG, "average_exec_per_sec"), Some("450"));
        assert_eq!(final_stat(LOG, "peak_rss_mb"), None);
    }

    #[test]
    fn a_panic_is_quoted_and_what_follows_it_is_not() {
        let log =
            "#1\tx\nthread 'x' panicked at a.rs:1:2:\ntwo\nlines\nnote: run with\n==7== ERROR: libFuzzer";
        assert_eq!(panic_message(log), Some("panicked at a.rs:1:2:\ntwo\nlines"));
    }

    #[test]
    fn the_targets_are_the_files_of_the_folder_and_no_others_are_taken() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let all = choose(&root, &[]).expect("the folder");
        assert!(all.iter().any(|name| name == "jwks"), "{all:?}");
        let refused = choose(&root, &["jwkz".to_owned()]).expect_err("no such target");
        assert!(
            refused.to_string().starts_with("there is no target jwkz; there are access_token, "),
            "{refused}"
        );
    }
}
