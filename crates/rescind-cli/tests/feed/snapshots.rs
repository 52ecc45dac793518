//! Snapshots: both forms say the same, and what was revoked.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use reqwest::Method;
use rescind::clock::Timestamp;
use rescind::ledger::snapshot::{Decoder, InvalidSnapshot, MEDIA_TYPE};
use rescind::ledger::{Cursor, Mark};
use rescind_testkit::process::{Client, Credentials};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::cuts::{as_marks, cut, ledger, one_of_each, without_versions};
use super::flood::{flood, many};
use super::reader::{Events, HEAD, LIMIT, SNAPSHOT, seqs, soon};
use super::support::{Desk, House};

struct Got {
    headers: reqwest::header::HeaderMap,
    body: Vec<u8>,
}

async fn get(desk: &Desk, client: &Client, accept: &str, encoding: &str) -> Got {
    let request = desk.api.request(Method::GET, SNAPSHOT, Credentials::Basic(client));
    let request = request.header("accept", accept).header("accept-encoding", encoding);
    let response = soon(desk.api.stream(request)).await.expect("an answer");
    assert_eq!(response.status(), 200);
    let headers = response.headers().clone();
    let bytes = soon(response.bytes()).await.expect("a whole answer");
    let body = if headers.get("content-encoding").is_some_and(|coding| coding == "gzip") {
        let mut unpacked = Vec::new();
        MultiGzDecoder::new(&*bytes).read_to_end(&mut unpacked).expect("whole gzip");
        unpacked
    } else {
        bytes.into()
    };
    Got { headers, body }
}

fn decoded(bytes: &[u8]) -> Result<(Cursor, Vec<Value>), InvalidSnapshot> {
    let (mut decoder, mut marks) = (Decoder::new(), Vec::new());
    for piece in bytes.chunks(1009) {
        decoder.feed(piece, |seq, mark| marks.push(shown(seq, &mark)))?;
    }
    Ok((decoder.finish()?, marks))
}

fn shown(seq: i64, mark: &Mark) -> Value {
    json!({
        "seq": seq,
        "kind": mark.kind().as_str(),
        "key": mark.key.to_string(),
        "tenant_id": mark.tenant.map(|tenant| tenant.to_string()),
        "min_version": mark.min_version,
        "expires_at": (mark.expires_at != Timestamp::MAX).then_some(mark.expires_at),
    })
}

/// The marks of a snapshot, which comes to the same in every form.
async fn marks_of(desk: &Desk, client: &Client) -> Vec<Value> {
    let json = get(desk, client, "application/json", "identity").await;
    assert_eq!(json.headers["content-type"], "application/json");
    assert_eq!(json.headers["vary"], "Accept, Accept-Encoding");
    assert_eq!(json.headers["cache-control"], "no-store");
    assert!(!json.headers.contains_key("content-encoding"));
    let packed = get(desk, client, "*/*", "gzip, br").await;
    assert_eq!(packed.headers["content-encoding"], "gzip");
    assert_eq!(packed.body, json.body);
    let compact = get(desk, client, MEDIA_TYPE, "identity").await;
    assert_eq!(compact.headers["content-type"], MEDIA_TYPE);
    let packed = get(desk, client, MEDIA_TYPE, "gzip").await;
    assert_eq!(
        (&packed.headers["content-type"], &packed.body),
        (&compact.headers["content-type"], &compact.body)
    );

    let snapshot: Value = serde_json::from_slice(&json.body).expect("JSON");
    let (cursor, marks) = decoded(&compact.body).expect("a whole snapshot");
    assert_eq!(snapshot["cursor"], cursor.to_string());
    assert_eq!(snapshot["seq"], cursor.seq);
    assert_eq!(snapshot["marks"].as_array(), Some(&marks));
    let head = desk.api.get(HEAD, Credentials::Basic(client)).await.expect(200);
    assert_eq!(head.json, json!({"cursor": cursor.to_string(), "seq": cursor.seq}));
    marks
}

#[tokio::test]
async fn both_forms_agree_with_each_other_and_with_what_was_revoked() {
    let House { server: _server, desk } = House::open(&[]).await;
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    assert_eq!(marks_of(&desk, &client).await, Vec::<Value>::new(), "nothing was revoked yet");
    let kinds = one_of_each(&desk).await;
    let marks = marks_of(&desk, &client).await;
    assert_eq!(marks.iter().map(|mark| mark["kind"].as_str().expect("a kind")).collect::<Vec<_>>(), kinds);
    assert_eq!(without_versions(&marks), as_marks(&ledger(&desk).await));
}

