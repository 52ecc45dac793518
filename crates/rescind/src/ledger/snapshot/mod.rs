//! The compact form of a snapshot: what a verifier loads all live marks from. Byte by byte it is described in `docs/feed.md`.
//!
//! No I/O here: the [`Encoder`] appends to a buffer, and the [`Decoder`] takes the bytes in whatever pieces they come.
//!
//! ```
//! use rescind::clock::Timestamp;
//! use rescind::id::SessionId;
//! use rescind::ledger::snapshot::{Decoder, Encoder};
//! use rescind::ledger::{Cursor, Mark, MarkKey};
//!
//! let cursor = Cursor { seq: 42, tag: [0xa7; 16] };
//! let key = MarkKey::Session(SessionId(uuid::Uuid::from_u128(1)));
//! let mark = Mark { tenant: None, key, min_version: None, expires_at: Timestamp::from_secs(1_700_000_900) };
//!
//! let mut bytes = Vec::new();
//! let mut encoder = Encoder::begin(cursor, &mut bytes);
//! encoder.mark(41, &mark, &mut bytes)?;
//! encoder.finish(&mut bytes);
//!
//! let (mut decoder, mut marks) = (Decoder::new(), Vec::new());
//! for piece in bytes.chunks(7) {
//!     decoder.feed(piece, |seq, mark| marks.push((seq, mark)))?;
//! }
//! assert_eq!(decoder.finish()?, cursor, "it was whole");
//! assert_eq!(marks, [(41, mark)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decode;
mod encode;
#[cfg(test)]
mod tests;

pub use decode::{Decoder, InvalidSnapshot};
pub use encode::{Encoder, Unencodable};

/// The media type.
///
/// ```
/// use rescind::ledger::snapshot::MEDIA_TYPE;
///
/// // What a reader asks for.
/// assert_eq!(format!("Accept: {MEDIA_TYPE}"), "Accept: application/vnd.rescind.snapshot");
/// ```
pub const MEDIA_TYPE: &str = "application/vnd.rescind.snapshot";

/// The longest `jti` or `kid`, in bytes.
///
/// ```
/// use rescind::clock::Timestamp;
/// use rescind::ledger::snapshot::{Encoder, LONGEST_TEXT};
/// use rescind::ledger::{Cursor, Mark, MarkKey};
///
/// let mark = |length| Mark {
///     tenant: None,
///     key: MarkKey::Key("k".repeat(length).into()),
///     min_version: None,
///     expires_at: Timestamp::MAX,
/// };
/// let mut bytes = Vec::new();
/// let mut encoder = Encoder::begin(Cursor::default(), &mut bytes);
/// assert!(encoder.mark(1, &mark(LONGEST_TEXT), &mut bytes).is_ok());
/// assert!(encoder.mark(2, &mark(LONGEST_TEXT + 1), &mut bytes).is_err());
/// ```
pub const LONGEST_TEXT: usize = 1 << 16;

/// What it begins with. Neither ASCII nor UTF-8, and with a line end that a transfer as text would change.
const MAGIC: [u8; 8] = *b"\x89RSNP\r\n\x1a";

/// The version of the form.
const VERSION: u8 = 1;

/// Magic, version, `seq` and tag of the cursor.
const HEADER: usize = MAGIC.len() + 1 + 8 + 16;

/// The type of the record that ends it.
const END: u8 = 0;

/// The end: its type, the number of marks, SHA-256 of everything before the sum.
const TRAILER: usize = 1 + 8 + 32;

/// A record whose mark has a tenant.
const HAS_TENANT: u8 = 0x10;

/// A record whose mark has a least version.
const HAS_VERSION: u8 = 0x20;

/// What the key of a mark is, and how it is written: the low bits of a record's type.
mod form {
    pub(super) const TOKEN: u8 = 1;
    pub(super) const TOKEN_TEXT: u8 = 2;
    pub(super) const SESSION: u8 = 3;
    pub(super) const USER: u8 = 4;
    pub(super) const TENANT: u8 = 5;
    pub(super) const CLIENT: u8 = 6;
    pub(super) const KEY: u8 = 7;
    pub(super) const DIGEST: u8 = 8;
}
