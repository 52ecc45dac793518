//! Rescind's own chores. `cargo xtask test` is what CI runs and what a contributor runs; there is no second list of
//! commands anywhere.

mod bench;
mod deploy;
mod dist;
mod fuzz;
mod places;
mod screenshots;
mod services;
mod shell;
mod steps;
mod test;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::places::Places;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Rescind's own chores")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Formatting, clippy, docs, and every unit, integration, doc and end-to-end test
    Test {
        /// Also the long rounds of the tests, cargo-deny, that every benchmark compiles, and a release that is made and tried
        #[arg(long)]
        full: bool,
    },
    /// Finds or installs what the tests need and prints the variables that tell a test where it is
    Tools,
    /// Runs the services that tests share until its input ends or ^C, and prints the variables that lead to them
    Services,
    /// Makes a release in target/dist: the program, linked statically, in an archive with what it is installed with, with a list of
    /// what it is made of (CycloneDX) and checksums; and tries it
    Dist {
        /// The program alone, at this place
        #[arg(long, value_name = "FILE")]
        program: Option<PathBuf>,
    },
    /// Takes a picture of each page for people, into docs/screenshots
    Screenshots,
    /// Lets libFuzzer look for inputs that break a promise of the targets in fuzz/, from the kept corpus on
    Fuzz {
        /// How long, for each target
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Also puts the finds that reach more code into the kept corpus
        #[arg(long)]
        keep: bool,
        /// These only
        targets: Vec<String>,
    },
    /// Runs every benchmark and prints one table; writes docs/benchmarks.md
    Bench {
        /// Short rounds, to see that everything runs: prints the table and writes nothing
        #[arg(long)]
        quick: bool,
        /// Rescind beside what is used instead, which is installed for it; writes docs/peers.md
        #[arg(long)]
        peers: bool,
        /// Counts the instructions of a check, and fails where one is 5 % above what benches/instructions.json keeps
        #[arg(long, conflicts_with_all = ["peers", "quick"])]
        instructions: bool,
        /// Keeps what was counted, in benches/instructions.json and docs/benchmarks.md
        #[arg(long, requires = "instructions")]
        bless: bool,
    },
}

fn main() -> ExitCode {
    let chore = Arguments::parse().chore;
    let outcome = Places::find().and_then(|places| match chore {
        Chore::Test { full } => test::run(&places, full),
        Chore::Tools => tools::print(&places),
        Chore::Services => services::serve(&places),
        Chore::Screenshots => screenshots::take(&places),
        Chore::Dist { program: Some(place) } => dist::program_only(&places, &place),
        Chore::Dist { program: None } => dist::run(&places),
        Chore::Fuzz { seconds, keep, targets } => fuzz::run(&places, seconds, keep, &targets),
        Chore::Bench { instructions: true, bless, .. } => bench::instructions::run(&places, bless),
        Chore::Bench { peers: true, quick, .. } => bench::peers::run(&places, quick),
        Chore::Bench { quick, .. } => bench::run(&places, quick),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\ncargo xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
