//! Whatever an authority says: what was revoked stays refused, what is held is bounded, and an honest one mends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use rescind::clock::{Clock as _, Timestamp};
use rescind::id::SessionId;
use rescind::ledger::snapshot::{Encoder, MEDIA_TYPE};
use rescind::ledger::{Cursor, Mark, MarkKey, TokenKey};
use rescind_remote::Timing;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::fake::{EVENTS, EVERYBODYS, Script, answer, heartbeat, revocation, says, script, snapshot};
use crate::rig::{Rig, code, quick, ready, until, until_revoked, until_trouble};

/// What the marks may take in memory, in the worst of these tests.
const BOUND: usize = 16 << 20;

/// A place that no honest authority has given out: its tag is made up.
fn place(after: Cursor, by: i64) -> Cursor {
    Cursor { seq: after.seq + by, tag: [9; 16] }
}

fn mark(number: i64, expires_at: Timestamp) -> Mark {
    let id = Uuid::from_u128(0xbad << 64 | u128::from(number.unsigned_abs()));
    Mark { tenant: None, key: MarkKey::Session(SessionId(id)), min_version: None, expires_at }
}

fn event(name: &str, id: &str, data: &str) -> String {
    format!("event: {name}\nid: {id}\ndata: {data}\n\n")
}

/// What the hostile authority does once, to whom it does it again and again, and that an honest one mends it.
async fn is_survived(rig: &Rig, timing: Timing, name: &str, route: &'static str, bad: Script, trouble: &str) {
    let (dead, good) = (rig.token(), rig.token());
    rig.revoke(&dead);
    let remote = ready(rig.builder().timing(timing).max_marks(20_000)).await;
    assert_eq!((code(&remote, &dead), code(&remote, &good)), ("token_revoked", "ok"), "{name}");
    if route == "snapshot" {
        rig.fake.script("events", says(answer("410 Gone", &[], b"")));
    }
    rig.fake.script(route, bad);
    rig.fake.break_connections();
    until_trouble(&remote, trouble).await;
    assert_eq!((code(&remote, &dead), code(&remote, &good)), ("token_revoked", "ok"), "{name}");
    let as_of = remote.status().as_of.unwrap();
    assert!(as_of <= rig.clock.now(), "{name}: it feels fresh beyond now");
    assert!(remote.verifier().replica().approximate_bytes() < BOUND, "{name}");
    let later = rig.token();
    rig.revoke(&later);
    rig.fake.honest();
    until_revoked(&remote, &later).await;
    until(&remote, name, |status| status.feed_trouble.is_none()).await;
    assert_eq!((code(&remote, &dead), code(&remote, &good)), ("token_revoked", "ok"), "{name}");
}

#[tokio::test]
async fn events_that_are_not_as_described() {
    let rig = Rig::new().await;
    // `is_survived` revokes one before it starts, and one after the trouble.
    for (name, trouble, text) in [
        (
            "twice the same",
            "out_of_order",
            (|at, by| {
                let text = revocation(place(at, 1), &mark(1, by));
                format!("{text}{text}")
            }) as fn(Cursor, Timestamp) -> String,
        ),
        ("one that is known", "out_of_order", |at, by| revocation(at, &mark(1, by))),
        ("reordered", "out_of_order", |at, by| {
            revocation(place(at, 2), &mark(2, by)) + &revocation(place(at, 1), &mark(1, by))
        }),
        ("below nothing", "out_of_order", |at, by| revocation(Cursor { seq: 0, ..at }, &mark(1, by))),
        ("a heartbeat from before", "out_of_order", |at, by| heartbeat(Cursor { seq: 0, ..at }, by)),
        ("a heartbeat of another history", "out_of_order", |at, by| heartbeat(place(at, 0), by)),
        ("another seq than its id", "malformed_event", |at, by| {
            revocation(place(at, 1), &mark(1, by)).replace("\"seq\":", "\"seq\":1")
        }),
        ("no id", "malformed_event", |at, by| revocation(place(at, 1), &mark(1, by)).replace("id:", "di:")),
        ("garbage", "malformed_event", |at, _| {
            event("revocation", &place(at, 1).to_string(), "\u{0}{\"seq\"")
        }),
        ("deep", "malformed_event", |at, _| {
            event("revocation", &place(at, 1).to_string(), &"[".repeat(100_000))
        }),
        ("a heartbeat that tells nothing", "malformed_event", |at, _| {
            event("heartbeat", &at.to_string(), "{}")
        }),
        ("from the future", "clock_skew", |at, now| heartbeat(at, now.plus(Duration::from_secs(31)))),
        ("from the end of time", "clock_skew", |at, _| heartbeat(at, Timestamp::MAX)),
    ] {
        let (clock, fake) = (Arc::clone(&rig.clock), &rig.fake);
        let end = Cursor { seq: fake.end().seq + 1, ..fake.end() };
        let bad = script(move |mut stream, _| {
            let text = text(end, clock.now());
            async move {
                stream.write_all(EVENTS.as_bytes()).await?;
                stream.write_all(text.as_bytes()).await?;
                std::future::pending().await
            }
        });
        is_survived(&rig, quick(), name, "events", bad, trouble).await;
    }
}

