//! A web socket that ends when its token dies, or when nobody can tell any more.

use std::time::Duration;

use axum::Error;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use rescind::verifier::Refusal;
use rescind_tower::Authenticated;
use tokio::time::{sleep, timeout};

use crate::Lasting;
use crate::end::{End, end};

/// The longest message that is taken, in bytes.
const LONGEST: usize = 64 * 1024;

/// For how long a caller may keep the end of a socket waiting.
const FAREWELL: Duration = Duration::from_secs(5);

/// For how long a caller who broke the rules may read which.
const LINGER: Duration = Duration::from_secs(1);

/// A web socket (RFC 6455) for as long as the caller's token is good. Nobody else has come as far as this: the layer refuses before there
/// is a socket.
pub(crate) async fn open(
    State(lasting): State<Lasting>,
    caller: Authenticated,
    upgrade: WebSocketUpgrade,
) -> Response {
    let waited_for = lasting.sockets.token();
    let end = end(&caller, lasting);
    // Of the frame too, which begins with its length: nothing is kept of one that is too long.
    upgrade.max_message_size(LONGEST).max_frame_size(LONGEST).on_upgrade(async move |mut socket| {
        serve(&mut socket, &caller, end).await;
        drop(waited_for);
    })
}

async fn serve(socket: &mut WebSocket, caller: &Authenticated, end: impl Future<Output = End>) {
    let outcome = tokio::select! {
        biased;
        end = end => Ok(end),
        // All of it and not just what comes in: a caller who reads nothing must not hold the end up.
        said = converse(socket, caller) => match said {
            Ok(()) => return,
            Err(error) => Err(error),
        },
    };
    // Whoever does not listen to the end any more is let go of.
    let _ = match outcome {
        Ok(end) => timeout(FAREWELL, close(socket, end)).await,
        Err(error) => timeout(FAREWELL, rebuke(socket, &error)).await,
    };
}

/// Says back what it is told, until the caller has gone.
async fn converse(socket: &mut WebSocket, caller: &Authenticated) -> Result<(), Error> {
    let name = caller.email().unwrap_or("nobody");
    while let Some(message) = socket.recv().await {
        if let Message::Text(text) = message? {
            socket.send(Message::Text(format!("{name}: {text}").into())).await?;
        }
    }
    Ok(())
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
    socket.send(last(code, end.to_string())).await?;
    while socket.recv().await.transpose()?.is_some() {}
    Ok(())
}

/// Says which rule the caller broke (RFC 6455 §7.4.1). axum reads nothing after that, not even that it was heard; so the connection just
/// stays for a moment.
async fn rebuke(socket: &mut WebSocket, error: &Error) -> Result<(), Error> {
    // The type of the error is that of the library below axum, and no part of axum's interface; its text is left to tell by.
    let (code, reason) = match error.to_string() {
        text if text.starts_with("UTF-8 ") => (close_code::INVALID, "a text that is not UTF-8"),
        text if text.starts_with("Space limit ") => (close_code::SIZE, "longer than is taken"),
        _ => (close_code::PROTOCOL, "no web socket's frame"),
    };
    socket.send(last(code, reason.to_owned())).await?;
    sleep(LINGER).await;
    Ok(())
}

fn last(code: u16, reason: String) -> Message {
    Message::Close(Some(CloseFrame { code, reason: reason.into() }))
}
