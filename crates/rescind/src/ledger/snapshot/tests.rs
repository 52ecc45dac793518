//! What is written is read back, in whatever pieces; whatever else comes is refused, and never trusted with memory.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::clock::Timestamp;
use crate::id::{ClientId, SessionId, TenantId, UserId};
use crate::ledger::{Cursor, Mark, MarkKey, TokenKey};

type Marks = Vec<(i64, Mark)>;

fn encoded(cursor: Cursor, marks: &Marks) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::begin(cursor, &mut bytes);
    for (seq, mark) in marks {
        encoder.mark(*seq, mark, &mut bytes).unwrap();
    }
    encoder.finish(&mut bytes);
    bytes
}

fn decoded<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<(Cursor, Marks), InvalidSnapshot> {
    let (mut decoder, mut marks) = (Decoder::new(), Vec::new());
    for piece in pieces {
        decoder.feed(piece, |seq, mark| marks.push((seq, mark)))?;
        assert!(decoder.rest.len() < 1 + 8 + 8 + 16 + 8 + 4 + LONGEST_TEXT);
    }
    assert_eq!(decoder.marks(), marks.len() as u64);
    Ok((decoder.finish()?, marks))
}

fn key() -> impl Strategy<Value = MarkKey> {
    let id = || any::<u128>().prop_map(Uuid::from_u128);
    prop_oneof![
        id().prop_map(|id| MarkKey::Token(TokenKey::Uuid(id))),
        ".{0,40}".prop_map(|text| MarkKey::Token(TokenKey::new(&text))),
        id().prop_map(|id| MarkKey::Session(SessionId(id))),
        id().prop_map(|id| MarkKey::User(UserId(id))),
        id().prop_map(|id| MarkKey::Tenant(TenantId(id))),
        id().prop_map(|id| MarkKey::Client(ClientId(id))),
        ".{0,40}".prop_map(|kid| MarkKey::Key(kid.into())),
        any::<[u8; 32]>().prop_map(MarkKey::Digest),
    ]
}

fn mark() -> impl Strategy<Value = Mark> {
    let tenant = proptest::option::of(any::<u128>().prop_map(|id| TenantId(Uuid::from_u128(id))));
    let expires_at =
        prop_oneof![Just(Timestamp::MAX), (0..=Timestamp::MAX.as_millis()).prop_map(Timestamp::from_millis)];
    (key(), tenant, any::<Option<i64>>(), expires_at).prop_map(|(key, tenant, version, expires_at)| {
        let versioned = matches!(key, MarkKey::User(_) | MarkKey::Tenant(_));
        Mark { tenant, min_version: version.filter(|_| versioned), key, expires_at }
    })
}

fn snapshot() -> impl Strategy<Value = (Cursor, Marks)> {
    (proptest::collection::vec((1..1000_i64, mark()), 0..30), 0..1000_i64, any::<[u8; 16]>()).prop_map(
        |(steps, beyond, tag)| {
            let mut seq = 0;
            let place = |(step, mark)| {
                seq += step;
                (seq, mark)
            };
            let marks: Marks = steps.into_iter().map(place).collect();
            (Cursor { seq: seq + beyond, tag }, marks)
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_in_whatever_pieces((cursor, marks) in snapshot(), size in 1..200_usize) {
        let bytes = encoded(cursor, &marks);
        prop_assert_eq!(decoded(bytes.chunks(size)), Ok((cursor, marks.clone())));
        prop_assert_eq!(decoded([bytes.as_slice()]), Ok((cursor, marks)));
    }

    #[test]
    fn one_that_breaks_off_is_noticed((cursor, marks) in snapshot(), at in any::<prop::sample::Index>()) {
        let bytes = encoded(cursor, &marks);
        let cut = &bytes[..at.index(bytes.len())];
        prop_assert_eq!(decoded([cut]), Err(InvalidSnapshot::Truncated));
    }

    #[test]
    fn one_whose_bytes_changed_is_refused(
        (cursor, marks) in snapshot(),
        at in any::<prop::sample::Index>(),
        by in 1..=u8::MAX,
        size in 1..200_usize,
    ) {
        let mut bytes = encoded(cursor, &marks);
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        prop_assert!(decoded(bytes.chunks(size)).is_err());
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..600), size in 1..50_usize) {
        let _ = decoded(bytes.chunks(size));
        let begun = [&encoded(Cursor { seq: i64::MAX, tag: [1; 16] }, &Vec::new())[..HEADER], &bytes].concat();
        prop_assert!(decoded(begun.chunks(size)).is_err());
    }

    #[test]
    fn what_is_accepted_has_one_form_only(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 1..=0x3f_u8) {
        // A record of any kind with any content, in a snapshot whose sum is right.
        let cursor = Cursor { seq: i64::MAX, tag: [1; 16] };
        let mut whole = encoded(cursor, &Vec::new())[..HEADER].to_vec();
        bytes.insert(0, kind);
        whole.extend_from_slice(&bytes);
        whole.push(END);
        whole.extend_from_slice(&1_u64.to_be_bytes());
        whole.extend_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &whole).as_ref());
        if let Ok((cursor, marks)) = decoded([whole.as_slice()]) {
            prop_assert_eq!(encoded(cursor, &marks), whole);
        }
    }
}

fn session(seq: i64) -> (i64, Mark) {
    let key = MarkKey::Session(SessionId(Uuid::from_u128(7)));
    (seq, Mark { tenant: None, key, min_version: None, expires_at: Timestamp::from_secs(9) })
}

