//! What the events say, read strictly.

use std::borrow::Cow;

use rescind::clock::Timestamp;
use rescind::id::TenantId;
use rescind::ledger::{Cursor, CutKind, Mark, MarkKey, TokenKey};
use rescind::token::{MAX_KID_BYTES, MAX_TOKEN_BYTES};
use serde::{Deserialize, Deserializer};

use super::sse::Event;
use crate::trouble::Trouble;

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Something was revoked.
    Revoked(Cursor, Mark),
    /// Something was revoked, in a way that is not known here.
    Unknown(Cursor),
    /// All up to the cursor was said, and what was revoked before the moment.
    Beat(Cursor, Timestamp),
    /// Nothing of ours.
    Nothing,
}

/// The order of the events of one connection.
#[derive(Debug)]
pub(crate) struct Order {
    last: Cursor,
}

impl Order {
    pub(crate) const fn after(last: Cursor) -> Self {
        Self { last }
    }

    /// Reads the next event.
    pub(crate) fn read(&mut self, event: Event<'_>) -> Result<Said, Trouble> {
        match event.name {
            b"revocation" => self.revocation(event),
            b"heartbeat" => self.heartbeat(event),
            _ => Ok(Said::Nothing),
        }
    }

    fn revocation(&mut self, event: Event<'_>) -> Result<Said, Trouble> {
        let wire: WireMark<'_> = json(event.data)?;
        let cursor = place(event.id, wire.seq)?;
        if cursor.seq <= self.last.seq {
            return Err(Trouble::OutOfOrder);
        }
        let mark = wire.mark()?;
        self.last = cursor;
        Ok(mark.map_or(Said::Unknown(cursor), |mark| Said::Revoked(cursor, mark)))
    }

    fn heartbeat(&mut self, event: Event<'_>) -> Result<Said, Trouble> {
        let wire: WireBeat = json(event.data)?;
        let cursor = place(event.id, wire.seq)?;
        if cursor.seq < self.last.seq || (cursor.seq == self.last.seq && cursor != self.last) {
            return Err(Trouble::OutOfOrder);
        }
        self.last = cursor;
        Ok(Said::Beat(cursor, wire.as_of))
    }
}

/// Whether any token could have what the mark is about: the others need not be held. Without this, texts that no token can carry
/// could fill the memory.
pub(crate) fn is_of_use(mark: &Mark) -> bool {
    match &mark.key {
        MarkKey::Token(TokenKey::Text(jti)) => jti.len() <= MAX_TOKEN_BYTES,
        MarkKey::Key(kid) => kid.len() <= MAX_KID_BYTES,
        _ => true,
    }
}

#[derive(Deserialize)]
struct WireMark<'a> {
    seq: i64,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(deserialize_with = "present")]
    tenant_id: Option<TenantId>,
    #[serde(deserialize_with = "present")]
    min_version: Option<i64>,
    #[serde(deserialize_with = "present")]
    expires_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct WireBeat {
    seq: i64,
    as_of: Timestamp,
}

impl WireMark<'_> {
    /// None where the kind is not known.
    fn mark(&self) -> Result<Option<Mark>, Trouble> {
        let Ok(kind) = self.kind.parse::<CutKind>() else { return Ok(None) };
        let versioned = matches!(kind, CutKind::User | CutKind::Tenant);
        if self.min_version.is_some() && !versioned {
            return Err(Trouble::MalformedEvent);
        }
        let key = MarkKey::parse(kind, &self.key).map_err(|_| Trouble::MalformedEvent)?;
        let expires_at = self.expires_at.unwrap_or(Timestamp::MAX);
        Ok(Some(Mark { tenant: self.tenant_id, key, min_version: self.min_version, expires_at }))
    }
}

/// `null` is a value; nothing at all is a mistake.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// An object: serde would fill a struct from a list too, in the order of its members here.
fn json<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Result<T, Trouble> {
    if data.trim_ascii_start().first() != Some(&b'{') {
        return Err(Trouble::MalformedEvent);
    }
    // Read as bytes, members that are passed over need not be text (RFC 8259 §8.1).
    let text = std::str::from_utf8(data).map_err(|_| Trouble::MalformedEvent)?;
    serde_json::from_str(text).map_err(|_| Trouble::MalformedEvent)
}

/// The cursor, whose number the data repeats.
fn place(id: &[u8], seq: i64) -> Result<Cursor, Trouble> {
    let cursor = std::str::from_utf8(id).ok().and_then(|id| id.parse::<Cursor>().ok());
    cursor.filter(|cursor| cursor.seq == seq).ok_or(Trouble::MalformedEvent)
}

#[cfg(test)]
mod tests {
    use rescind::id::SessionId;
    use uuid::Uuid;

    use super::*;

    const ID: &str = "00000000-0000-0000-0000-000000000001";

    fn cursor(seq: i64) -> Cursor {
        Cursor { seq, tag: [0xa7; 16] }
    }

    fn read(order: &mut Order, name: &str, id: &str, data: &str) -> Result<Said, Trouble> {
        order.read(Event { name: name.as_bytes(), id: id.as_bytes(), data: data.as_bytes() })
    }

