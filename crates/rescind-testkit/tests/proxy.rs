//! What the proxy does to connections in each of its modes.

use std::time::Duration;

use rescind_testkit::proxy::{Mode, Proxy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Long enough for any answer that comes at all, short enough to wait for one that does not.
const SILENCE: Duration = Duration::from_millis(100);

#[tokio::test]
async fn what_passes_arrives_both_ways_and_so_does_its_end() {
    let proxy = in_front_of_an_echo().await;
    let mut client = connect(&proxy).await;
    assert_eq!(echo(&mut client, b"one").await, b"one");
    client.write_all(b"two").await.unwrap();
    client.shutdown().await.unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"two");
}

#[tokio::test]
async fn a_cut_closes_what_is_open_and_refuses_what_is_new_until_it_is_mended() {
    let proxy = in_front_of_an_echo().await;
    let mut client = connect(&proxy).await;
    assert_eq!(echo(&mut client, b"one").await, b"one");
    for _ in 0..2 {
        proxy.set(Mode::Cut).await;
        assert_eq!(client.read(&mut [0; 1]).await.unwrap_or(0), 0);
        assert!(TcpStream::connect(proxy.address()).await.is_err());
        proxy.set(Mode::Pass).await;
        client = connect(&proxy).await;
        assert_eq!(echo(&mut client, b"two").await, b"two");
    }
}

#[tokio::test]
async fn what_hangs_arrives_when_it_passes_again() {
    let proxy = in_front_of_an_echo().await;
    let mut old = connect(&proxy).await;
    assert_eq!(echo(&mut old, b"one").await, b"one");
    proxy.set(Mode::Hang).await;
    let mut new = connect(&proxy).await;
    for client in [&mut old, &mut new] {
        client.write_all(b"two").await.unwrap();
        assert!(tokio::time::timeout(SILENCE, client.read(&mut [0; 1])).await.is_err());
    }
    proxy.set(Mode::Pass).await;
    for client in [&mut old, &mut new] {
        assert_eq!(read(client, 3).await, b"two");
    }
}

#[tokio::test]
async fn what_was_hanging_can_be_cut() {
    let proxy = in_front_of_an_echo().await;
    let mut client = connect(&proxy).await;
    proxy.set(Mode::Hang).await;
    client.write_all(b"one").await.unwrap();
    proxy.set(Mode::Cut).await;
    assert_eq!(client.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_delayed_arrives_so_much_later_each_way() {
    let proxy = in_front_of_an_echo().await;
    let mut client = connect(&proxy).await;
    proxy.set(Mode::Delay(Duration::from_secs(60))).await;
    // Tokio's clock stands still, and jumps to whatever is waited for next.
    let begun = tokio::time::Instant::now();
    assert_eq!(echo(&mut client, b"one").await, b"one");
    assert!(begun.elapsed() >= Duration::from_secs(120));
}

#[tokio::test]
async fn what_is_garbled_is_so_in_one_direction() {
    let proxy = in_front_of_an_echo().await;
    let mut client = connect(&proxy).await;
    // An echo cannot tell the two apart; what the server itself says first can.
    for mode in [Mode::GarbleToServer, Mode::GarbleToClient] {
        proxy.set(mode).await;
        assert_eq!(echo(&mut client, b"abc").await, b"`cb");
    }
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(server.local_addr().unwrap()).await;
    proxy.set(Mode::GarbleToServer).await;
    let mut client = connect(&proxy).await;
    let (mut peer, _) = server.accept().await.unwrap();
    peer.write_all(b"abc").await.unwrap();
    assert_eq!(read(&mut client, 3).await, b"abc");
    client.write_all(b"abc").await.unwrap();
    assert_eq!(read(&mut peer, 3).await, b"`cb");
}

#[tokio::test]
async fn a_target_that_is_not_there_closes_the_connection() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = Proxy::start(gone).await;
    let mut client = connect(&proxy).await;
    assert_eq!(client.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn urls_are_led_through_it_and_dropping_it_cuts() {
    let proxy = Proxy::before_port(9).await;
    let through = proxy.url("postgres://rescind:secret@127.0.0.1:9/test");
    assert_eq!(through, format!("postgres://rescind:secret@{}/test", proxy.address()));
    drop(proxy);

    let proxy = in_front_of_an_echo().await;
    let mut client = connect(&proxy).await;
    assert_eq!(echo(&mut client, b"one").await, b"one");
    drop(proxy);
    assert_eq!(client.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

async fn in_front_of_an_echo() -> Proxy {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(server.local_addr().unwrap()).await;
    tokio::spawn(async move {
        loop {
            let (peer, _) = server.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut from, mut to) = peer.into_split();
                drop(tokio::io::copy(&mut from, &mut to).await);
            });
        }
    });
    proxy
}

async fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.unwrap()
}

async fn echo(client: &mut TcpStream, bytes: &[u8]) -> Vec<u8> {
    client.write_all(bytes).await.unwrap();
    read(client, bytes.len()).await
}

async fn read(client: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    client.read_exact(&mut bytes).await.unwrap();
    bytes
}
