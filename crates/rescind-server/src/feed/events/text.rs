//! Events as text: Server-Sent Events, as the HTML standard has them.

use std::io::Write as _;

use axum::body::Bytes;
use rescind::clock::Timestamp;
use rescind::ledger::{Cursor, PlacedMark};
use serde::Serialize;

use crate::view::MarkView;

/// Appends the event that something was revoked.
pub(in crate::feed) fn revocation(placed: &PlacedMark, out: &mut Vec<u8>) {
    let view = MarkView::new(placed.cursor.seq, &placed.mark);
    event("revocation", placed.cursor, &view, out);
}

/// The event that this is all: the node and the reader are at `at`.
pub(super) fn heartbeat(at: Cursor, as_of: Timestamp) -> Bytes {
    let mut out = Vec::with_capacity(160);
    event("heartbeat", at, &Heartbeat { seq: at.seq, as_of }, &mut out);
    out.into()
}

/// What no reader sees, so that proxies between do not take the silence for death.
pub(super) const fn comment() -> Bytes {
    Bytes::from_static(b":\n\n")
}

#[derive(Serialize)]
struct Heartbeat {
    seq: i64,
    as_of: Timestamp,
}

fn event(name: &str, id: Cursor, data: &impl Serialize, out: &mut Vec<u8>) {
    // Writing to a `Vec` does not fail, and JSON holds no line end, so that the data is one line.
    let _ = write!(out, "event: {name}\nid: {id}\ndata: ");
    let _ = serde_json::to_writer(&mut *out, data);
    out.extend_from_slice(b"\n\n");
}

#[cfg(test)]
mod tests {
    use rescind::ledger::{Mark, MarkKey, TokenKey};

    use super::*;

    #[test]
    fn an_event_is_a_few_lines_whatever_the_key_says() {
        let key = MarkKey::Token(TokenKey::new("a\nid: 7.0\r\"\u{2028}"));
        let mark = Mark { tenant: None, key, min_version: None, expires_at: Timestamp::from_secs(1) };
        let mut out = Vec::new();
        revocation(&PlacedMark { cursor: Cursor { seq: 3, tag: [0xa7; 16] }, mark }, &mut out);
        let expected = "event: revocation\nid: 3.a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7\n\
            data: {\"seq\":3,\"kind\":\"token\",\"key\":\"a\\nid: 7.0\\r\\\"\u{2028}\",\"tenant_id\":null,\
            \"min_version\":null,\"expires_at\":\"1970-01-01T00:00:01.000Z\"}\n\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_heartbeat_has_the_place_and_the_nodes_freshness() {
        let beat = heartbeat(Cursor { seq: 9, tag: [0; 16] }, Timestamp::from_secs(1));
        let expected = "event: heartbeat\nid: 9.00000000000000000000000000000000\n\
            data: {\"seq\":9,\"as_of\":\"1970-01-01T00:00:01.000Z\"}\n\n";
        assert_eq!(beat, expected);
    }
}