#[tokio::test]
async fn answers_that_are_no_events() {
    let rig = Rig::new().await;
    let twice = format!("{EVERYBODYS}\r\n{EVERYBODYS}");
    for (name, trouble, bytes) in [
        ("a page", "unexpected_answer", answer("200 OK", &["Content-Type: text/html"], b"<html>")),
        (
            "packed",
            "unexpected_answer",
            EVENTS.replace("\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n").into_bytes(),
        ),
        ("not told whose", "unexpected_answer", EVENTS.replace(EVERYBODYS, "X: y").into_bytes()),
        ("told twice", "unexpected_answer", EVENTS.replace(EVERYBODYS, &twice).into_bytes()),
        ("of nobody", "unexpected_answer", EVENTS.replace('*', "acme").into_bytes()),
        ("a redirect", "redirected", answer("307 There", &["Location: /elsewhere"], b"")),
        ("an error", "unexpected_status", answer("418 Teapot", &[], b"")),
        ("busy", "busy", answer("503 Busy", &["Retry-After: 0"], b"")),
        ("nothing", "broken_off", Vec::new()),
        ("no HTTP", "broken_off", b"\x00\x01\x02\r\n\r\n".to_vec()),
        ("endless headers", "broken_off", [b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'x'; 1 << 20]].concat()),
    ] {
        is_survived(&rig, quick(), name, "events", says(bytes), trouble).await;
    }
    assert_eq!(rig.fake.hits("elsewhere"), 0, "no redirect is followed");
}

