//! `cargo xtask bench`: every benchmark, one table, in `docs/benchmarks.md`.

pub(crate) mod instructions;
mod machine;
mod measured;
mod page;
pub(crate) mod peers;
mod rows;

use std::fs;
use std::path::{Path, PathBuf};

use self::measured::Measurements;
use crate::places::Places;
use crate::shell::{self, Outcome, cargo};

/// The packages whose criterion benchmarks feed the table: all targets under their `benches/`.
const PACKAGES: [&str; 3] = ["rescind", "rescind-sqlite", "rescind-postgres"];

/// Runs everything and prints the table; `quick` takes short samples and leaves the page alone.
pub(crate) fn run(places: &Places, quick: bool) -> Outcome {
    let machine = machine::describe(places)?;
    // Figures of an earlier commit must not stand beside today's.
    remove(&places.target.join("criterion"))?;
    for package in PACKAGES {
        criterion(places, package, quick)?;
    }
    let memory = memory(places)?;
    let http = http(places, quick)?;
    let measured = Measurements::read(&places.target.join("criterion"), &[memory, http])?;

    let table = page::table(rows::ROWS, &measured);
    println!("\n{machine}\n\n{table}");
    if quick {
        println!("Short samples: docs/benchmarks.md is left as it was.");
        return Ok(());
    }
    fs::create_dir_all(places.root.join("docs"))?;
    fs::write(
        places.root.join("docs/benchmarks.md"),
        page::page(&machine, &table, &instructions::section(places)?),
    )?;
    println!("Written to docs/benchmarks.md.");
    Ok(())
}

fn criterion(places: &Places, package: &str, quick: bool) -> Outcome {
    if !places.root.join("crates").join(package).join("benches").is_dir() {
        println!("{package} has no benchmarks: its rows stay empty.");
        return Ok(());
    }
    // Only bench targets: libtest does not know criterion's arguments.
    let mut command = cargo();
    command.args(["bench", "--locked", "--package", package, "--bench", "*", "--"]);
    if quick {
        command.args(["--warm-up-time", "0.3", "--measurement-time", "1", "--sample-size", "10"]);
    }
    shell::run(&mut command)
}

/// What a mark takes in a replica of ten million; returns the file with what was measured.
fn memory(places: &Places) -> Outcome<PathBuf> {
    let out = places.target.join("memory-bench.json");
    remove(&out)?;
    let mut command = cargo();
    command.args(["run", "--release", "--locked", "--package", "rescind", "--example", "replica_memory"]);
    shell::run(command.env("RESCIND_BENCH_OUT", &out))?;
    Ok(out)
}

/// Loads the release binary over HTTP; returns the file with what was measured.
fn http(places: &Places, quick: bool) -> Outcome<PathBuf> {
    let out = places.target.join("http-bench.json");
    remove(&out)?;
    let binaries = binaries(places)?;
    let mut command = cargo();
    command.args(["bench", "--locked", "--package", "rescind-testkit", "--bench", "http", "--"]);
    if quick {
        command.arg("--quick");
    }
    shell::run(command.envs(binaries).env("RESCIND_BENCH_OUT", &out))?;
    Ok(out)
}

/// Builds the server and a service that it protects, and says where they are.
fn binaries(places: &Places) -> Outcome<[(&'static str, PathBuf); 2]> {
    for package in ["rescind-cli", "rescind-bench-service"] {
        shell::run(cargo().args(["build", "--release", "--locked", "--package", package]))?;
    }
    let release = places.target.join("release");
    Ok([
        ("RESCIND_BENCH_SERVER", release.join("rescind")),
        ("RESCIND_BENCH_SERVICE", release.join("bench-service")),
    ])
}

fn remove(path: &Path) -> Outcome {
    let gone = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match gone {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
