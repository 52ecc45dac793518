//! What reads the units. No systemd has to run for it.

use super::{command, debian};
use crate::shell::Outcome;

/// Finds or installs systemd-analyze.
pub(crate) fn ensure() -> Outcome {
    debian::ensure("systemd-analyze", &["systemd"], || command("systemd-analyze", &["--version"]))
}
