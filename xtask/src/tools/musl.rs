//! What a static program is linked with: the C library musl, which brings no parts of its own to be loaded at run time.

use std::path::Path;
use std::process::Command;

use super::{command, debian};
use crate::shell::{self, Failure, Outcome};

/// The C compiler for this target, by name. Where musl is the system's own C library, whatever the system has.
pub(crate) const fn c_compiler() -> Option<&'static str> {
    if cfg!(target_env = "musl") { None } else { Some("musl-gcc") }
}

/// Finds or installs the C compiler, and Rust's standard library for `target`.
pub(crate) fn ensure(target: &str) -> Outcome {
    if let Some(compiler) = c_compiler() {
        debian::ensure(compiler, &["musl-tools"], || command(compiler, &["--version"]))?;
    }
    if has_std(target)? {
        return Ok(());
    }
    println!("Rust's standard library for {target} is missing: rustup target add {target}");
    shell::run(Command::new("rustup").args(["target", "add", target]))?;
    if has_std(target)? { Ok(()) } else { Err(Failure::new(format!("there is still no std for {target}"))) }
}

fn has_std(target: &str) -> Outcome<bool> {
    let place = shell::read(Command::new("rustc").args(["--print", "target-libdir", "--target", target]))?;
    Ok(Path::new(place.trim()).is_dir())
}
