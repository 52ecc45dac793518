//! A reader that does not read.

use base64::Engine as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use rescind_testkit::process::Client;

use super::cuts::ledger;
use super::events::{connected, until_connected};
use super::flood::{flood, many};
use super::reader::{BEGINNING, EVENTS, Events, soon};
use super::support::{Desk, House};

/// Asks for everything, with next to no room for it.
async fn ask(desk: &Desk, client: &Client) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let address = desk.api.base().trim_start_matches("http://").parse().expect("an address");
    let mut stream = socket.connect(address).await.expect("a connection");
    let pair = format!("{}:{}", client.id, client.secret);
    let basic = base64::engine::general_purpose::STANDARD.encode(pair);
    let head =
        format!("GET {EVENTS}?after={BEGINNING} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("a request");
    soon(stream.readable()).await.expect("readable");
    stream
}

const MARKS: usize = 600;

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_takes_nothing_is_cut_off_while_others_go_on() {
    let House { server, desk } = House::open(&[]).await;
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    flood(&server, MARKS).await;
    let mut good = Events::after(&desk.api, &client, BEGINNING).await;
    let mut stuck = ask(&desk, &client).await;
    assert_eq!(connected(&desk).await, 2);
    assert_eq!(good.until_caught_up(MARKS).await.len(), MARKS);

    until_connected(&desk, 1).await;
    let mut got = Vec::new();
    // However it ends, it does: what was not sent by then does not come.
    let _ = soon(stuck.read_to_end(&mut got)).await;
    assert!(got.len() < MARKS * 20_000, "{} bytes were kept for it", got.len());
    many(&desk, "later-", 3).await;
    assert_eq!(good.revocations(3).await.last().map(|event| event.seq()), Some(603));
    assert_eq!(ledger(&desk).await.len(), MARKS + 3);
}
