//! Counting.

use std::fs;
use std::path::Path as File;
use std::process::Command;

use super::kept::{Counts, Kept, Path};
use crate::places::Places;
use crate::shell::{self, Failure, Outcome};

/// The function of the example within which is counted.
const COUNTED: &str = "*rescind_counted*";

/// The ids of what a bare signature is taken from, their ends being `whole` and `bare`.
const PAIRS: [&str; 2] = ["verify_ed25519", "verify_hs256"];

/// `valgrind --version`.
pub(super) fn version() -> Command {
    let mut command = Command::new("valgrind");
    command.arg("--version");
    command
}

/// Runs the built example.
pub(super) fn count(places: &Places) -> Outcome<Kept> {
    let directory = places.target.join("instructions");
    crate::bench::remove(&directory)?;
    fs::create_dir_all(&directory)?;
    let mut counts = Counts::new();
    // One process for each path, until there is no other.
    for number in 0.. {
        let out = directory.join(format!("callgrind.out.{number}"));
        let printed = shell::read(
            Command::new("valgrind")
                .args(["--quiet", "--tool=callgrind", "--collect-atstart=no"])
                .arg(format!("--toggle-collect={COUNTED}"))
                .arg(format!("--callgrind-out-file={}", out.display()))
                .arg(places.target.join("release/examples/instructions"))
                .arg(number.to_string()),
        )?;
        let Some(line) = printed.lines().next() else { break };
        let (id, path) = path(line, &out)?;
        counts.insert(id, path);
    }
    for pair in PAIRS {
        let ours = ours(&counts, pair)?;
        counts.insert(format!("{pair}/ours"), ours);
    }
    let rustc = shell::read(Command::new("rustc").arg("--version"))?.trim().to_owned();
    Ok(Kept { rustc, valgrind: shell::read(&mut version())?.trim().to_owned(), counts })
}

/// A line of the example's, with what was written down at its end.
fn path(line: &str, file: &File) -> Outcome<(String, Path)> {
    let wrong = |what: &str| Failure::new(format!("{what}: `{line}` and {}", file.display()));
    let mut fields = line.split('\t');
    let (Some(id), Some(steps), Some(name)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(wrong("the example prints something else"));
    };
    let steps: u64 = steps.parse().map_err(|_| wrong("no number of steps"))?;
    let written = fs::read_to_string(file).map_err(|_| wrong("nothing was counted"))?;
    let total = total(&written).filter(|total| *total > 0).ok_or(wrong("nothing was counted"))?;
    Ok((id.to_owned(), Path { name: name.to_owned(), each: (total + steps / 2) / steps }))
}

/// All the instructions that a file of callgrind's tells of.
fn total(written: &str) -> Option<u64> {
    let totals = written.lines().find_map(|line| line.strip_prefix("totals:"));
    totals?.trim().parse().ok()
}

fn ours(counts: &Counts, pair: &str) -> Outcome<Path> {
    let found = |end: &str| {
        let id = format!("{pair}/{end}");
        counts.get(&id).ok_or(Failure::new(format!("{id} was not counted")))
    };
    let (whole, bare) = (found("whole")?, found("bare")?);
    let each = whole.each.saturating_sub(bare.each);
    Ok(Path { name: format!("{}: ours", whole.name), each })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_from_its_line() {
        let written = "version: 1\nevents: Ir\nsummary: 7\n\nfn=(1) main\n16 400\n\ntotals: 1234\n";
        assert_eq!(total(written), Some(1234));
        assert_eq!(total("version: 1\n"), None);
    }
}
