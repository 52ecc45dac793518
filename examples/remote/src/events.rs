//! A stream that ends when its token dies, or when nobody can tell any more.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};
use rescind_tower::Authenticated;

use crate::Lasting;
use crate::end::end;

/// Server-Sent Events for as long as the caller's token is good. The last one, `end`, says why there are no more.
pub(crate) async fn events(
    State(lasting): State<Lasting>,
    caller: Authenticated,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let end = end(&caller, lasting).shared();
    let ticks = stream::unfold(tokio::time::interval(Duration::from_secs(1)), async |mut ticks| {
        ticks.tick().await;
        Some((Event::default().event("tick"), ticks))
    });
    let last = end.clone().map(|why| Event::default().event("end").data(why.to_string()));
    Sse::new(ticks.take_until(end).chain(last.into_stream()).map(Ok))
}
