//! Where things are.

use std::path::PathBuf;

use serde_json::Value;

use crate::shell::{self, Failure, Outcome};

/// The directories that every chore works in.
pub(crate) struct Places {
    /// The workspace.
    pub(crate) root: PathBuf,
    /// Cargo's target directory, wherever the caller has put it.
    pub(crate) target: PathBuf,
}

impl Places {
    /// Asks cargo, so that `CARGO_TARGET_DIR` and `build.target-dir` are both obeyed.
    pub(crate) fn find() -> Outcome<Self> {
        let told = shell::read(shell::cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: Value = serde_json::from_str(&told)
            .map_err(|error| Failure::new(format!("cargo metadata is not JSON: {error}")))?;
        let path = |name: &str| match metadata[name].as_str() {
            Some(text) => Ok(PathBuf::from(text)),
            None => Err(Failure::new(format!("cargo metadata names no {name}"))),
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")? })
    }

    /// What the chores install: below the target directory, so that `cargo clean` takes it along and git never sees it.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }
}
