//! Whether a server answers, and is ready.

use std::net::SocketAddr;
use std::time::Duration;

use super::Finding;
use crate::probe;

const PATIENCE: Duration = Duration::from_secs(2);

/// What the body of `/readyz` says of a store that takes no writes.
const REFUSED: &[u8] = br#""writes":"refused""#;

pub(super) fn check(listen: SocketAddr) -> Finding {
    match probe::ask(listen, "/readyz", PATIENCE) {
        Err(_) => Finding::ok("server", format!("none answers on {listen}")),
        Ok(answer) => match answer.status() {
            Some(200) if answer.says(REFUSED) => Finding::wrong(
                "server",
                format!("the one on {listen} checks tokens, and its store takes no writes"),
                "make room on the database's disk, or make the database writable again; its log says which",
            ),
            Some(200) => Finding::ok("server", format!("the one on {listen} is ready")),
            Some(503) => Finding::wrong(
                "server",
                format!("the one on {listen} is not ready"),
                "its log says why: the store does not answer, or the clock is off",
            ),
            _ => Finding::warning(
                "server",
                format!("what answers on {listen} is not Rescind"),
                "stop it, or have Rescind listen elsewhere: --listen or RESCIND_LISTEN",
            ),
        },
    }
}
