//! `examples/tonic`: a gRPC service, with a verifier in the service's own process.

use rescind_testkit::process::Program;
use serde_json::json;
use tokio::process::Command;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};

use super::desk::{cuts, end, open, session};
use super::proto::notes_client::NotesClient;
use super::proto::{Note, WatchRequest, WriteRequest};
use super::remote::{LIMIT, connect, forgetting_soon};
use super::service::{command, start};
use super::support::{Desk, House, Pair, claims, until};

const NAME: &str = "rescind-example-tonic";

#[tokio::test]
async fn what_is_revoked_is_refused_whatever_the_kind() {
    let House { server: _server, desk } = House::open(&[]).await;
    let service = ready(command(NAME, &desk).await, &desk).await;
    let bystander = session(&desk).await;
    for (pair, cut) in cuts(&desk).await {
        // Whoever may not write is known, and whoever is revoked is not.
        assert_eq!(service.write(&pair).await, refusal(Code::PermissionDenied, "forbidden"));
        assert_eq!(service.write(&bystander).await, refusal(Code::PermissionDenied, "forbidden"));
        cut.make(&desk).await;
        service.refused(&pair).await;
    }
    service.refused(&bystander).await;
}

#[tokio::test]
async fn calls_are_for_whom_they_are_meant() {
    let House { server: _server, desk } = House::open(&[]).await;
    let service = ready(command(NAME, &desk).await, &desk).await;
    let editor = editor(&desk, json!({})).await;
    let note = service.write(&editor).await.expect("a note");
    assert_eq!(note.author, claims(&editor.access)["user_id"].as_str().expect("a user"));
    let elsewhere = editor_of_another_service(&desk).await;
    assert_eq!(service.write(&elsewhere).await, refusal(Code::Unauthenticated, "invalid_token"));
    let nobody = service.client().write(WriteRequest::default()).await.expect_err("no token");
    assert_eq!((nobody.code(), nobody.message()), (Code::Unauthenticated, "authentication_required"));
}

#[tokio::test]
async fn a_stream_ends_when_its_token_is_revoked_and_no_other_does() {
    let House { server: _server, desk } = House::open(&[]).await;
    let service = ready(command(NAME, &desk).await, &desk).await;
    let tenant = desk.new_tenant().await;
    let writer = editor(&desk, json!({})).await;
    let stranger = open(&desk, &desk.operator, json!({"tenant_id": tenant})).await;
    let (dead, good) = (session(&desk).await, session(&desk).await);
    let mut ending = service.watch(&dead).await;
    let mut going_on = service.watch(&good).await;
    let mut others = service.watch(&stranger).await;

    let first = service.write(&writer).await.expect("a note");
    assert_eq!(next(&mut ending).await, Ok(Some(first.clone())));
    assert_eq!(next(&mut going_on).await, Ok(Some(first)));
    end(&desk, &dead).await;
    assert_eq!(next(&mut ending).await, refusal(Code::Unauthenticated, "token_revoked"));
    let second = service.write(&writer).await.expect("a note");
    assert_eq!(next(&mut going_on).await, Ok(Some(second)));
    // Of another tenant's notes it was told none.
    let own = service.write(&editor(&desk, json!({"tenant_id": tenant})).await).await.expect("a note");
    assert_eq!(next(&mut others).await, Ok(Some(own)));
}

#[tokio::test]
async fn the_authority_may_be_killed_and_the_service_stops_in_order() {
    let House { mut server, desk } = House::open(&[]).await;
    let mut service = ready(command(NAME, &desk).await, &desk).await;
    let (dead, later) = (editor(&desk, json!({})).await, editor(&desk, json!({})).await);
    let good = editor(&desk, json!({})).await;
    end(&desk, &dead).await;
    service.refused(&dead).await;
    server.kill9().await;
    assert!(service.write(&good).await.is_ok());
    service.refused(&dead).await;
    server.restart().await;
    end(&desk, &later).await;
    service.refused(&later).await;
    service.refused(&dead).await;
    let mut stream = service.watch(&good).await;
    let (status, last) = tokio::join!(service.program.terminate(), next(&mut stream));
    assert!(status.success(), "{status:?}: {}", service.program.output().text());
    assert_eq!(last, refusal(Code::Unavailable, "the service stops"));
}

