//! How far a reader of the ledger has come, and in which history.

use std::fmt;
use std::str::FromStr;

/// A place in the ledger: the `seq` of the last entry seen, and the random tag that its batch left. A tag that does not
/// match tells that this is another history: a restored backup, or a failover that lost commits.
///
/// ```
/// use rescind::ledger::{Cursor, InvalidCursor};
///
/// let cursor: Cursor = "42.a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7".parse()?;
/// assert_eq!(cursor, Cursor { seq: 42, tag: [0xa7; 16] });
/// // A ledger that was restored has come to 42 as well, by other entries.
/// assert_ne!(cursor, Cursor { tag: [0x5c; 16], ..cursor });
/// # Ok::<(), InvalidCursor>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The highest `seq` seen; 0 before the first entry.
    pub seq: i64,
    /// The tag of the batch that wrote it.
    pub tag: [u8; 16],
}

/// `seq.tag`, opaque to others.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:032x}", self.seq, u128::from_be_bytes(self.tag))
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let (seq, tag) = s.split_once('.').ok_or(InvalidCursor)?;
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if tag.len() != 32 || !plain(tag) || !plain(seq) {
            return Err(InvalidCursor);
        }
        Ok(Self {
            seq: seq.parse().map_err(|_| InvalidCursor)?,
            tag: u128::from_str_radix(tag, 16).map_err(|_| InvalidCursor)?.to_be_bytes(),
        })
    }
}

/// The text is not a cursor.
///
/// ```
/// use rescind::ledger::{Cursor, InvalidCursor};
///
/// // Without its tag nobody knows of which history it is.
/// assert_eq!("42".parse::<Cursor>(), Err(InvalidCursor));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of the ledger")]
pub struct InvalidCursor;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_as_it_was_written() {
        let cursor = Cursor { seq: 42, tag: [0xa7; 16] };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }

    #[test]
    fn other_texts_are_no_cursors() {
        for text in [
            "",
            "1",
            "1.",
            ".00",
            "-1.00000000000000000000000000000000",
            "1.+0000000000000000000000000000000",
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
    }
}
