//! Web sockets are checked when they are opened, and nothing else is upgraded.

use reqwest::RequestBuilder;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::rig::Rig;

#[tokio::test]
async fn a_socket_is_opened_for_whoever_has_a_good_token() {
    let rig = Rig::open().await;
    let front = &rig.front;
    let pair = rig.session().await;
    let opened = front.api.stream(upgrade(front.get("/socket/7", &pair.access), "websocket")).await;
    let opened = opened.expect("an answer");
    assert_eq!(opened.status(), 101);
    let mut socket = opened.upgrade().await.expect("a socket");
    socket.write_all(b"hello").await.expect("it is open");
    let mut heard = [0; 5];
    socket.read_exact(&mut heard).await.expect("it is open");
    assert_eq!(&heard, b"hello");
    let seen = front.backend.take();
    assert_eq!(seen[0].header("x-auth-session"), pair.session);

    rig.desk().api.logout(&pair.refresh).await.expect(204);
    front.refuses(upgrade(front.get("/socket/7", &pair.access), "websocket"), 401).await;
}

/// What is said after an upgrade to HTTP/2 would be checked by nobody.
#[tokio::test]
async fn nothing_else_is_upgraded() {
    let rig = Rig::open().await;
    let front = &rig.front;
    let pair = rig.session().await;
    for (path, to) in [("/socket/7", "h2c"), ("/socket/7", "h2c, websocket"), ("/orders/7", "websocket")] {
        let seen = front.passes(upgrade(front.get(path, &pair.access), to)).await;
        assert_eq!((seen.header("upgrade"), seen.header("connection")), ("", ""), "{path}: {to}");
    }
}

fn upgrade(request: RequestBuilder, to: &str) -> RequestBuilder {
    request.header("connection", "upgrade").header("upgrade", to)
}
