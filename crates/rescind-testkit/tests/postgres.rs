//! What the tests' PostgreSQL promises to the tests that break it.

use std::time::Duration;

use rescind_testkit::postgres::{self, Postgres, PostgresOptions};
use tokio_postgres::{Client, NoTls};

/// Long enough for any answer that comes at all, short enough to wait for one that does not.
const SILENCE: Duration = Duration::from_millis(200);

#[tokio::test]
async fn what_was_committed_is_there_after_every_kind_of_end() {
    let mut server = Postgres::start().await;
    let (url, port) = (server.create_database().await, server.port());
    open(&url).await.batch_execute("CREATE TABLE kept (number int)").await.unwrap();

    write(&url, 1).await;
    server.stop_immediate().await;
    server.restart().await;
    write(&url, 2).await;
    // Connected while it is killed: its child must not keep the server from starting again.
    let client = open(&url).await;
    server.kill().await;
    assert!(client.simple_query("SELECT 1").await.is_err());
    server.restart().await;
    write(&url, 3).await;
    server.stop_fast().await;
    server.restart().await;

    assert_eq!(server.port(), port);
    assert_eq!(numbers(&url).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_copy_that_is_put_back_is_older() {
    let mut server = Postgres::start().await;
    let url = server.create_database().await;
    open(&url).await.batch_execute("CREATE TABLE kept (number int)").await.unwrap();
    write(&url, 1).await;
    server.stop_fast().await;
    let backup = server.copy_data().await;
    server.restart().await;
    write(&url, 2).await;
    assert_eq!(numbers(&url).await, [1, 2]);

    // A copy can be put back more than once, also after a crash.
    for _ in 0..2 {
        server.kill().await;
        server.restore_data(&backup).await;
        server.restart().await;
        assert_eq!(numbers(&url).await, [1]);
        write(&url, 3).await;
    }
}

#[tokio::test]
async fn a_paused_server_answers_nobody_and_then_goes_on() {
    let server = PostgresOptions::default().without_fsync().start().await;
    let url = server.url("postgres");
    let client = open(&url).await;

    server.pause().await;
    let mut asked = Box::pin(client.simple_query("SELECT 1"));
    assert!(tokio::time::timeout(SILENCE, &mut asked).await.is_err(), "an open connection is answered");
    let mut connecting = Box::pin(open(&url));
    assert!(tokio::time::timeout(SILENCE, &mut connecting).await.is_err(), "a new connection is answered");

    server.resume();
    asked.await.unwrap();
    connecting.await.simple_query("SELECT 1").await.unwrap();
}

#[tokio::test]
async fn a_paused_server_can_be_killed() {
    let mut server = PostgresOptions::default().without_fsync().start().await;
    server.pause().await;
    server.kill().await;
    server.restart().await;
    open(&server.url("postgres")).await.simple_query("SELECT 1").await.unwrap();
}

#[tokio::test]
async fn databases_are_made_and_dropped_and_the_password_is_asked_for() {
    let server = PostgresOptions::default().without_fsync().start().await;
    let (one, two) = (server.create_database().await, server.create_database().await);
    assert_ne!(one, two);
    let connected = open(&one).await;
    server.drop_database(&one).await;
    assert!(connected.simple_query("SELECT 1").await.is_err());
    assert!(tokio_postgres::connect(&one, NoTls).await.is_err());
    open(&two).await.simple_query("SELECT 1").await.unwrap();

    let wrong = two.replace(server.password(), "wrong");
    assert!(tokio_postgres::connect(&wrong, NoTls).await.is_err());
}

#[tokio::test]
async fn settings_hold_from_the_start_and_can_be_changed_at_a_restart() {
    let mut server = PostgresOptions::default().without_fsync().set("max_connections", "17").start().await;
    assert_eq!(show(&server, "max_connections").await, "17");
    assert_eq!(show(&server, "fsync").await, "off");
    server.stop_fast().await;
    server.restart_with("max_connections", "19").await;
    assert_eq!(show(&server, "max_connections").await, "19");
}

#[tokio::test]
async fn a_server_with_tls_refuses_to_speak_without() {
    let server = PostgresOptions::default().without_fsync().tls().start().await;
    let refused = tokio_postgres::connect(&server.url("postgres"), NoTls).await.err().unwrap();
    assert!(
        refused.as_db_error().is_some_and(|error| error.message().contains("no encryption")),
        "{refused}"
    );
    assert_eq!(show(&server, "ssl").await, "on");
    let authority = std::fs::read_to_string(server.ca()).unwrap();
    assert!(authority.starts_with("-----BEGIN CERTIFICATE-----"));
}

#[tokio::test]
async fn tests_that_share_a_server_do_not_see_each_others_tables() {
    let (one, two) = (postgres::shared_database().await, postgres::shared_database().await);
    for database in [&one, &two] {
        open(database.url()).await.batch_execute("CREATE TABLE kept (number int)").await.unwrap();
    }
    write(one.url(), 1).await;
    assert_eq!(numbers(one.url()).await, [1]);
    assert!(numbers(two.url()).await.is_empty());

    let client = two.connect().await;
    let schema = one.name().to_owned();
    drop(one);
    let count = "SELECT count(*) FROM information_schema.schemata WHERE schema_name = $1";
    let left: i64 = client.query_one(count, &[&schema]).await.unwrap().get(0);
    assert_eq!(left, 0, "a schema is dropped with its value");
}

#[tokio::test]
async fn a_database_of_a_tests_own_has_its_own_advisory_locks() {
    let (one, two) = (postgres::own_database().await, postgres::own_database().await);
    let (first, second, third) = (one.connect().await, one.connect().await, two.connect().await);
    for (client, expected) in [(&first, true), (&second, false), (&third, true)] {
        let got: bool = client.query_one("SELECT pg_try_advisory_lock(1)", &[]).await.unwrap().get(0);
        assert_eq!(got, expected);
    }
    let url = one.url().to_owned();
    drop(one);
    assert!(tokio_postgres::connect(&url, NoTls).await.is_err(), "a database is dropped with its value");
}

async fn open(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn write(url: &str, number: i32) {
    open(url).await.execute("INSERT INTO kept VALUES ($1)", &[&number]).await.unwrap();
}

async fn numbers(url: &str) -> Vec<i32> {
    let rows = open(url).await.query("SELECT number FROM kept ORDER BY 1", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn show(server: &Postgres, setting: &str) -> String {
    let client = server.connect("postgres").await;
    client.query_one(&format!("SHOW {setting}"), &[]).await.unwrap().get(0)
}
