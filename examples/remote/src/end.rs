//! When what goes on after its request has to end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rescind::clock::Clock as _;
use rescind::system::SystemClock;
use rescind::token::Expected;
use rescind::verifier::{Refusal, Verifier};
use rescind_tower::Authenticated;

use crate::Lasting;

/// How often it is seen whether the token would still be let in.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Why a stream or a web socket ends.
#[derive(Clone)]
pub(crate) enum End {
    /// The token would not be let in any more: a cut has reached it, or the authority was not heard of for too long to know.
    Refused(Refusal),
    /// The token's time is over.
    Expired,
    /// The service stops.
    Stopping,
}

/// Resolves when it has to. The layer has checked the token when the request came; all that is later is up to this.
pub(crate) fn end(caller: &Authenticated, lasting: Lasting) -> impl Future<Output = End> + Send + use<> {
    let Lasting { verifier, stopping, .. } = lasting;
    let (cut, refused) = (caller.cut(), refused(caller.clone(), verifier));
    let left = caller.expires_at().since(SystemClock.now());
    async move {
        tokio::select! {
            kind = cut => End::Refused(Refusal::Revoked(kind)),
            why = refused => End::Refused(why),
            () = tokio::time::sleep(left) => End::Expired,
            () = stopping => End::Stopping,
        }
    }
}

/// A cut is known at once; that nobody tells of cuts any more is only seen by looking. With `OnStale::Allow` that is no reason to end.
async fn refused(caller: Authenticated, verifier: Arc<Verifier>) -> Refusal {
    let mut looks = tokio::time::interval(LOOK_AGAIN);
    loop {
        looks.tick().await;
        if let Err(refusal) = verifier.verify_again(&caller, Expected::Configured) {
            return refusal;
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(Refusal::Revoked(kind)) => write!(f, "revoked by a {kind} cut"),
            // `stale`, for one, as the layer calls it.
            Self::Refused(refusal) => f.write_str(refusal.code()),
            Self::Expired => f.write_str("expired"),
            Self::Stopping => f.write_str("the service stops"),
        }
    }
}
