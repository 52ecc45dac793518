//! Python, in a virtual environment of its own for everything that has a requirements.txt.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::{debian, is_current};
use crate::places::Places;
use crate::shell::{self, Outcome};

/// The interpreter of an environment, by this name among the tools, that holds exactly the `requirements.txt` in `source`. It can
/// import `module`.
pub(crate) fn ensure(places: &Places, source: &str, name: &str, module: &str) -> Outcome<PathBuf> {
    let requirements = places.root.join(source).join("requirements.txt");
    let wanted = fs::read_to_string(&requirements)?;
    let environment = places.tools().join(name);
    let interpreter = environment.join("bin/python");
    let stamp = environment.join("installed.txt");
    if is_current(&stamp, &wanted)
        && shell::works(Command::new(&interpreter).args(["-c", &format!("import {module}")]))
    {
        return Ok(interpreter);
    }
    debian::ensure("python3 (with venv)", &["python3", "python3-venv"], probe)?;
    shell::run_quietly(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    shell::run_quietly(
        Command::new(&interpreter)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-input",
                "--only-binary",
                ":all:",
                "--requirement",
            ])
            .arg(requirements),
    )?;
    fs::write(stamp, wanted)?;
    Ok(interpreter)
}

/// Debian splits `ensurepip` off: a python3 without it cannot make an environment.
fn probe() -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", "import venv, ensurepip"]);
    command
}
