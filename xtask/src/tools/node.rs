//! Node, and what is installed for it by lock files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{debian, is_current};
use crate::places::Places;
use crate::shell::{self, Outcome};

/// Node, and `node_modules`, by this name among the tools, that hold exactly the `package-lock.json` in `source`.
pub(crate) fn ensure(places: &Places, source: &str, name: &str) -> Outcome<(PathBuf, PathBuf)> {
    let modules = install(&places.root.join(source), &places.tools().join(name))?;
    Ok(("node".into(), modules))
}

/// Finds or installs Node, and in `home` exactly what the `package-lock.json` in `source` names; returns its `node_modules`.
pub(crate) fn install(source: &Path, home: &Path) -> Outcome<PathBuf> {
    debian::ensure("node", &["nodejs"], || version("node"))?;
    let modules = home.join("node_modules");
    let stamp = modules.join("installed.json");
    let wanted = fs::read_to_string(source.join("package-lock.json"))?;
    if !is_current(&stamp, &wanted) {
        debian::ensure("npm", &["npm"], || version("npm"))?;
        fs::create_dir_all(home)?;
        for name in ["package.json", "package-lock.json"] {
            fs::copy(source.join(name), home.join(name))?;
        }
        shell::run_quietly(
            Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(home),
        )?;
        fs::write(stamp, wanted)?;
    }
    Ok(modules)
}

fn version(name: &str) -> Command {
    let mut command = Command::new(name);
    command.arg("--version");
    command
}
