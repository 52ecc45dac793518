//! What the tests' Redis promises to the tests that break it.

use std::time::Duration;

use rescind_testkit::redis::{Redis, RedisOptions, Sentinel};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Long enough for any answer that comes at all, short enough to wait for one that does not.
const SILENCE: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_killed_server_comes_back_empty_on_its_port() {
    let mut redis = Redis::start().await;
    let url = redis.url();
    redis.command(&["SET", "name", "a value"]).await;
    assert_eq!(redis.command(&["GET", "name"]).await, "a value");
    redis.kill().await;
    assert!(TcpStream::connect(("127.0.0.1", redis.port())).await.is_err());
    redis.restart().await;
    assert_eq!(redis.url(), url);
    assert_eq!(redis.command(&["DBSIZE"]).await, "0");
}

#[tokio::test]
async fn a_paused_server_answers_nobody_and_then_goes_on() {
    let redis = Redis::start().await;
    let mut client = TcpStream::connect(("127.0.0.1", redis.port())).await.unwrap();
    redis.pause().await;
    client.write_all(b"PING\r\n").await.unwrap();
    let mut answer = [0; 7];
    let mut reading = Box::pin(client.read_exact(&mut answer));
    assert!(tokio::time::timeout(SILENCE, &mut reading).await.is_err(), "a paused server answers");
    redis.resume();
    reading.await.unwrap();
    assert_eq!(&answer, b"+PONG\r\n");
}

#[tokio::test]
async fn a_password_is_asked_for() {
    let redis = RedisOptions::default().password("only-for-this-test").start().await;
    assert!(redis.url().starts_with("redis://:only-for-this-test@127.0.0.1:"));
    assert_eq!(redis.command(&["PING"]).await, "PONG");
    assert!(ping(redis.port()).await.starts_with("-NOAUTH"));
}

#[tokio::test]
async fn a_server_with_tls_speaks_nothing_else() {
    let redis = RedisOptions::default().tls().start().await;
    assert!(redis.url().starts_with("rediss://127.0.0.1:"));
    assert!(std::fs::read_to_string(redis.ca()).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(redis.command(&["PING"]).await, "PONG");
    assert_ne!(ping(redis.port()).await, "+PONG\r\n");
}

#[tokio::test]
async fn a_full_server_does_what_its_policy_says() {
    let redis = RedisOptions::default().max_memory(1, "noeviction").start().await;
    let refused = redis.try_command(&["SET", "name", "value"]).await.unwrap_err();
    assert!(refused.to_string().starts_with("OOM "), "{refused}");
    redis.command(&["CONFIG", "SET", "maxmemory", "0"]).await;
    redis.command(&["SET", "name", "value"]).await;
}

#[tokio::test]
async fn a_failover_gives_another_master_which_the_killed_one_then_follows() {
    let mut rig = Sentinel::start().await;
    let first = rig.master().await;
    first.command(&["SET", "name", "value"]).await;
    rig.replicated().await;
    for port in rig.sentinel_ports() {
        assert!(rig.url().contains(&format!("127.0.0.1:{port}")), "{}", rig.url());
    }

    let killed = rig.kill_master().await;
    let other = rig.failed_over(killed).await;
    assert_ne!(other, killed);
    assert_eq!(rig.master_port().await, other);
    assert_eq!(rig.master().await.command(&["GET", "name"]).await, "value");

    rig.restart_killed().await;
    rig.complete().await;
    assert_eq!(rig.master_port().await, other);
    let roles = [rig.servers()[0].command(&["ROLE"]).await, rig.servers()[1].command(&["ROLE"]).await];
    assert_eq!(roles.iter().filter(|role| role.starts_with("master")).count(), 1, "{roles:?}");
}

/// What the server says to a stranger without TLS; nothing if it hangs up.
async fn ping(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(b"PING\r\n").await.unwrap();
    let mut bytes = [0; 100];
    let count = stream.read(&mut bytes).await.unwrap_or(0);
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}
