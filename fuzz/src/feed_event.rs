//! The events of the feed, as a remote verifier reads them from an authority that may say anything.
//!
//! In whatever pieces they come they say the same, and what the standard has them say (HTML §9.2.6, read here a second time). What
//! was revoked rises in `seq` and is one JSON object without a doubled member of ours; a mark is, written anew, the same.

use rescind::clock::Timestamp;
use rescind::ledger::{Cursor, Mark, MarkKey};
use rescind_remote::Trouble;
use rescind_remote::fuzzing::{Heard, Listener, OwnedEvent, events};

use crate::Seed;

/// Where the listener stands before the first event.
const FROM: Cursor = Cursor { seq: 5, tag: [0xa7; 16] };

/// Reads the stream.
pub fn run(data: &[u8]) {
    let whole = events([data]);
    for size in [1, 3, 1 + usize::from(data.last().copied().unwrap_or_default())] {
        assert_eq!(events(data.chunks(size)), whole, "in pieces of {size} bytes");
    }
    let Ok(whole) = whole else { return };
    assert_eq!(whole, by_the_standard(data));
    check_heard(data, &whole);
}

fn check_heard(data: &[u8], events: &[OwnedEvent]) {
    let mut heard = Vec::new();
    let mut listener = Listener::after(FROM);
    let ended = listener.feed(data, |event| heard.push(event));
    assert!(matches!(ended, Ok(()) | Err(Trouble::MalformedEvent | Trouble::OutOfOrder)), "{ended:?}");
    let mut last = FROM;
    for (event, sent) in heard.into_iter().zip(events) {
        if event != Heard::Nothing {
            let object = serde_json::from_slice::<serde_json::Map<_, _>>(&sent.data);
            assert!(object.is_ok(), "something that is no object was understood: {sent:?}");
        }
        let place = match event {
            Heard::Nothing => continue,
            Heard::Beat(place, _) => {
                assert!(place == last || place.seq > last.seq, "{place} after {last}");
                place
            }
            Heard::Unknown(place) => place,
            Heard::Revoked(place, mark) => {
                check_mark(place, &mark);
                place
            }
        };
        assert!(place.seq >= last.seq);
        last = place;
    }
}

/// Written as the authority writes it, it is read as the same, and a second time it is refused.
fn check_mark(place: Cursor, mark: &Mark) {
    let text = written(place, mark);
    let mut again = Vec::new();
    let mut listener = Listener::after(Cursor { seq: place.seq - 1, ..place });
    let twice = [text.as_bytes(), text.as_bytes()].concat();
    let ended = listener.feed(&twice, |event| again.push(event));
    assert_eq!(again, [Heard::Revoked(place, mark.clone())]);
    assert_eq!(ended, Err(Trouble::OutOfOrder));
}

fn written(place: Cursor, mark: &Mark) -> String {
    let data = serde_json::json!({
        "seq": place.seq,
        "kind": mark.kind().as_str(),
        "key": mark.key.to_string(),
        "tenant_id": mark.tenant,
        "min_version": mark.min_version,
        "expires_at": mark.expires_at,
    });
    format!("event: revocation\nid: {place}\ndata: {data}\n\n")
}

/// Line by line, all at once.
fn by_the_standard(mut text: &[u8]) -> Vec<OwnedEvent> {
    text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let (mut found, mut event, mut data) = (Vec::new(), OwnedEvent::default(), Vec::<&[u8]>::new());
    while let Some(end) = text.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
        let line = &text[..end];
        let ending = if text[end..].starts_with(b"\r\n") { 2 } else { 1 };
        text = &text[end + ending..];
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let field = parts.next().unwrap_or_default();
        let value = parts.next().unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"" if line.is_empty() => {
                let done = std::mem::take(&mut event);
                if !data.is_empty() {
                    found.push(OwnedEvent { data: data.join(&b'\n'), ..done });
                }
                data.clear();
            }
            b"event" => event.name = value.to_vec(),
            b"id" if !value.contains(&0) => event.id = value.to_vec(),
            b"data" => data.push(value),
            _ => {}
        }
    }
    found
}

/// What an authority sends, and what no honest one does.
pub fn seeds() -> Vec<Seed> {
    let id = uuid::Uuid::from_u128(7).to_string();
    let at = |seq| Cursor { seq, ..FROM };
    let mark = |kind: &str, key: &str, min_version| Mark {
        tenant: Some(rescind::id::TenantId(uuid::Uuid::from_u128(3))),
        key: kind.parse().and_then(|kind| MarkKey::parse(kind, key)).expect("a mark"),
        min_version,
        expires_at: Timestamp::from_secs(1_767_323_945),
    };
    let session = written(at(6), &mark("session", &id, None));
    let user = written(at(7), &mark("user", &id, Some(7)));
    let token = written(at(8), &mark("token", "any\n\"text\"", None));
    let digest = written(at(9), &mark("digest", &"ab".repeat(32), None));
    let beat = format!(
        "event: heartbeat\nid: {}\ndata: {{\"seq\":9,\"as_of\":\"2026-01-02T03:04:05.678Z\"}}\n\n",
        at(9)
    );
    let stream = format!(":comment\n\nretry: 2000\n\n{session}{user}{token}{digest}{beat}");
    let unknown = session.replace("session", "device");
    vec![
        ("stream", stream.clone().into_bytes()),
        ("carriage_returns", stream.replace('\n', "\r\n").into_bytes()),
        ("twice", format!("{session}{session}").into_bytes()),
        ("unknown_kind", unknown.into_bytes()),
        ("another_history", beat.replace("a7a7", "0000").into_bytes()),
        (
            "a_list",
            format!("event: heartbeat\nid: {}\ndata: [9,\"2026-01-02T03:04:05Z\"]\n\n", at(9)).into_bytes(),
        ),
        ("several_lines", b"\xef\xbb\xbfdata: two\ndata\ndata:  lines\nid: 1\0\nid\n\n".to_vec()),
    ]
}