/// In more than one page and piece; and the events go on where it ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_ledger_comes_whole_and_in_order() {
    let House { server: _server, desk } = House::open(&[]).await;
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    many(&desk, "before-", 2_300).await;
    let marks = marks_of(&desk, &client).await;
    assert_eq!(without_versions(&marks), as_marks(&ledger(&desk).await));

    // Whatever is revoked while one is taken, it is in that or in the events after it.
    let going_on = desk.clone();
    let cutting = tokio::spawn(async move { many(&going_on, "meanwhile-", 3_000).await });
    let mut snapshots = Vec::new();
    while !cutting.is_finished() {
        let (cursor, marks) = decoded(&get(&desk, &client, MEDIA_TYPE, "gzip").await.body).expect("whole");
        snapshots.push((cursor, seqs(&marks)));
    }
    cutting.await.expect("cut");
    let all = seqs(&ledger(&desk).await);
    assert!(
        snapshots.iter().any(|(cursor, _)| cursor.seq > 2_300 && cursor.seq < 5_300),
        "none was in the midst"
    );
    for (cursor, mut seqs) in snapshots {
        assert!(seqs.iter().all(|seq| *seq <= cursor.seq));
        let mut events = Events::after(&desk.api, &client, &cursor.to_string()).await;
        seqs.extend(events.until_caught_up(all.len()).await.iter().map(super::reader::Event::seq));
        assert_eq!(seqs, all);
    }
}

/// Reads nothing of what it is sent, until it is told to.
struct Raw(TcpStream);

impl Raw {
    async fn ask(desk: &Desk, client: &Client, accept: &str) -> Self {
        use base64::Engine as _;
        let address = desk.api.base().trim_start_matches("http://").to_owned();
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let mut stream = socket.connect(address.parse().expect("an address")).await.expect("a connection");
        let pair = format!("{}:{}", client.id, client.secret);
        let basic = base64::engine::general_purpose::STANDARD.encode(pair);
        let head = format!(
            "GET {SNAPSHOT} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\nAccept: {accept}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("a request");
        Self(stream)
    }

    /// Until the first bytes of the answer are there: then it has its place.
    async fn begun(&self) {
        soon(self.0.readable()).await.expect("readable");
    }

    async fn read_to_end(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A connection that breaks is what is looked for.
        let _ = soon(self.0.read_to_end(&mut bytes)).await;
        bytes
    }
}

/// Four at once, each of which reads the whole ledger; and whoever goes makes room.
#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_are_under_way_at_once() {
    let House { server, desk } = House::open(&[]).await;
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    flood(&server, 600).await;
    let mut under_way = Vec::new();
    for _ in 0..4 {
        let raw = Raw::ask(&desk, &client, "application/json").await;
        raw.begun().await;
        under_way.push(raw);
    }
    let refused = desk.api.get(SNAPSHOT, Credentials::Basic(&client)).await.refuses(503, "overloaded");
    assert_eq!(refused.header("retry-after"), "5");
    drop(under_way);
    let free = async {
        while desk.api.get(SNAPSHOT, Credentials::Basic(&client)).await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, free).await.expect("room");
}

/// What breaks off cannot be taken for a snapshot: here because the history changes in the midst of it.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_breaks_off_is_no_snapshot() {
    let House { server, desk } = House::open(&[]).await;
    let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
    flood(&server, 1_300).await;
    let json = Raw::ask(&desk, &client, "application/json").await;
    let compact = Raw::ask(&desk, &client, MEDIA_TYPE).await;
    json.begun().await;
    compact.begun().await;
    super::cursors::change_history(server.data_dir());
    cut(&desk, "of another history").await;

    let json = json.read_to_end().await;
    let text = String::from_utf8_lossy(&json);
    assert!(text.contains("\"marks\":[") && !text.contains("]}"), "{} bytes", text.len());
    assert!(!text.ends_with("0\r\n\r\n"), "the answer ends as though it were whole");
    let compact = compact.read_to_end().await;
    assert!(!compact.ends_with(b"0\r\n\r\n"), "the answer ends as though it were whole");
    assert_eq!(decoded(&chunks(&compact)), Err(InvalidSnapshot::Truncated));
    let whole = get(&desk, &client, MEDIA_TYPE, "identity").await.body;
    assert_eq!(decoded(&whole[..whole.len() - 1]), Err(InvalidSnapshot::Truncated));
}

/// What was sent of a body in chunks (RFC 9112 §7.1).
fn chunks(answer: &[u8]) -> Vec<u8> {
    let after =
        |bytes: &[u8], end: &[u8]| bytes.windows(end.len()).position(|at| at == end).map(|at| at + end.len());
    let mut rest = &answer[after(answer, b"\r\n\r\n").expect("a head")..];
    let mut body = Vec::new();
    while let Some(begin) = after(rest, b"\r\n") {
        let size = std::str::from_utf8(&rest[..begin - 2]).expect("a size");
        let size = usize::from_str_radix(size, 16).expect("a size");
        let chunk = &rest[begin..];
        body.extend_from_slice(&chunk[..size.min(chunk.len())]);
        rest = chunk.get(size + 2..).unwrap_or_default();
    }
    body
}
