//! A web socket that ends when its token dies, or when nobody can tell any more.

use std::time::Duration;

use axum::Error;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use rescind::verifier::Refusal;
use rescind_tower::Authenticated;
use tokio::time::timeout;

use crate::Lasting;
use crate::end::{End, end};

/// The longest message that is taken, in bytes.
const LONGEST: usize = 64 * 1024;

/// For how long a caller may keep the end of a socket waiting.
const FAREWELL: Duration = Duration::from_secs(5);

/// A web socket (RFC 6455) for as long as the caller's token is good. Nobody else has come as far as this: the layer refuses before there
/// is a socket.
pub(crate) async fn open(
    State(lasting): State<Lasting>,
    caller: Authenticated,
    upgrade: WebSocketUpgrade,
) -> Response {
    let waited_for = lasting.sockets.token();
    let end = end(&caller, lasting);
    upgrade.max_message_size(LONGEST).on_upgrade(async move |mut socket| {
        serve(&mut socket, &caller, end).await;
        drop(waited_for);
    })
}

async fn serve(socket: &mut WebSocket, caller: &Authenticated, end: impl Future<Output = End>) {
    let end = tokio::select! {
        biased;
        end = end => end,
        // All of it and not just what comes in: a caller who reads nothing must not hold the end up.
        () = converse(socket, caller) => return,
    };
    // Whoever does not listen to the end any more is let go of.
    let _ = timeout(FAREWELL, close(socket, end)).await;
}

/// Says back what it is told, until the caller has gone.
async fn converse(socket: &mut WebSocket, caller: &Authenticated) {
    let name = caller.email().unwrap_or("nobody");
    while let Some(Ok(message)) = socket.recv().await {
        if let Message::Text(text) = message
            && socket.send(Message::Text(format!("{name}: {text}").into())).await.is_err()
        {
            return;
        }
    }
}

/// Says why there is no more, and waits for the caller to say the same (RFC 6455 §7.1.2): a connection that is dropped at once may take
/// the reason along.
async fn close(socket: &mut WebSocket, end: End) -> Result<(), Error> {
    let code = match end {
        // The token is not to blame: the caller may come again.
        End::Refused(Refusal::Stale | Refusal::NotReady) => close_code::AGAIN,
        End::Refused(_) | End::Expired => close_code::POLICY,
        End::Stopping => close_code::AWAY,
    };
    socket.send(Message::Close(Some(CloseFrame { code, reason: end.to_string().into() }))).await?;
    while socket.recv().await.transpose()?.is_some() {}
    Ok(())
}