const CURSOR: Cursor = Cursor { seq: 9, tag: [7; 16] };

/// A snapshot with such a record, whose sum is right.
fn with_record(record: &[u8]) -> Vec<u8> {
    let mut whole = encoded(CURSOR, &Vec::new())[..HEADER].to_vec();
    whole.extend_from_slice(record);
    whole.push(END);
    whole.extend_from_slice(&1_u64.to_be_bytes());
    whole.extend_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &whole).as_ref());
    whole
}

fn record(kind: u8, expires_at: i64, rest: &[u8]) -> Vec<u8> {
    [&[kind][..], &3_i64.to_be_bytes(), &expires_at.to_be_bytes(), rest].concat()
}

#[test]
fn a_record_that_makes_no_sense_is_refused() {
    let text = |text: &[u8]| [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text].concat();
    assert!(decoded([with_record(&record(form::SESSION, 9, &[1; 16])).as_slice()]).is_ok());
    assert!(decoded([with_record(&record(form::TOKEN_TEXT, 9, &text(b"jti"))).as_slice()]).is_ok());
    let cases = [
        ("a kind that there is not", record(9, 9, &[1; 16])),
        ("a flag that there is not", record(form::SESSION | 0x40, 9, &[1; 16])),
        ("an end with a tenant", record(END | HAS_TENANT, 9, &[1; 16])),
        ("a version where there is none", record(form::SESSION | HAS_VERSION, 9, &[1; 24])),
        ("an expiry before all time", record(form::SESSION, -1, &[1; 16])),
        ("an expiry after all time", record(form::SESSION, i64::MAX, &[1; 16])),
        ("no UTF-8", record(form::KEY, 9, &text(b"\xff"))),
        ("a UUID as text", record(form::TOKEN_TEXT, 9, &text(b"01900000-0000-7000-8000-0000000000ab"))),
        ("a text longer than any", record(form::KEY, 9, &u32::MAX.to_be_bytes())),
    ];
    for (name, record) in cases {
        assert_eq!(decoded([with_record(&record).as_slice()]), Err(InvalidSnapshot::Malformed), "{name}");
    }
}

#[test]
fn marks_come_in_order_and_up_to_the_cursor() {
    for marks in [
        vec![session(0)],
        vec![session(-1)],
        vec![session(10)],
        vec![session(3), session(3)],
        vec![session(4), session(3)],
    ] {
        assert_eq!(
            decoded([encoded(CURSOR, &marks).as_slice()]),
            Err(InvalidSnapshot::Malformed),
            "{marks:?}"
        );
    }
    assert!(decoded([encoded(CURSOR, &vec![session(1), session(9)]).as_slice()]).is_ok());
}

#[test]
fn what_is_no_snapshot_is_told_at_once_and_ever_after() {
    let mut decoder = Decoder::new();
    assert_eq!(decoder.feed(b"{", |_, _| ()), Err(InvalidSnapshot::NotOne));
    assert_eq!(decoder.feed(&encoded(CURSOR, &Vec::new()), |_, _| ()), Err(InvalidSnapshot::NotOne));
    assert_eq!(decoder.finish(), Err(InvalidSnapshot::NotOne));

    let mut newer = encoded(CURSOR, &Vec::new());
    newer[MAGIC.len()] = 2;
    assert_eq!(decoded([newer.as_slice()]), Err(InvalidSnapshot::Version(2)));
    let more = [encoded(CURSOR, &Vec::new()), vec![0]].concat();
    assert_eq!(decoded([more.as_slice()]), Err(InvalidSnapshot::Trailing));
    assert_eq!(decoded([]), Err(InvalidSnapshot::Truncated));
}

#[test]
fn a_text_that_no_reader_takes_is_not_written() {
    let mark = |length| Mark { key: MarkKey::Key("k".repeat(length).into()), ..session(1).1 };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::begin(CURSOR, &mut bytes);
    assert_eq!(encoder.mark(1, &mark(LONGEST_TEXT + 1), &mut bytes), Err(Unencodable));
    assert_eq!(encoder.mark(1, &mark(LONGEST_TEXT), &mut bytes), Ok(()));
    encoder.finish(&mut bytes);
    assert_eq!(decoded(bytes.chunks(1000)), Ok((CURSOR, vec![(1, mark(LONGEST_TEXT))])));
}

/// As `docs/feed.md` has it: whoever changes this changes the form.
#[test]
fn the_form_is_the_one_that_is_described() {
    let tenant = Some(TenantId(Uuid::from_u128(0xaa)));
    let user = MarkKey::User(UserId(Uuid::from_u128(0xbb)));
    let marks = vec![
        (1, Mark { tenant, key: user, min_version: Some(5), expires_at: Timestamp::from_millis(0x0102) }),
        (2, Mark { key: MarkKey::Key("k1".into()), expires_at: Timestamp::MAX, ..session(2).1 }),
    ];
    let bytes = encoded(Cursor { seq: 2, tag: [0xcc; 16] }, &marks);
    let hex: String = bytes[..bytes.len() - 32].iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = [
        "8952534e500d0a1a 01 0000000000000002 cccccccccccccccccccccccccccccccc",
        "34 0000000000000001 0000000000000102 000000000000000000000000000000aa 0000000000000005",
        "000000000000000000000000000000bb",
        "07 0000000000000002 0000e677cc8ba300 00000002 6b31",
        "00 0000000000000002",
    ];
    assert_eq!(hex, expected.concat().replace(' ', ""));
}
