//! The web socket of `examples/remote`, over a real connection.

use futures_util::{SinkExt as _, StreamExt as _};
use http::Response;
use http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use rescind_testkit::process::Program;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::desk::{Cut, end, open, session};
use super::remote::{LIMIT, NAME, REVOKED, forgetting_soon, ready, refused};
use super::service::command;
use super::support::{House, Pair, claims};

#[tokio::test]
async fn a_web_socket_ends_when_its_session_does_and_no_other_does() {
    let House { server: _server, desk } = House::open(&[]).await;
    let service = ready(command(NAME, &desk).await).await;
    let (dead, good) = (session(&desk).await, session(&desk).await);
    let (mut ending, mut going_on) = (Socket::of(&service, &dead).await, Socket::of(&service, &good).await);
    ending.is_answered(&dead).await;
    going_on.is_answered(&good).await;
    end(&desk, &dead).await;
    assert_eq!(ending.end().await, (CloseCode::Policy, "revoked by a session cut".to_owned()));
    going_on.is_answered(&good).await;
}

/// The caller says nothing, and hears nothing, before.
#[tokio::test]
async fn whatever_reaches_its_token_ends_a_web_socket() {
    let House { server: _server, desk } = House::open(&[]).await;
    let service = ready(command(NAME, &desk).await).await;
    let tenant = desk.new_tenant().await;
    let pair = open(&desk, &desk.operator, json!({"tenant_id": tenant})).await;
    let user = claims(&pair.access)["user_id"].as_str().expect("an id").to_owned();
    for (pair, path, kind) in [
        (session(&desk).await, None, "token"),
        (pair.clone(), Some(format!("/api/v1/admin/users/{user}/revoke-all")), "user"),
        (
            open(&desk, &desk.operator, json!({"tenant_id": tenant})).await,
            Some(format!("/api/v1/admin/tenants/{tenant}/revoke-all")),
            "tenant",
        ),
    ] {
        let socket = Socket::of(&service, &pair).await;
        let cut = path.map_or_else(|| Cut::Entry(json!({"token": pair.access})), Cut::Order);
        cut.make(&desk).await;
        assert_eq!(socket.end().await, (CloseCode::Policy, format!("revoked by a {kind} cut")));
    }
}

/// A check allows for clocks that differ; what goes on after it does not.
#[tokio::test]
async fn a_web_socket_ends_when_its_token_expires() {
    let House { server: _server, desk } = House::open(&[("RESCIND_ACCESS_TTL", "1s")]).await;
    let service = ready(command(NAME, &desk).await).await;
    let socket = Socket::of(&service, &session(&desk).await).await;
    assert_eq!(socket.end().await, (CloseCode::Policy, "expired".to_owned()));
}

/// As the layer says 503 to whoever comes anew.
#[tokio::test]
async fn a_web_socket_ends_when_nobody_can_tell_what_is_revoked() {
    let House { mut server, desk } = House::open(&[]).await;
    let service = ready(forgetting_soon(command(NAME, &desk).await)).await;
    let good = session(&desk).await;
    let mut socket = Socket::of(&service, &good).await;
    server.kill9().await;
    socket.is_answered(&good).await;
    assert_eq!(socket.end().await, (CloseCode::Again, "stale".to_owned()));
}

/// By the codes of RFC 6455 §7.4.1.
#[tokio::test]
async fn whoever_breaks_the_rules_of_a_web_socket_is_told_which() {
    let House { server: _server, desk } = House::open(&[]).await;
    let service = ready(command(NAME, &desk).await).await;
    let good = session(&desk).await;
    let too_long = [&[0x81, 0xff][..], &(64 * 1024 + 1_u64).to_be_bytes(), &MASK].concat();
    let text = |bytes: &[u8]| [&[0x81, 0x81][..], &MASK, bytes].concat();
    for (what, frame, code) in [
        ("not masked", vec![0x81, 0x01, b'x'], CloseCode::Protocol),
        ("a reserved bit", [&[0xc1, 0x81][..], &MASK, b"x"].concat(), CloseCode::Protocol),
        ("a reserved opcode", [&[0x83, 0x81][..], &MASK, b"x"].concat(), CloseCode::Protocol),
        ("not UTF-8", text(&[0xff]), CloseCode::Invalid),
        // No more of it than its length.
        ("too long", too_long, CloseCode::Size),
    ] {
        let mut socket = Socket::of(&service, &good).await;
        socket.is_answered(&good).await;
        socket.0.get_mut().write_all(&frame).await.expect("it is sent");
        assert_eq!(socket.end().await.0, code, "{what}");
    }
}

