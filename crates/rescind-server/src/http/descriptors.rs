//! How many file descriptors there are.

use rustix::process::{Resource, getrlimit, setrlimit};

/// What the store, the log and the listener need besides connections.
const RESERVE: u64 = 256;

/// Raises the process's limit as far as it may, and says how many connections fit, `wanted` at most: without
/// descriptors left, the store could not open its files.
pub(super) fn connections(wanted: usize) -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::debug!(%error, "the limit of open files stays as it is");
            limit = getrlimit(Resource::Nofile);
        }
    }
    let Some(descriptors) = limit.current else { return wanted };
    let room = descriptors.saturating_sub(RESERVE).max(descriptors / 2);
    wanted.min(usize::try_from(room).unwrap_or(usize::MAX))
}
