//! The program, linked so that it needs nothing of the machine but its kernel.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::places::Places;
use crate::shell::{self, Failure, Outcome, cargo};
use crate::tools::musl;

/// What Cargo has made.
pub(super) struct Program {
    path: PathBuf,
    crates: BTreeSet<String>,
}

impl Program {
    /// Compiles it, with the versions of the lock file.
    pub(super) fn build(places: &Places, target: &str) -> Outcome<Self> {
        let mut command = cargo();
        command
            .args(["build", "--release", "--locked", "--package", "rescind-cli", "--bin", "rescind"])
            .args(["--target", target, "--message-format", "json-render-diagnostics"]);
        let homes = homes(places)?;
        // Not by RUSTFLAGS, which cannot hold a path with a space.
        command.env("CARGO_ENCODED_RUSTFLAGS", rust_flags(&homes).join("\u{1f}"));
        let target = target.replace('-', "_");
        command.env(format!("CFLAGS_{target}"), c_flags(&homes).join(" "));
        if let Some(compiler) = musl::c_compiler() {
            command.env(format!("CC_{target}"), compiler);
        }
        Self::made(&shell::read_beside(&mut command)?)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Cargo's ids of all packages of which something was compiled.
    pub(super) const fn crates(&self) -> &BTreeSet<String> {
        &self.crates
    }

    /// That nothing has to be loaded to run it.
    pub(super) fn must_be_static(&self) -> Outcome {
        let headers = shell::read(
            Command::new("readelf")
                .args(["--wide", "--program-headers", "--dynamic"])
                .arg(&self.path)
                .env("LC_ALL", "C"),
        )?;
        let loads = loads(&headers)?;
        if loads.is_empty() {
            println!("{} needs no other file", self.path.display());
            return Ok(());
        }
        Err(Failure::new(format!("{} is not static:\n{}", self.path.display(), loads.join("\n"))))
    }

    /// Reads Cargo's messages, one to a line.
    fn made(messages: &str) -> Outcome<Self> {
        let mut crates = BTreeSet::new();
        let mut path = None;
        for line in messages.lines() {
            let message: Value = serde_json::from_str(line)
                .map_err(|error| Failure::new(format!("cargo build prints `{line}`: {error}")))?;
            if message["reason"] == "compiler-artifact" {
                crates.extend(message["package_id"].as_str().map(str::to_owned));
                path = message["executable"].as_str().map(PathBuf::from).or(path);
            }
        }
        let path = path.ok_or_else(|| Failure::new("cargo build made no program"))?;
        Ok(Self { path, crates })
    }
}

/// What of this machine would be in the program otherwise, and the names that take its place. The last one that fits counts.
fn homes(places: &Places) -> Outcome<[(String, &'static str); 3]> {
    let cargo_home =
        std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| home + "/.cargo"));
    let cargo_home = cargo_home.map_err(|_| Failure::new("neither CARGO_HOME nor HOME is set"))?;
    let shown = |path: &Path| path.display().to_string();
    Ok([(cargo_home, "/cargo"), (shown(&places.root), "/rescind"), (shown(&places.target), "/target")])
}

fn rust_flags(homes: &[(String, &str)]) -> Vec<String> {
    let renamed = homes.iter().map(|(from, to)| format!("--remap-path-prefix={from}={to}"));
    ["-Ctarget-feature=+crt-static".to_owned()].into_iter().chain(renamed).collect()
}

fn c_flags(homes: &[(String, &str)]) -> Vec<String> {
    homes.iter().map(|(from, to)| format!("-ffile-prefix-map={from}={to}")).collect()
}

/// The lines of readelf that tell of a loader or of a library.
fn loads(headers: &str) -> Outcome<Vec<&str>> {
    if !headers.contains("Program Headers:") {
        return Err(Failure::new("readelf tells of no program headers"));
    }
    let tells = |line: &&str| {
        let mut words = line.split_whitespace();
        words.next() == Some("INTERP") || words.next() == Some("(NEEDED)")
    };
    Ok(headers.lines().filter(tells).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As readelf 2.40 prints them.
    const STATIC: &str = "
Program Headers:
  Type           Offset   VirtAddr           PhysAddr           FileSiz  MemSiz   Flg Align
  LOAD           0x000000 0x0000000000000000 0x0000000000000000 0x0a0 0x0a0 R   0x1000
  DYNAMIC        0x02f5b0 0x00000000000305b0 0x00000000000305b0 0x1b0 0x1b0 RW  0x8

Dynamic section at offset 0x2f5b0 contains 23 entries:
  Tag        Type                         Name/Value
 0x000000000000000c (INIT)               0x4000
";
    const LOADER: &str =
        "  INTERP         0x000318 0x0000000000000318 0x0000000000000318 0x01c 0x01c R   0x1";
    const LIBRARY: &str = " 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]";

    #[test]
    fn a_loader_and_a_library_are_seen() {
        assert!(loads(STATIC).expect("headers").is_empty());
        for line in [LOADER, LIBRARY] {
            assert_eq!(loads(&format!("{STATIC}{line}\n")).expect("headers"), [line]);
        }
        assert!(loads("readelf: Error: Not an ELF file").is_err());
    }

    /// This test is a program of the system's, which is not static.
    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn a_program_that_needs_libraries_is_refused() {
        let path = std::env::current_exe().expect("a path");
        let failure = Program { path, crates: BTreeSet::new() }.must_be_static().expect_err("not static");
        assert!(failure.to_string().contains("libc.so.6"), "{failure}");
    }

    #[test]
    fn the_program_and_all_packages_are_read_from_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","package_id":"x#a@1.0.0","executable":null}
{"reason":"build-script-executed","package_id":"x#a@1.0.0"}
{"reason":"compiler-artifact","package_id":"y#b@1.0.0","executable":"/t/rescind"}
{"reason":"build-finished","success":true}"#;
        let program = Program::made(messages).expect("a program");
        assert_eq!(program.path(), Path::new("/t/rescind"));
        assert_eq!(program.crates().iter().collect::<Vec<_>>(), ["x#a@1.0.0", "y#b@1.0.0"]);
        assert!(Program::made(messages.lines().next().expect("one")).is_err());
        assert!(Program::made("nonsense").is_err());
    }
}
