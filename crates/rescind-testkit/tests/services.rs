//! The services that a run of tests shares, and that nothing of them is left behind.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rescind_testkit::postgres::SHARED;
use tokio_postgres::{Client, NoTls};

#[tokio::test]
async fn they_run_until_their_input_ends() {
    let (mut services, url) = start();
    let client = open(&url).await;
    drop(services.stdin.take());
    assert!(services.wait().unwrap().success());
    assert!(client.simple_query("SELECT 1").await.is_err());
    assert!(tokio_postgres::connect(&url, NoTls).await.is_err());
}

#[tokio::test]
async fn nothing_is_left_when_they_are_killed() {
    let (mut services, url) = start();
    let client = open(&url).await;
    let data: String = client.query_one("SHOW data_directory", &[]).await.unwrap().get(0);
    services.kill().unwrap();
    services.wait().unwrap();
    // Ends with the test's patience if it does not happen.
    while std::path::Path::new(&data).parent().unwrap().exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(client.simple_query("SELECT 1").await.is_err());
}

fn start() -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_services"));
    let mut services = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(services.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.next().unwrap();
    assert_eq!(lines.next().unwrap(), "");
    (services, line.strip_prefix(&format!("{SHARED}=")).unwrap().to_owned())
}

async fn open(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
