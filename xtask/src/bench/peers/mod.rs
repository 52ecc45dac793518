//! `cargo xtask bench --peers`: Rescind beside what is used instead, in the same run, in `docs/peers.md`.

mod install;
mod page;
mod sides;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::install::Homes;
use super::{binaries, machine, measured, remove};
use crate::places::Places;
use crate::shell::{self, Failure, Outcome, cargo};
use crate::tools::databases;

/// Nanoseconds or rates of each round, by id.
type Samples = BTreeMap<String, Vec<f64>>;

/// Installs the peers, runs all, and prints the table; `quick` takes short samples and leaves the page alone.
pub(crate) fn run(places: &Places, quick: bool) -> Outcome {
    let machine = machine::describe(places)?;
    databases::ensure()?;
    let homes = install::ensure(places)?;
    let mut samples = Samples::new();
    for file in [bare(places, quick)?, served(places, &homes, quick)?] {
        samples.extend(read(&file)?);
    }
    let table = page::table(&samples);
    println!("\n{machine}\n\n{table}");
    if quick {
        println!("Short samples: docs/peers.md is left as it was.");
        return Ok(());
    }
    let versions = install::versions(places)?;
    fs::write(places.root.join("docs/peers.md"), page::page(&machine, &versions, &table))?;
    println!("Written to docs/peers.md.");
    Ok(())
}

/// The check of a token in process; returns the file with what was measured.
fn bare(places: &Places, quick: bool) -> Outcome<PathBuf> {
    let out = places.target.join("peers/bare.json");
    remove(&out)?;
    let mut command = cargo();
    command.current_dir(places.root.join("benches/peers/rust"));
    command.args(["run", "--release", "--locked", "--target-dir"]).arg(places.target.join("peers/rust"));
    shell::run(arguments(&mut command, quick).env("RESCIND_BENCH_OUT", &out))?;
    Ok(out)
}

/// All that goes over HTTP; returns the file with what was measured.
fn served(places: &Places, homes: &Homes, quick: bool) -> Outcome<PathBuf> {
    let out = places.target.join("peers/served.json");
    remove(&out)?;
    let binaries = binaries(places)?;
    let mut command = cargo();
    command.args(["bench", "--locked", "--package", "rescind-testkit", "--bench", "peers"]);
    command.envs(binaries).env("RESCIND_BENCH_NODE", &homes.node).env("RESCIND_BENCH_PYTHON", &homes.python);
    shell::run(arguments(&mut command, quick).env("RESCIND_BENCH_OUT", &out))?;
    Ok(out)
}

fn arguments(command: &mut Command, quick: bool) -> &mut Command {
    if quick { command.args(["--", "--quick"]) } else { command }
}

fn read(file: &Path) -> Outcome<Samples> {
    let json = measured::json(file)?;
    let samples = json.as_object().ok_or(Failure::new(format!("{} is no object", file.display())))?;
    Ok(samples.iter().map(|(id, values)| (id.clone(), measured::numbers(values))).collect())
}