/// The server itself does not wait for what is no HTTP any more.
#[tokio::test]
async fn a_service_that_stops_says_so_to_its_web_sockets() {
    let House { server: _server, desk } = House::open(&[]).await;
    let mut service = ready(command(NAME, &desk).await).await;
    let good = session(&desk).await;
    let mut socket = Socket::of(&service, &good).await;
    socket.is_answered(&good).await;
    let (status, last) = tokio::join!(service.terminate(), socket.end());
    assert_eq!(last, (CloseCode::Away, "the service stops".to_owned()));
    assert!(status.success(), "{status:?}: {}", service.output().text());
}

/// By the answers of RFC 6750 §3, and nothing is upgraded.
#[tokio::test]
async fn without_a_good_token_there_is_no_web_socket() {
    let House { server: _server, desk } = House::open(&[]).await;
    let service = ready(command(NAME, &desk).await).await;
    let dead = session(&desk).await;
    end(&desk, &dead).await;
    refused(&service, &dead).await;
    let invalid = r#"Bearer realm="rescind", error="invalid_token", error_description="invalid_token""#;
    for (token, challenge) in [
        (None, r#"Bearer realm="rescind""#),
        (Some("a.b.c"), invalid),
        (Some(&*dead.refresh), invalid),
        (Some(&*dead.access), REVOKED),
    ] {
        let answer = Socket::open(&service, token).await.expect_err("no socket");
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()[WWW_AUTHENTICATE], challenge);
        assert!(!answer.headers().contains_key("sec-websocket-accept"), "{answer:?}");
    }
}

/// By which nothing is changed.
const MASK: [u8; 4] = [0; 4];

#[derive(Debug)]
struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// `GET /ws`, or what was answered instead of an upgrade.
    async fn open(service: &Program, token: Option<&str>) -> Result<Self, Box<Response<Option<Vec<u8>>>>> {
        let address = service.api().base().strip_prefix("http://").expect("a URL");
        let mut request = format!("ws://{address}/ws").into_client_request().expect("a request");
        if let Some(token) = token {
            let bearer = HeaderValue::from_str(&format!("Bearer {token}")).expect("a header");
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
        let stream = TcpStream::connect(address).await.expect("it listens");
        match client_async(request, stream).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(answer)) => Err(answer),
            Err(other) => panic!("no answer: {other}"),
        }
    }

    async fn of(service: &Program, pair: &Pair) -> Self {
        Self::open(service, Some(&pair.access)).await.expect("a socket")
    }

    /// There and back: the other end knows who it talks to.
    async fn is_answered(&mut self, pair: &Pair) {
        self.0.send("hello".into()).await.expect("it is sent");
        let claims = claims(&pair.access);
        let answer = format!("{}: hello", claims["email"].as_str().expect("an email"));
        assert_eq!(self.next().await, Some(Message::Text(answer.into())));
    }

    /// The code and the reason of the Close frame, after which the connection ends in order.
    async fn end(mut self) -> (CloseCode, String) {
        let next = self.next().await;
        let Some(Message::Close(Some(frame))) = next else { panic!("it says {next:?}") };
        assert_eq!(self.next().await, None);
        (frame.code, frame.reason.to_string())
    }

    async fn next(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(LIMIT, self.0.next()).await.expect("it goes on or ends");
        next.transpose().expect("it ends in order")
    }
}
