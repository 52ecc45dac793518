//! Python, in a virtual environment of its own for everything that has a requirements.txt.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{debian, is_current};
use crate::places::Places;
use crate::shell::{self, Outcome};

/// The interpreter of an environment, by this name among the tools, that holds exactly the `requirements.txt` in `source`. It can
/// import `module`.
pub(crate) fn ensure(places: &Places, source: &str, name: &str, module: &str) -> Outcome<PathBuf> {
    let requirements = places.root.join(source).join("requirements.txt");
    install(&requirements, &places.tools().join(name), &format!("import {module}"))
}

/// Finds or installs Python, and in `environment` exactly what `requirements` names; returns its interpreter. Where `probe` does not work
/// there, it is made anew.
pub(crate) fn install(requirements: &Path, environment: &Path, probe: &str) -> Outcome<PathBuf> {
    let wanted = fs::read_to_string(requirements)?;
    let interpreter = environment.join("bin/python");
    let stamp = environment.join("installed.txt");
    if is_current(&stamp, &wanted) && shell::works(Command::new(&interpreter).args(["-c", probe])) {
        return Ok(interpreter);
    }
    debian::ensure("python3 (with venv)", &["python3", "python3-venv"], with_venv)?;
    shell::run_quietly(Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment))?;
    let mut pip = Command::new(&interpreter);
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--only-binary", ":all:", "--requirement"]);
    shell::run_quietly(pip.arg(requirements))?;
    fs::write(stamp, wanted)?;
    Ok(interpreter)
}

/// Debian splits `ensurepip` off: a python3 without it cannot make an environment.
fn with_venv() -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", "import venv, ensurepip"]);
    command
}
