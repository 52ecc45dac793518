//! The programs of others, with exactly the versions that their lock files name, below the target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::places::Places;
use crate::shell::{self, Failure, Outcome};
use crate::tools::{debian, node, python};

/// Where they can be run.
pub(super) struct Homes {
    pub(super) node: PathBuf,
    pub(super) python: PathBuf,
}

/// Finds or installs everything.
pub(super) fn ensure(places: &Places) -> Outcome<Homes> {
    boringssl()?;
    let installed = places.target.join("peers");
    let homes = Homes { node: installed.join("node"), python: installed.join("python") };
    let source = places.root.join("benches/peers");
    node::install(&source.join("node"), &homes.node)?;
    python::install(&source.join("python/requirements.txt"), &homes.python, "import gunicorn")?;
    // Beside what they import.
    copy(&source.join("node"), &homes.node, "js")?;
    copy(&source.join("python"), &homes.python, "py")?;
    Ok(homes)
}

/// What compiles the BoringSSL that `jwt-simple` brings.
fn boringssl() -> Outcome {
    debian::ensure("a compiler for C++", &["g++"], || version("c++"))?;
    debian::ensure("cmake", &["cmake"], || version("cmake"))?;
    debian::ensure("libclang", &["libclang-dev"], || {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "ls /usr/lib/llvm-*/lib/libclang*.so* || ls /usr/lib*/libclang*.so* || clang --version",
        ]);
        command
    })
}

fn copy(from: &Path, to: &Path, extension: &str) -> Outcome {
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if let (Some(found), Some(name)) = (path.extension(), path.file_name())
            && found == extension
        {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

/// What ran: names and versions, one after the other.
pub(super) fn versions(places: &Places) -> Outcome<Vec<String>> {
    let source = places.root.join("benches/peers");
    let mut found = vec![
        format!("Node {}", shell::read(&mut version("node"))?.trim().trim_start_matches('v')),
        shell::read(&mut version(&places.target.join("peers/python/bin/python").display().to_string()))?
            .trim()
            .to_owned(),
    ];
    let package: Value = serde_json::from_str(&fs::read_to_string(source.join("node/package.json"))?)
        .map_err(|error| Failure::new(format!("benches/peers/node/package.json: {error}")))?;
    for (name, version) in package["dependencies"].as_object().into_iter().flatten() {
        found.push(format!("{name} {}", version.as_str().unwrap_or_default()));
    }
    let named = ["Django", "Flask", "gunicorn", "hiredis", "psycopg", "PyJWT", "redis"];
    for line in fs::read_to_string(source.join("python/requirements.txt"))?.lines() {
        if let Some((name, version)) = line.split_once("==")
            && (named.contains(&name) || name.to_lowercase().contains("jwt") || name.contains("rest"))
        {
            found.push(format!("{name} {version} (Python)"));
        }
    }
    let lock = fs::read_to_string(source.join("rust/Cargo.lock"))?;
    for name in ["aws-lc-rs", "jsonwebtoken", "jwt-simple"] {
        found.push(format!("{name} {} (Rust)", locked(&lock, name)?));
    }
    Ok(found)
}

/// The version of a package in a `Cargo.lock`.
fn locked(lock: &str, name: &str) -> Outcome<String> {
    let begin = format!("name = \"{name}\"\nversion = \"");
    let version = lock.split_once(&begin).and_then(|(_, rest)| rest.split_once('"'));
    version
        .map(|(version, _)| version.to_owned())
        .ok_or(Failure::new(format!("benches/peers/rust/Cargo.lock has no {name}")))
}

fn version(program: &str) -> Command {
    let mut command = Command::new(program);
    command.arg("--version");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_version_is_that_of_the_package_named() {
        let lock = "[[package]]\nname = \"jwt\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"jwt-simple\"\nversion = \"4.5.6\"\n";
        assert_eq!(locked(lock, "jwt-simple").expect("there"), "4.5.6");
        assert!(locked(lock, "jwt-sim").is_err());
    }
}
