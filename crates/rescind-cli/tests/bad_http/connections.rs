//! Connections that say too much, too little or nonsense.

use rescind_testkit::process::Credentials;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::bench::Bench;
use crate::common_calls::world::sign_in;

/// The size that a body announces is looked at before the body is sent; one that announces none is read no further than to
/// the limit.
#[tokio::test]
async fn a_body_of_100_mb_is_refused_before_it_is_sent() {
    let bench = Bench::new().await;
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let announced = converse(&bench, &format!("{head}Content-Length: 104857600\r\n\r\n")).await;
    assert!(announced.starts_with("HTTP/1.1 413 "), "{announced}");
    assert!(announced.to_lowercase().contains("\r\nconnection: close\r\n"), "{announced}");
    let chunk = format!("{:x}\r\n{}\r\n", 100_000, "a".repeat(100_000));
    let unannounced = converse(&bench, &format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}")).await;
    assert!(unannounced.starts_with("HTTP/1.1 413 "), "{unannounced}");
    let both =
        converse(&bench, &format!("{head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
            .await;
    assert!(!both.starts_with("HTTP/1.1 200"), "{both}");
    let good = converse(&bench, &format!("{head}Content-Length: 2\r\n\r\n{{}}")).await;
    assert!(!good.to_lowercase().contains("connection: close"), "a body that was read ends nothing: {good}");
    bench.api().me(&bench.acme.member.access).await.expect(200);
}

/// Heads that are none, and one that never ends: closed by the server, which answers others meanwhile.
#[tokio::test]
async fn heads_that_are_none_and_one_that_never_ends() {
    let bench = Bench::new().await;
    let mut slow = connect(&bench).await;
    slow.write_all(b"GET /api/v1/auth/me HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.expect("sent");
    for head in [
        "garbage\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /api/v1/auth/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\0b\r\n\r\n",
        "GET /api/v1/auth/me HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    ] {
        let answer = converse(&bench, head).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{head:?}: {answer}");
    }
    bench.api().me(&bench.acme.member.access).await.expect(200);
    let mut rest = Vec::new();
    // Ends when the server has waited long enough; were it to wait for ever, so would this.
    slow.read_to_end(&mut rest).await.expect("closed in order");
    let answer = String::from_utf8_lossy(&rest);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

/// Connections that say nothing hold nobody up.
#[tokio::test]
async fn ten_thousand_idle_connections_hold_nobody_up() {
    let bench = Bench::new().await;
    let mut idle = Vec::new();
    for _ in 0..descriptors(10_000) {
        idle.push(connect(&bench).await);
    }
    let again = sign_in(bench.api(), &bench.acme.member_email, Some(&bench.acme.id), false).await;
    bench.api().me(&again.access).await.expect(200);
    let cut = format!("/api/v1/auth/sessions/{}", again.session);
    bench.api().delete(&cut, Credentials::Bearer(&again.access)).await.expect(204);
    bench.api().me(&again.access).await.refuses(401, "token_revoked");
    drop(idle);
}

/// As many as are wanted, or as this process may have where that is less.
fn descriptors(wanted: u64) -> u64 {
    const OTHERS: u64 = 100;
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("a process may have what it may have");
    limit.current.map_or(wanted, |most| wanted.min(most.saturating_sub(OTHERS)))
}

async fn connect(bench: &Bench) -> TcpStream {
    TcpStream::connect(bench.server.base().trim_start_matches("http://")).await.expect("connected")
}

/// Sends these bytes, and reads what comes until the answer's head is there or the connection ends.
async fn converse(bench: &Bench, bytes: &str) -> String {
    let mut stream = connect(bench).await;
    // The server may close before it has read all.
    let _ = stream.write_all(bytes.as_bytes()).await;
    let (mut answer, mut block) = (Vec::new(), [0; 4096]);
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut block).await {
            Ok(0) | Err(_) => break,
            Ok(count) => answer.extend_from_slice(&block[..count]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}