/// As whoever calls anew is told.
#[tokio::test]
async fn a_stream_ends_when_nobody_can_tell_what_is_revoked() {
    let House { mut server, desk } = House::open(&[]).await;
    let service = ready(forgetting_soon(command(NAME, &desk).await), &desk).await;
    let good = editor(&desk, json!({})).await;
    let mut stream = service.watch(&good).await;
    server.kill9().await;
    assert_eq!(next(&mut stream).await, refusal(Code::Unavailable, "stale"));
    assert_eq!(service.write(&good).await, refusal(Code::Unavailable, "stale"));
}

#[tokio::test]
async fn whoever_says_nothing_does_not_hold_the_stop_up() {
    let House { server: _server, desk } = House::open(&[]).await;
    let mut service = ready(command(NAME, &desk).await, &desk).await;
    // Nothing, and the beginning of what HTTP/2 begins with (RFC 9113 §3.4).
    let strangers =
        [connect(&service.program, b"").await, connect(&service.program, b"PRI * HTTP/2.0\r\n").await];
    // Connections are accepted in order: these are, now.
    service.reconnect().await;
    assert!(service.write(&editor(&desk, json!({})).await).await.is_ok());
    let status = timeout(LIMIT, service.program.terminate()).await.expect("it stops");
    assert!(status.success(), "{status:?}: {}", service.program.output().text());
    drop(strangers);
}

#[tokio::test]
async fn before_it_has_read_the_ledger_it_is_not_ready() {
    let House { mut server, desk } = House::open(&[]).await;
    let (command, good) = (command(NAME, &desk).await, editor(&desk, json!({})).await);
    server.kill9().await;
    let service = Service::start(command).await;
    assert_eq!(service.write(&good).await, refusal(Code::Unavailable, "not_ready"));
    server.restart().await;
    until("it is ready", async || service.write(&good).await.is_ok()).await;
}

struct Service {
    program: Program,
    channel: Channel,
}

impl Service {
    async fn start(command: Command) -> Self {
        let program = start(command).await;
        let channel = channel(&program).await;
        Self { program, channel }
    }

    async fn reconnect(&mut self) {
        self.channel = channel(&self.program).await;
    }

    fn client(&self) -> NotesClient<Channel> {
        NotesClient::new(self.channel.clone())
    }

    async fn write(&self, pair: &Pair) -> Result<Note, (Code, String)> {
        let request = bearing(pair, WriteRequest { text: "a note".to_owned() });
        self.client().write(request).await.map(tonic::Response::into_inner).map_err(|status| told(&status))
    }

    async fn watch(&self, pair: &Pair) -> Streaming<Note> {
        self.client().watch(bearing(pair, WatchRequest {})).await.expect("a stream").into_inner()
    }

    /// Waits until the token is refused.
    async fn refused(&self, pair: &Pair) {
        let revoked = refusal(Code::Unauthenticated, "token_revoked");
        until("it is refused", async || self.write(pair).await == revoked).await;
    }
}

async fn channel(program: &Program) -> Channel {
    let endpoint = Endpoint::from_shared(program.api().base().to_owned()).expect("a URL");
    endpoint.connect().await.expect("it listens")
}

async fn ready(command: Command, desk: &Desk) -> Service {
    let service = Service::start(command).await;
    let editor = editor(desk, json!({})).await;
    until("it is ready", async || service.write(&editor).await.is_ok()).await;
    service
}

/// A session that may write.
async fn editor(desk: &Desk, differences: serde_json::Value) -> Pair {
    let mut differences = differences;
    differences["role"] = "editor".into();
    open(desk, &desk.operator, differences).await
}

async fn editor_of_another_service(desk: &Desk) -> Pair {
    editor(desk, json!({"audience": "https://another.example"})).await
}

async fn next(stream: &mut Streaming<Note>) -> Result<Option<Note>, (Code, String)> {
    let message = timeout(LIMIT, stream.message()).await;
    message.expect("it goes on or ends").map_err(|status| told(&status))
}

fn bearing<T>(pair: &Pair, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {}", pair.access).parse().expect("ASCII");
    request.metadata_mut().insert("authorization", value);
    request
}

fn told(status: &Status) -> (Code, String) {
    (status.code(), status.message().to_owned())
}

fn refusal<T>(code: Code, message: &str) -> Result<T, (Code, String)> {
    Err((code, message.to_owned()))
}
