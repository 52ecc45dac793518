//! A stream that ends when its token dies.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};
use rescind::clock::Clock as _;
use rescind::system::SystemClock;
use rescind_tower::Authenticated;

use crate::Stopping;

/// Server-Sent Events for as long as the caller's token is good. The last one, `end`, says why there are no more.
pub(crate) async fn events(
    State(stopping): State<Stopping>,
    caller: Authenticated,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let end = end(&caller, stopping).shared();
    let ticks = stream::unfold(tokio::time::interval(Duration::from_secs(1)), async |mut ticks| {
        ticks.tick().await;
        Some((Event::default().event("tick"), ticks))
    });
    let last = end.clone().map(|why| Event::default().event("end").data(why));
    Sse::new(ticks.take_until(end).chain(last.into_stream()).map(Ok))
}

/// Resolves when the stream has to end. The layer has checked the token when the request came; all that is later is up to this.
fn end(caller: &Authenticated, stopping: Stopping) -> impl Future<Output = String> + use<> {
    let cut = caller.cut();
    let left = caller.expires_at().since(SystemClock.now());
    async move {
        tokio::select! {
            kind = cut => format!("revoked by a {kind} cut"),
            () = tokio::time::sleep(left) => "expired".to_owned(),
            () = stopping => "the service stops".to_owned(),
        }
    }
}