/// Writes for ever, and counts what was taken.
async fn pour(stream: &mut TcpStream, bytes: &[u8], taken: &AtomicUsize) -> std::io::Result<()> {
    loop {
        stream.write_all(bytes).await?;
        taken.fetch_add(bytes.len(), Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_line_without_an_end_is_not_kept() {
    let rig = Rig::new().await;
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let bad = script(move |mut stream, _| {
        let counted = Arc::clone(&counted);
        async move {
            stream.write_all(format!("{EVENTS}data: ").as_bytes()).await?;
            // What one connection takes, not all of them.
            counted.store(0, Ordering::Relaxed);
            pour(&mut stream, &[b'x'; 64 * 1024], &counted).await
        }
    });
    is_survived(&rig, quick(), "a line of a gigabyte", "events", bad, "too_large").await;
    // The line, and what the sockets held.
    assert!(taken.load(Ordering::Relaxed) < 32 << 20, "{taken:?}");
}

#[tokio::test]
async fn one_that_is_too_slow_is_given_up() {
    let rig = Rig::new().await;
    let drip = |text: &'static str| {
        script(move |mut stream, _| async move {
            stream.write_all(EVENTS.as_bytes()).await?;
            for byte in text.bytes().cycle() {
                stream.write_all(&[byte]).await?;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok(())
        })
    };
    let timing =
        Timing { silence: Duration::from_millis(300), answer: Duration::from_millis(300), ..quick() };
    is_survived(&rig, timing, "bytes without an end", "events", drip("x"), "silent").await;
    is_survived(&rig, timing, "comments and nothing else", "events", drip(":\n\n"), "silent").await;
    let hang = || {
        script(|stream, _| async move {
            let _open = stream;
            std::future::pending().await
        })
    };
    is_survived(&rig, timing, "no answer to events", "events", hang(), "late").await;
    is_survived(&rig, timing, "no answer to a snapshot", "snapshot", hang(), "late").await;
}

#[tokio::test]
async fn snapshots_that_are_none() {
    let rig = Rig::new().await;
    let media_type = format!("Content-Type: {MEDIA_TYPE}\r\n{EVERYBODYS}");
    let good = snapshot(Cursor { seq: 9, tag: [7; 16] }, &[]);
    let body = |body: &[u8]| says(answer("200 OK", &[&media_type], body));
    let mut garbled = good.clone();
    *garbled.last_mut().unwrap() ^= 1;
    let wrong_seq = {
        let (mut bytes, later) = (Vec::new(), rig.clock.now().plus(Duration::from_secs(60)));
        let mut encoder = Encoder::begin(Cursor { seq: 9, tag: [7; 16] }, &mut bytes);
        [3, 2].iter().for_each(|&seq| encoder.mark(seq, &mark(seq, later), &mut bytes).unwrap());
        encoder.finish(&mut bytes);
        bytes
    };
    let cut = &good[..good.len() - 1];
    let promised =
        [format!("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n{media_type}\r\n\r\n").as_bytes(), cut].concat();
    for (name, bad, trouble) in [
        ("truncated", body(cut), "invalid_snapshot"),
        ("nothing", body(b""), "invalid_snapshot"),
        ("garbled", body(&garbled), "invalid_snapshot"),
        ("more than there is", body(&[&good[..], b"x"].concat()), "invalid_snapshot"),
        ("out of order", body(&wrong_seq), "invalid_snapshot"),
        ("breaking off", says(promised), "broken_off"),
        (
            "not told whose",
            says(answer("200 OK", &[&format!("Content-Type: {MEDIA_TYPE}")], &good)),
            "unexpected_answer",
        ),
        ("JSON", says(answer("200 OK", &["Content-Type: application/json"], b"{}")), "unexpected_answer"),
        ("gone itself", says(answer("410 Gone", &[], b"")), "cursor_gone"),
    ] {
        is_survived(&rig, quick(), name, "snapshot", bad, trouble).await;
    }
}

/// Begins a snapshot of which there is no end.
fn endless(key: fn(i64) -> MarkKey, expires_at: Timestamp) -> Script {
    script(move |mut stream, _| async move {
        let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {MEDIA_TYPE}");
        let mut bytes = format!("{head}\r\n{EVERYBODYS}\r\n\r\n").into_bytes();
        let mut encoder = Encoder::begin(Cursor { seq: i64::MAX, tag: [7; 16] }, &mut bytes);
        for seq in 1.. {
            encoder.mark(seq, &Mark { key: key(seq), ..mark(seq, expires_at) }, &mut bytes).unwrap();
            if bytes.len() > 64 * 1024 {
                stream.write_all(&bytes).await?;
                bytes.clear();
            }
        }
        Ok(())
    })
}

/// Another mark each time, whoever asks.
fn never_the_same(_: i64) -> MarkKey {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    mark(NEXT.fetch_add(1, Ordering::Relaxed), Timestamp::MAX).key
}

#[tokio::test]
async fn a_snapshot_without_an_end_is_given_up() {
    let rig = Rig::new().await;
    let soon = rig.clock.now().plus(Duration::from_secs(10));
    let (dead, good) = (rig.token(), rig.token());
    rig.revoke(&dead);
    let remote = ready(rig.builder().max_marks(20_000)).await;
    rig.fake.script("events", says(answer("410 Gone", &[], b"")));
    rig.fake.script("snapshot", endless(never_the_same, soon));
    rig.fake.break_connections();
    until_trouble(&remote, "too_many_marks").await;
    let held = remote.status().marks;
    assert!((20_000..30_000).contains(&held), "{held}");
    let refused = remote.status().refused;
    until(&remote, "it has tried again and again", |status| status.refused > refused + 10).await;
    assert_eq!(remote.status().marks, held, "where there is no room, nothing more is taken up");
    assert!(remote.verifier().replica().approximate_bytes() < BOUND);
    assert_eq!((code(&remote, &dead), code(&remote, &good)), ("token_revoked", "ok"));
    // It goes on when there is room again.
    rig.fake.honest();
    rig.clock.forward(Duration::from_secs(200));
    until(&remote, "it is over", |status| status.feed_trouble.is_none()).await;
    assert_eq!((code(&remote, &dead), code(&remote, &good)), ("token_revoked", "ok"));
    assert_eq!(remote.status().marks, 1);
}

#[tokio::test]
async fn the_same_mark_for_ever_is_given_up_too() {
    let rig = Rig::new().await;
    let bad = endless(|_| mark(1, Timestamp::MAX).key, rig.clock.now().plus(Duration::from_secs(10)));
    is_survived(&rig, quick(), "a snapshot of one mark", "snapshot", bad, "too_many_marks").await;
}

#[tokio::test]
async fn texts_that_no_token_can_carry_are_not_kept() {
    let rig = Rig::new().await;
    let key = |seq: i64| MarkKey::Token(TokenKey::new(&format!("{seq:060000}")));
    let bad = endless(key, rig.clock.now().plus(Duration::from_secs(10)));
    let timing = Timing { snapshot: Duration::from_millis(500), ..quick() };
    is_survived(&rig, timing, "long texts", "snapshot", bad, "late").await;
}

#[tokio::test]
async fn a_stream_that_ends_within_an_event_says_nothing_of_it() {
    let rig = Rig::new().await;
    let (dead, good) = (rig.token(), rig.token());
    rig.revoke(&dead);
    let remote = rig.remote().await;
    let whole = revocation(place(rig.fake.end(), 1), &rig.cut(&good));
    rig.fake.script("events", says(format!("{EVENTS}{}", &whole[..whole.len() - 1])));
    let connections = remote.status().connections;
    rig.fake.break_connections();
    until(&remote, "it has come again", |status| status.connections > connections + 2).await;
    assert_eq!((code(&remote, &dead), code(&remote, &good)), ("token_revoked", "ok"));
}

#[tokio::test]
async fn a_kind_of_mark_that_is_not_known_makes_it_no_fresher() {
    let rig = Rig::new().await;
    let (dead, good) = (rig.token(), rig.token());
    let remote = rig.remote().await;
    let at = remote.status();
    let (end, cut, clock) = (rig.fake.end(), rig.cut(&dead), Arc::clone(&rig.clock));
    let newer = script(move |mut stream, _| {
        let unknown = revocation(place(end, 1), &cut).replace("\"session\"", "\"device\"");
        let known = revocation(place(end, 2), &cut);
        let text = format!("{EVENTS}{unknown}{known}{}", heartbeat(place(end, 2), clock.now()));
        async move {
            stream.write_all(text.as_bytes()).await?;
            std::future::pending().await
        }
    });
    rig.clock.forward(Duration::from_secs(301));
    rig.fake.script("events", newer);
    rig.fake.break_connections();
    until_revoked(&remote, &dead).await;
    until_trouble(&remote, "unknown_kind").await;
    assert_eq!(code(&remote, &good), "stale", "it does not know what it misses");
    assert_eq!((remote.status().cursor, remote.status().as_of), (at.cursor, at.as_of));
    assert!(remote.status().unknown_kinds > 0);
}
