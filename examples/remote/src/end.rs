//! When what goes on after its request has to end.

use std::fmt;

use rescind::clock::Clock as _;
use rescind::ledger::CutKind;
use rescind::system::SystemClock;
use rescind_tower::Authenticated;

use crate::Stopping;

/// Why a stream or a web socket ends.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// A cut has reached the token.
    Revoked(CutKind),
    /// The token's time is over.
    Expired,
    /// The service stops.
    Stopping,
}

/// Resolves when it has to. The layer has checked the token when the request came; all that is later is up to this.
pub(crate) fn end(caller: &Authenticated, stopping: Stopping) -> impl Future<Output = End> + Send + use<> {
    let cut = caller.cut();
    let left = caller.expires_at().since(SystemClock.now());
    async move {
        tokio::select! {
            kind = cut => End::Revoked(kind),
            () = tokio::time::sleep(left) => End::Expired,
            () = stopping => End::Stopping,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revoked(kind) => write!(f, "revoked by a {kind} cut"),
            Self::Expired => f.write_str("expired"),
            Self::Stopping => f.write_str("the service stops"),
        }
    }
}
