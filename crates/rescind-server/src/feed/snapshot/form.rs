//! The two forms of a snapshot.

use std::io::Write as _;

use rescind::ledger::snapshot::{Encoder, Unencodable};
use rescind::ledger::{Cursor, PlacedMark};

use crate::view::MarkView;

/// Writes a snapshot, a mark at a time.
pub(super) enum Form {
    /// `{"cursor":…,"seq":…,"marks":[…]}`, with each mark on a line of its own.
    Json(Cursor, Comma),
    /// As the domain writes it.
    Compact(Cursor, Option<Encoder>),
}

/// What stands before the next mark.
pub(super) type Comma = &'static str;

impl Form {
    pub(super) const fn json(head: Cursor) -> Self {
        Self::Json(head, "\n")
    }

    pub(super) const fn compact(head: Cursor) -> Self {
        Self::Compact(head, None)
    }

    /// What stands before the first mark.
    pub(super) fn begin(&mut self, out: &mut Vec<u8>) {
        match self {
            // Writing to a `Vec` does not fail. A cursor has digits and a dot only.
            Self::Json(head, _) => {
                let _ = write!(out, r#"{{"cursor":"{head}","seq":{},"marks":["#, head.seq);
            }
            Self::Compact(head, encoder) => *encoder = Some(Encoder::begin(*head, out)),
        }
    }

    pub(super) fn mark(&mut self, placed: &PlacedMark, out: &mut Vec<u8>) -> Result<(), Unencodable> {
        let seq = placed.cursor.seq;
        match self {
            Self::Json(_, comma) => {
                out.extend_from_slice(comma.as_bytes());
                *comma = ",\n";
                let _ = serde_json::to_writer(out, &MarkView::new(seq, &placed.mark));
                Ok(())
            }
            Self::Compact(_, Some(encoder)) => encoder.mark(seq, &placed.mark, out),
            Self::Compact(_, None) => Err(Unencodable),
        }
    }

    /// What stands after the last mark: only then is it a snapshot.
    pub(super) fn finish(self, out: &mut Vec<u8>) {
        match self {
            Self::Json(..) => out.extend_from_slice(b"]}"),
            Self::Compact(_, encoder) => {
                if let Some(encoder) = encoder {
                    encoder.finish(out);
                }
            }
        }
    }
}
