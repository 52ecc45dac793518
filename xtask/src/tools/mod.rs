//! What the tests need beside Rust: found, or installed below the target directory.

mod chromium;
pub(crate) mod databases;
pub(crate) mod debian;
pub(crate) mod deny;
pub(crate) mod fuzz;
pub(crate) mod hadolint;
pub(crate) mod musl;
mod nginx;
pub(crate) mod node;
mod prometheus;
pub(crate) mod python;
mod subcommand;
pub(crate) mod systemd;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::places::Places;
use crate::shell::Outcome;

/// The foreign runtimes that the end-to-end tests drive against the running server; the examples have their own packages.
pub(crate) struct Tools {
    python: PathBuf,
    node: PathBuf,
    node_modules: PathBuf,
    example_python: PathBuf,
    example_node_modules: PathBuf,
    page_node_modules: PathBuf,
}

impl Tools {
    /// How a test is told. A test that needs one of these fails, and never skips, when it is not set.
    pub(crate) fn variables(&self) -> [(&'static str, &Path); 6] {
        [
            ("RESCIND_TEST_PYTHON", &self.python),
            ("RESCIND_TEST_NODE", &self.node),
            ("RESCIND_TEST_NODE_MODULES", &self.node_modules),
            ("RESCIND_TEST_EXAMPLE_PYTHON", &self.example_python),
            ("RESCIND_TEST_EXAMPLE_NODE_MODULES", &self.example_node_modules),
            ("RESCIND_TEST_PAGE_NODE_MODULES", &self.page_node_modules),
        ]
    }
}

/// Finds or installs everything.
pub(crate) fn ensure(places: &Places) -> Outcome<Tools> {
    // What the README's tour is typed with.
    debian::ensure("curl 7.82", &["curl"], || command("curl", &["--json", "{}", "--version"]))?;
    debian::ensure("jq", &["jq"], || command("jq", &["--version"]))?;
    databases::ensure()?;
    nginx::ensure()?;
    prometheus::ensure()?;
    chromium::ensure()?;
    let python = python::ensure(places, "tests/foreign/python", "python", "jwt")?;
    let (node, node_modules) = node::ensure(places, "tests/foreign/node", "node")?;
    let example_python =
        python::ensure(places, "examples/python", "example-python", "flask, jwt, requests, sseclient")?;
    let (_, example_node_modules) = node::ensure(places, "examples/node", "example-node")?;
    let (_, page_node_modules) = node::ensure(places, "tests/pages", "page-node")?;
    Ok(Tools { python, node, node_modules, example_python, example_node_modules, page_node_modules })
}

/// `cargo xtask tools`: prints lines for `eval`, so that a single test can be run by hand.
pub(crate) fn print(places: &Places) -> Outcome {
    for (name, value) in ensure(places)?.variables() {
        println!("export {name}='{}'", value.display());
    }
    Ok(())
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// Whether what is installed at `stamp` was installed from exactly `wanted`.
fn is_current(stamp: &Path, wanted: &str) -> bool {
    std::fs::read_to_string(stamp).is_ok_and(|found| found == wanted)
}