    fn mark(seq: i64, kind: &str, key: &str, version: &str) -> String {
        format!(
            r#"{{"seq":{seq},"kind":"{kind}","key":"{key}","tenant_id":null,"min_version":{version},"expires_at":null,"new":1}}"#
        )
    }

    #[test]
    fn a_revocation_is_a_mark_and_its_place() {
        let said = read(
            &mut Order::after(cursor(1)),
            "revocation",
            &cursor(7).to_string(),
            &mark(7, "session", ID, "null"),
        );
        let key = MarkKey::Session(SessionId(Uuid::from_u128(1)));
        let expected = Mark { tenant: None, key, min_version: None, expires_at: Timestamp::MAX };
        assert_eq!(said, Ok(Said::Revoked(cursor(7), expected)));
    }

    #[test]
    fn what_is_not_as_described_is_refused() {
        let id = cursor(7).to_string();
        let good = mark(7, "session", ID, "null");
        for (name, id, data, why) in [
            ("no JSON", id.as_str(), "}".to_owned(), Trouble::MalformedEvent),
            ("not an object", &id, "7".to_owned(), Trouble::MalformedEvent),
            (
                "a list of the members",
                &id,
                format!(r#"[7,"session","{ID}",null,null,null]"#),
                Trouble::MalformedEvent,
            ),
            ("another seq", &id, mark(8, "session", ID, "null"), Trouble::MalformedEvent),
            ("no id", "", good.clone(), Trouble::MalformedEvent),
            ("no cursor", "7", good.clone(), Trouble::MalformedEvent),
            ("a key of another form", &id, mark(7, "session", "x", "null"), Trouble::MalformedEvent),
            ("a version that has no place", &id, mark(7, "session", ID, "3"), Trouble::MalformedEvent),
            ("a seq that is a text", &id, good.replace(":7,", ":\"7\","), Trouble::MalformedEvent),
            (
                "a seq beyond all numbers",
                &id,
                good.replace(":7,", ":99999999999999999999,"),
                Trouble::MalformedEvent,
            ),
            ("twice the same", &id, good.replace("\"new\":1", "\"seq\":7"), Trouble::MalformedEvent),
            ("a member left out", &id, good.replace("\"expires_at\":null,", ""), Trouble::MalformedEvent),
            ("no UTF-8 but its replacement", &id, good.replace(ID, "\u{fffd}"), Trouble::MalformedEvent),
        ] {
            assert_eq!(read(&mut Order::after(cursor(1)), "revocation", id, &data), Err(why), "{name}");
        }
        for data in [r#"{"seq":7}"#, r#"{"seq":7,"as_of":"soon"}"#, r#"{"seq":7,"as_of":null}"#] {
            let said = read(&mut Order::after(cursor(1)), "heartbeat", &id, data);
            assert_eq!(said, Err(Trouble::MalformedEvent), "{data}");
        }
    }

    #[test]
    fn nothing_comes_twice_or_before_its_time() {
        let beat = |seq: i64| format!(r#"{{"seq":{seq},"as_of":"2026-01-02T03:04:05.678Z"}}"#);
        let mut order = Order::after(cursor(5));
        let mut revoked = |seq: i64| {
            read(&mut order, "revocation", &cursor(seq).to_string(), &mark(seq, "key", "k", "null"))
        };
        assert_eq!(revoked(5), Err(Trouble::OutOfOrder), "we are there already");
        assert!(revoked(6).is_ok());
        assert!(revoked(9).is_ok(), "what has expired leaves a gap");
        assert_eq!(revoked(9), Err(Trouble::OutOfOrder));
        assert_eq!(revoked(7), Err(Trouble::OutOfOrder));
        let mut at = |cursor: Cursor| read(&mut order, "heartbeat", &cursor.to_string(), &beat(cursor.seq));
        assert!(at(cursor(9)).is_ok());
        assert_eq!(at(cursor(8)), Err(Trouble::OutOfOrder));
        assert_eq!(at(Cursor { tag: [1; 16], ..cursor(9) }), Err(Trouble::OutOfOrder), "of another history");
        assert!(at(Cursor { tag: [1; 16], ..cursor(10) }).is_ok());
    }

    #[test]
    fn what_is_new_to_this_version_is_told_apart() {
        let mut order = Order::after(cursor(1));
        let id = cursor(7).to_string();
        assert_eq!(read(&mut order, "greeting", &id, "whatever"), Ok(Said::Nothing));
        assert_eq!(
            read(&mut order, "revocation", &id, &mark(7, "device", "x", "null")),
            Ok(Said::Unknown(cursor(7)))
        );
    }

    #[test]
    fn what_no_token_can_carry_is_of_no_use() {
        let mark = |key| Mark { tenant: None, key, min_version: None, expires_at: Timestamp::MAX };
        assert!(is_of_use(&mark(MarkKey::Key("k".repeat(MAX_KID_BYTES).into()))));
        assert!(!is_of_use(&mark(MarkKey::Key("k".repeat(MAX_KID_BYTES + 1).into()))));
        assert!(!is_of_use(&mark(MarkKey::Token(TokenKey::new(&"j".repeat(MAX_TOKEN_BYTES + 1))))));
    }
}
