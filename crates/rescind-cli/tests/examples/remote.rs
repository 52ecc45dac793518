//! `examples/remote`: axum, with a verifier in the service's own process.

use std::time::Duration;

use reqwest::Method;
use rescind_testkit::process::{Credentials, Program, Reply};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::time::timeout;

use super::desk::{cuts, end, feed_client, open, session};
use super::service::{command, command_of, start};
use super::support::{House, Pair, claims, until};

pub(crate) const NAME: &str = "rescind-example-remote";

/// Longer than anything here takes on the slowest machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// The head of a request that does not go on.
const UNFINISHED: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: ";

/// What RFC 6750 §3 says of a token that is no good, and the code why.
pub(crate) const REVOKED: &str =
    r#"Bearer realm="rescind", error="invalid_token", error_description="token_revoked""#;

#[tokio::test]
async fn what_is_revoked_is_refused_whatever_the_kind() {
    let House { server: _server, desk } = House::open(&[]).await;
    let service = ready(command(NAME, &desk).await).await;
    let bystander = session(&desk).await;
    for (pair, cut) in cuts(&desk).await {
        me(&service, &pair).await.expect(200);
        me(&service, &bystander).await.expect(200);
        cut.make(&desk).await;
        let answer = refused(&service, &pair).await;
        assert_eq!((answer.code(), answer.header("www-authenticate")), ("token_revoked", REVOKED));
    }
    refused(&service, &bystander).await;
}

