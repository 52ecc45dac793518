//! What Cargo knows of every package of the workspace.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use toml::Table;

use crate::shell::{self, Failure, Outcome, cargo};

/// By [`Package::key`].
pub(super) type Packages = BTreeMap<String, Package>;

/// A package, as its manifest and the lock file tell of it.
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    /// As Cargo calls it in what it prints for programs.
    pub(super) id: String,
    /// An expression of SPDX.
    pub(super) licence: Option<String>,
    pub(super) repository: Option<String>,
    /// Where its manifest is.
    pub(super) folder: PathBuf,
    /// SHA-256 of what the registry gave, in hexadecimal digits; what is ours has none.
    pub(super) checksum: Option<String>,
}

impl Package {
    /// `name@version`.
    pub(super) fn key(&self) -> String {
        key(&self.name, &self.version)
    }

    /// Whether it is a part of this workspace.
    pub(super) const fn is_ours(&self) -> bool {
        self.checksum.is_none()
    }
}

pub(super) fn key(name: &str, version: &str) -> String {
    format!("{name}@{version}")
}

/// Asks Cargo, and reads the lock file.
pub(super) fn read() -> Outcome<Packages> {
    let told = shell::read(cargo().args(["metadata", "--locked", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&told).map_err(|error| odd(&error.to_string()))?;
    let root = metadata["workspace_root"].as_str().ok_or_else(|| odd("it names no workspace"))?;
    let checksums = checksums(&fs::read_to_string(Path::new(root).join("Cargo.lock"))?)?;
    let packages = metadata["packages"].as_array().ok_or_else(|| odd("it names no packages"))?;
    let read = packages.iter().map(|package| {
        let package = package_of(package, &checksums).ok_or_else(|| odd("a package without a name"))?;
        Ok((package.key(), package))
    });
    read.collect()
}

fn package_of(told: &Value, checksums: &BTreeMap<String, String>) -> Option<Package> {
    let text = |field: &str| told[field].as_str().map(str::to_owned);
    let (name, version) = (text("name")?, text("version")?);
    Some(Package {
        id: text("id")?,
        // In manifests of before SPDX a slash meant either.
        licence: text("license").map(|licence| licence.replace(" / ", " OR ").replace('/', " OR ")),
        repository: text("repository"),
        folder: Path::new(told["manifest_path"].as_str()?).parent()?.to_owned(),
        checksum: checksums.get(&key(&name, &version)).cloned(),
        name,
        version,
    })
}

fn checksums(lock: &str) -> Outcome<BTreeMap<String, String>> {
    let lock: Table = lock.parse().map_err(|error| Failure::new(format!("Cargo.lock: {error}")))?;
    let packages = lock.get("package").and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
    let sums = packages.iter().filter_map(|package| {
        let text = |field: &str| package.get(field)?.as_str();
        Some((key(text("name")?, text("version")?), text("checksum")?.to_owned()))
    });
    Ok(sums.collect())
}

fn odd(why: &str) -> Failure {
    Failure::new(format!("cargo metadata cannot be read: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_has_no_checksum_and_what_is_not_has_one() {
        let packages = read().expect("this workspace");
        let named = |name: &str| packages.values().find(|package| package.name == name).expect("a package");
        assert!(named("rescind-cli").is_ours());
        let clap = named("clap");
        assert!(!clap.is_ours() && clap.checksum.as_ref().is_some_and(|sum| sum.len() == 64));
        assert!(clap.folder.join("Cargo.toml").exists());
        for package in packages.values() {
            let licence = package.licence.as_deref().unwrap_or_default();
            assert!(!licence.is_empty() && !licence.contains('/'), "{}: {licence}", package.key());
        }
    }
}
