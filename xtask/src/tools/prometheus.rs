//! What checks the alerts in `deploy/prometheus`. Prometheus itself is not started.

use super::{command, debian};
use crate::shell::Outcome;

/// Finds or installs promtool.
pub(crate) fn ensure() -> Outcome {
    debian::ensure("promtool", &["prometheus"], || command("promtool", &["--version"]))
}