#[tokio::test]
async fn each_route_turns_away_whom_it_is_not_for() {
    let House { server: _server, desk } = House::open(&[]).await;
    let service = ready(command(NAME, &desk).await).await;
    let member = session(&desk).await;
    let admin = open(&desk, &desk.operator, json!({"role": "admin"})).await;
    let elsewhere = open(&desk, &desk.operator, json!({"audience": "https://another.example"})).await;
    let call = async |method: Method, path: &str, pair: &Pair| {
        service.api().send(method, path, Credentials::Bearer(&pair.access), None).await
    };
    let anonymous =
        service.api().get("/me", Credentials::Nobody).await.refuses(401, "authentication_required");
    assert_eq!(anonymous.header("www-authenticate"), r#"Bearer realm="rescind""#);
    call(Method::GET, "/me", &elsewhere).await.refuses(401, "invalid_token");
    service.api().get("/me", Credentials::Bearer(&member.refresh)).await.refuses(401, "invalid_token");
    let (ours, theirs) = (desk.tenant.clone(), desk.new_tenant().await);
    let note = |tenant: &str| format!("/tenants/{tenant}/notes/7");
    call(Method::DELETE, &note(&ours), &member).await.refuses(403, "forbidden");
    call(Method::DELETE, &note(&theirs), &admin).await.refuses(404, "not_found");
    assert_eq!(call(Method::DELETE, &note(&ours), &admin).await.expect(200).body, "7 is deleted");

    let stranger = open(&desk, &desk.operator, json!({"tenant_id": theirs})).await;
    let notes = call(Method::GET, &format!("/tenants/{ours}/notes"), &member).await.expect(200);
    assert_eq!(
        notes.body,
        format!("the notes of {}", claims(&member.access)["email"].as_str().expect("an email"))
    );
    call(Method::GET, &format!("/tenants/{ours}/notes"), &stranger).await.refuses(404, "not_found");
    call(Method::GET, &format!("/tenants/{theirs}/notes"), &member).await.refuses(404, "not_found");
    call(Method::GET, &format!("/tenants/{theirs}/notes"), &stranger).await.expect(200);
}

#[tokio::test]
async fn a_stream_ends_when_its_token_is_revoked_and_no_other_does() {
    let House { server: _server, desk } = House::open(&[]).await;
    let service = ready(command(NAME, &desk).await).await;
    let (dead, good) = (session(&desk).await, session(&desk).await);
    let (mut ending, mut going_on) =
        (Stream::open(&service, &dead).await, Stream::open(&service, &good).await);
    assert_eq!(ending.next().await.as_deref(), Some("event: tick"));
    end(&desk, &dead).await;
    assert_eq!(ending.last().await, "event: end\ndata: revoked by a session cut");
    // There is one every second, and at once at first.
    for _ in 0..3 {
        assert_eq!(going_on.next().await.as_deref(), Some("event: tick"));
    }
}

/// As the layer says 503 to whoever comes anew.
#[tokio::test]
async fn a_stream_ends_when_nobody_can_tell_what_is_revoked() {
    let House { mut server, desk } = House::open(&[]).await;
    let service = ready(forgetting_soon(command(NAME, &desk).await)).await;
    let good = session(&desk).await;
    let stream = Stream::open(&service, &good).await;
    server.kill9().await;
    let last = timeout(LIMIT, stream.last()).await.expect("it ends");
    assert_eq!(last, "event: end\ndata: stale");
    me(&service, &good).await.refuses(503, "stale");
}

/// No waiting here: a plain route may let the token pass for some milliseconds more.
#[tokio::test]
async fn a_fresh_route_refuses_at_once_and_says_503_where_it_cannot_know() {
    let House { mut server, desk } = House::open(&[]).await;
    let service = ready(command(NAME, &desk).await).await;
    let pay = async |pair: &Pair| {
        service.api().send(Method::POST, "/payments", Credentials::Bearer(&pair.access), None).await
    };
    for _ in 0..20 {
        let (dead, good) = (session(&desk).await, session(&desk).await);
        end(&desk, &dead).await;
        pay(&dead).await.refuses(401, "token_revoked");
        pay(&good).await.expect(200);
    }
    let good = session(&desk).await;
    server.kill9().await;
    pay(&good).await.refuses(503, "stale");
    me(&service, &good).await.expect(200);
}

#[tokio::test]
async fn the_authority_may_be_killed_and_nothing_is_forgotten() {
    let House { mut server, desk } = House::open(&[]).await;
    let service = ready(command(NAME, &desk).await).await;
    let (dead, later, good) = (session(&desk).await, session(&desk).await, session(&desk).await);
    end(&desk, &dead).await;
    refused(&service, &dead).await;
    server.kill9().await;
    me(&service, &good).await.expect(200);
    me(&service, &dead).await.refuses(401, "token_revoked");
    server.restart().await;
    end(&desk, &later).await;
    refused(&service, &later).await;
    me(&service, &dead).await.refuses(401, "token_revoked");
    me(&service, &good).await.expect(200);
}

#[tokio::test]
async fn it_stops_in_order_and_starts_again_without_the_authority() {
    let House { mut server, desk } = House::open(&[]).await;
    let (client, state) = (feed_client(&desk).await, tempfile::tempdir().expect("a directory"));
    let command = || {
        let mut command = command_of(NAME, desk.api.base(), &client);
        command.env("STATE_DIR", state.path());
        command
    };
    let mut service = ready(command()).await;
    let (dead, good) = (session(&desk).await, session(&desk).await);
    end(&desk, &dead).await;
    refused(&service, &dead).await;
    let stream = Stream::open(&service, &good).await;
    let (status, last) = tokio::join!(service.terminate(), stream.last());
    assert!(status.success(), "{status:?}: {}", service.output().text());
    assert_eq!(last, "event: end\ndata: the service stops");

    server.kill9().await;
    let anew = ready(command()).await;
    me(&anew, &dead).await.refuses(401, "token_revoked");
    me(&anew, &good).await.expect(200);
}

#[tokio::test]
async fn before_it_has_read_the_ledger_it_is_not_ready() {
    let House { mut server, desk } = House::open(&[]).await;
    let (command, good) = (command(NAME, &desk).await, session(&desk).await);
    server.kill9().await;
    let service = start(command).await;
    assert_eq!(health(&service).await, 503);
    let answer = me(&service, &good).await.refuses(503, "not_ready");
    assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
    server.restart().await;
    until("it is ready", async || health(&service).await == 200).await;
    me(&service, &good).await.expect(200);
}

/// One that takes connections, and answers nothing. The service must not need its answer to begin.
#[tokio::test]
async fn an_authority_that_hangs_is_not_waited_for() {
    let House { mut server, desk } = House::open(&[]).await;
    let (command, good) = (command(NAME, &desk).await, session(&desk).await);
    server.kill9().await;
    let hung = TcpListener::bind(server.address()).await.expect("its port is free again");
    let service = tokio::select! {
        biased;
        () = is_given_up(&hung) => panic!("it has waited for an answer"),
        service = start(command) => service,
    };
    assert_eq!(health(&service).await, 503);
    me(&service, &good).await.refuses(503, "not_ready");
}

/// Waits for a connection, and until it is given up.
async fn is_given_up(hung: &TcpListener) {
    let (mut connection, _) = hung.accept().await.expect("a connection");
    let _ = connection.read_to_end(&mut Vec::new()).await;
}

#[tokio::test]
async fn whoever_says_nothing_is_let_go_of() {
    let House { server: _server, desk } = House::open(&[]).await;
    let service = ready(command(NAME, &desk).await).await;
    let mut strangers = Vec::new();
    for said in [
        &b""[..],
        UNFINISHED,
        // Nor is it waited for after an answer.
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        // What could become HTTP/2, and what is (RFC 9113 §3.4).
        b"PR",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        strangers.push((said, connect(&service, said).await));
    }
    for (said, mut stranger) in strangers {
        let ended = timeout(LIMIT, stranger.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "{said:?}");
    }
}

#[tokio::test]
async fn whoever_says_nothing_does_not_hold_the_stop_up() {
    let House { server: _server, desk } = House::open(&[]).await;
    let mut service = ready(command(NAME, &desk).await).await;
    let strangers = [connect(&service, b"").await, connect(&service, UNFINISHED).await];
    // Connections are accepted in order: these are, now.
    assert_eq!(health(&service).await, 200);
    let status = timeout(LIMIT, service.terminate()).await.expect("it stops");
    assert!(status.success(), "{status:?}: {}", service.output().text());
    drop(strangers);
}

pub(crate) async fn connect(service: &Program, say: &[u8]) -> TcpStream {
    let address = service.api().base().strip_prefix("http://").expect("a URL");
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(say).await.expect("it reads");
    stream
}

/// The same service, which is stale soon after the authority is gone: a heartbeat comes every five seconds.
pub(crate) fn forgetting_soon(mut command: Command) -> Command {
    command.env("MAX_STALENESS", "15");
    command
}

pub(crate) async fn ready(command: Command) -> Program {
    let service = start(command).await;
    until("it is ready", async || health(&service).await == 200).await;
    service
}

async fn health(service: &Program) -> u16 {
    service.api().get("/healthz", Credentials::Nobody).await.status
}

async fn me(service: &Program, pair: &Pair) -> Reply {
    service.api().get("/me", Credentials::Bearer(&pair.access)).await
}

/// Waits until the token is refused.
pub(crate) async fn refused(service: &Program, pair: &Pair) -> Reply {
    until("it is refused", async || me(service, pair).await.status == 401).await;
    me(service, pair).await.expect(401)
}

/// The events of `GET /events`.
struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(service: &Program, pair: &Pair) -> Self {
        let request = service.api().request(Method::GET, "/events", Credentials::Bearer(&pair.access));
        let response = service.api().stream(request).await.expect("an answer");
        assert_eq!(response.status(), 200);
        Self { response, text: String::new() }
    }

    /// The next event, unless there are no more.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                self.text = rest.to_owned();
                return Some(event);
            }
            let chunk = timeout(LIMIT, self.response.chunk()).await;
            self.text +=
                &String::from_utf8_lossy(&chunk.expect("it goes on or ends").expect("it ends in order")?);
        }
    }

    /// The last event, after which the answer ended in order.
    async fn last(mut self) -> String {
        let mut last = None;
        while let Some(event) = self.next().await {
            last = Some(event);
        }
        last.expect("an event")
    }
}
