//! What the figures were measured on.

use std::fs;
use std::process::Command;

use crate::places::Places;
use crate::shell::{self, Outcome};

/// One line of facts that a reader needs to judge the figures.
pub(crate) fn describe(places: &Places) -> Outcome<String> {
    let cores = std::thread::available_parallelism()?;
    let processor = first("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let memory = first("/proc/meminfo", "MemTotal").unwrap_or_else(|| "unknown".to_owned());
    let rustc = shell::read(Command::new("rustc").arg("--version"))?;
    Ok(format!("{cores} cores of {processor}, memory {memory}, {}, {}", rustc.trim(), commit(places)?))
}

fn commit(places: &Places) -> Outcome<String> {
    let git = |arguments: &[&str]| shell::read(Command::new("git").args(arguments).current_dir(&places.root));
    let head = git(&["show", "--no-patch", "--format=commit %h of %cs", "HEAD"])?;
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Ok(format!("{}{}", head.trim(), if changed { " with uncommitted changes" } else { "" }))
}

/// The first value with this label in a file of `label: value` lines.
fn first(file: &str, label: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(label))?;
    Some(line.trim_start_matches([' ', '\t', ':']).trim().to_owned())
}
