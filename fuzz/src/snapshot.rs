//! The compact form of a snapshot.
//!
//! In whatever pieces it comes, it says the same. What is taken is, written anew, the same to the byte; its marks rise in `seq` up to
//! the cursor, and each that is not over kills in a replica what it names. Nothing is held that was not sent.
//!
//! Since nobody guesses the sum at the end, the first byte may ask for a right one to be added.

use rescind::clock::Timestamp;
use rescind::ledger::snapshot::{Decoder, Encoder, InvalidSnapshot};
use rescind::ledger::{Cursor, Mark, MarkKey};
use rescind::replica::Replica;

use crate::Seed;
use crate::support::world::{Counting, NOW};
use aws_lc_rs::digest::{SHA256, digest};

/// The first byte of an input to which a right end is added.
const ADD_END: u8 = b'+';

/// Reads the snapshot.
pub fn run(data: &[u8]) {
    match data.split_first() {
        Some((&ADD_END, records)) => check(&with_end(records)),
        _ => check(data),
    }
}

fn check(bytes: &[u8]) {
    let whole = read(bytes, bytes.len());
    let sizes = [1, 7, 1 + usize::from(bytes.last().copied().unwrap_or_default())];
    for size in sizes {
        assert_eq!(read(bytes, size), whole, "in pieces of {size} bytes");
    }
    let Ok((cursor, marks)) = whole else { return };
    assert!(marks.is_sorted_by(|one, next| one.0 < next.0));
    assert!(marks.iter().all(|(seq, _)| (1..=cursor.seq).contains(seq)));
    assert_eq!(write(cursor, &marks), bytes, "written anew it is something else");
    check_kills(&marks);
}

type Marks = Vec<(i64, Mark)>;

fn read(bytes: &[u8], size: usize) -> Result<(Cursor, Marks), InvalidSnapshot> {
    let (mut decoder, mut marks) = (Decoder::new(), Marks::new());
    for piece in bytes.chunks(size.max(1)) {
        decoder.feed(piece, |seq, mark| marks.push((seq, mark)))?;
    }
    let cursor = decoder.finish()?;
    Ok((cursor, marks))
}

fn write(cursor: Cursor, marks: &Marks) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::begin(cursor, &mut bytes);
    for (seq, mark) in marks {
        encoder.mark(*seq, mark, &mut bytes).expect("it was read from one");
    }
    encoder.finish(&mut bytes);
    bytes
}

/// The records, and the end that fits them: as many marks as the decoder found, and the sum.
fn with_end(records: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::new();
    // What is malformed stays so, end or none.
    let _ = decoder.feed(records, |_, _| ());
    let mut bytes = records.to_vec();
    bytes.push(0);
    bytes.extend_from_slice(&decoder.marks().to_be_bytes());
    let sum = digest(&SHA256, &bytes);
    bytes.extend_from_slice(sum.as_ref());
    bytes
}

fn check_kills(marks: &Marks) {
    const MOST: usize = 32;
    // To make one costs more than all the rest.
    if marks.is_empty() || marks.len() > MOST {
        return;
    }
    let replica = Replica::new(&Counting(3), std::time::Duration::ZERO);
    let loader = replica.load(0);
    for (_, mark) in marks {
        loader.apply(mark, NOW);
    }
    loader.finish(Cursor::default(), NOW);
    let held: Vec<Mark> = replica.marks_held().collect();
    for (_, mark) in marks.iter().filter(|(_, mark)| mark.expires_at > NOW) {
        let covered = held.iter().any(|held| held.identity() == mark.identity() && held.covers(mark));
        assert!(covered, "{mark:?} was lost; held: {held:?}");
    }
}

/// Snapshots of every kind of mark, whole and with an end to be added.
pub fn seeds() -> Vec<Seed> {
    let marks = every_kind();
    let cursor = Cursor { seq: 40, tag: [0xa7; 16] };
    let end = 1 + 8 + 32;
    let whole = write(cursor, &marks);
    let open = |bytes: &[u8]| [&[ADD_END], bytes.split_at(bytes.len() - end).0].concat();
    vec![
        ("empty", write(Cursor::default(), &Vec::new())),
        ("open", open(&whole)),
        ("open_empty", open(&write(cursor, &Vec::new()))),
        ("broken_off", whole[..whole.len() - 7].to_vec()),
        ("whole", whole),
    ]
}

fn every_kind() -> Marks {
    let id = uuid::Uuid::from_u128;
    let tenant = rescind::id::TenantId(id(3));
    let kinds = ["token", "session", "user", "tenant", "client"].map(|kind| (kind, id(7).to_string()));
    let others = [("token", "any text"), ("key", "kid"), ("digest", &"ab".repeat(32))];
    let others = others.map(|(kind, key)| (kind, key.to_owned()));
    let marks = kinds.into_iter().chain(others).zip(1..).map(|((kind, key), seq)| {
        let key = kind.parse().and_then(|kind| MarkKey::parse(kind, &key)).expect("a mark");
        let min_version = matches!(kind, "user" | "tenant").then_some(7);
        let expires_at =
            if kind == "key" { Timestamp::MAX } else { Timestamp::from_secs(NOW.as_secs() + 900) };
        let tenant = (!matches!(kind, "tenant" | "key")).then_some(tenant);
        (seq, Mark { tenant, key, min_version, expires_at })
    });
    marks.collect()
}
