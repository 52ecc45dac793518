//! `cargo xtask test`: everything that must hold before a change lands.

use std::process::Command;

use crate::deploy;
use crate::dist;
use crate::places::Places;
use crate::services::Services;
use crate::shell::{self, Outcome, cargo};
use crate::steps::Steps;
use crate::tools::{self, Tools};

/// Runs all steps; `full` adds the slow ones.
pub(crate) fn run(places: &Places, full: bool) -> Outcome {
    let mut steps = Steps::begin();
    steps.step("rustfmt", || shell::run(cargo().args(["fmt", "--all", "--check"])))?;
    // Before the long builds, so that a missing command is known in seconds.
    let tools = steps.step("tools", || tools::ensure(places))?;
    steps.step("deploy files", || deploy::check(places))?;
    steps.step("clippy", || {
        shell::run(cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    steps.step("docs", docs)?;
    if full {
        steps.step("cargo-deny", || tools::deny::check(places))?;
        steps.step("dist", || dist::run(places))?;
        steps.step("benches compile", || {
            shell::run(cargo().args(["bench", "--workspace", "--benches", "--no-run", "--locked"]))
        })?;
    }
    let nextest = shell::works(cargo().args(["nextest", "--version"]));
    steps.step("build tests", || shell::run(tests(nextest, full).arg("--no-run")))?;
    // Built just now, for its own tests.
    let services = steps.step("services", || Services::start(places))?;
    let told = |command: Command| for_tests(command, &tools, &services, full);
    // The tests come last, so that their own closing line is the last thing above ours.
    steps
        .step("doc tests", || shell::run(told(cargo()).args(["test", "--workspace", "--doc", "--locked"])))?;
    steps.step("tests", || shell::run(&mut told(tests(nextest, full))))?;
    services.end()?;
    steps.finish();
    Ok(())
}

/// Libraries only: the binary `rescind` and the library `rescind` would write the same page.
fn docs() -> Outcome {
    shell::run(
        cargo()
            .args(["doc", "--workspace", "--lib", "--no-deps", "--locked"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// One run for unit, integration and end-to-end tests, so that one closing line counts them all. nextest where it is
/// installed: it runs test binaries side by side and kills a test that hangs.
fn tests(nextest: bool, full: bool) -> Command {
    let mut command = cargo();
    command.args(if nextest { ["nextest", "run"].as_slice() } else { &["test"] });
    command.args(["--workspace", "--locked", "--lib", "--bins", "--tests"]);
    if nextest {
        command.args(["--profile", if full { "full" } else { "default" }]);
    }
    command
}

fn for_tests(mut command: Command, tools: &Tools, services: &Services, full: bool) -> Command {
    command.envs(tools.variables()).envs(services.variables());
    if full {
        command.env("RESCIND_TEST_FULL", "1").env("PROPTEST_CASES", "1000");
    } else {
        command.env_remove("RESCIND_TEST_FULL");
    }
    command
}
