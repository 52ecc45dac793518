//! What reads the feed, for the fuzz targets of this workspace. Nothing that anybody else may rely on.

use rescind::clock::Timestamp;
use rescind::ledger::{Cursor, Mark};

use crate::feed::event::{Order, Said};
use crate::feed::sse::Reader;
use crate::trouble::Trouble;

/// An event as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedEvent {
    /// `event`.
    pub name: Vec<u8>,
    /// `id`.
    pub id: Vec<u8>,
    /// `data`.
    pub data: Vec<u8>,
}

/// The events of a stream that comes in these pieces.
///
/// # Errors
/// [`Trouble::TooLarge`].
pub fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<OwnedEvent>, Trouble> {
    let (mut reader, mut events) = (Reader::default(), Vec::new());
    for piece in pieces {
        reader.feed(piece, |event| {
            let (name, id, data) = (event.name.to_vec(), event.id.to_vec(), event.data.to_vec());
            events.push(OwnedEvent { name, id, data });
            Ok(())
        })?;
    }
    Ok(events)
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Something was revoked.
    Revoked(Cursor, Mark),
    /// Something was revoked in a way that is not known here.
    Unknown(Cursor),
    /// All up to the cursor was said, and what was revoked before the moment.
    Beat(Cursor, Timestamp),
    /// Nothing of ours.
    Nothing,
}

/// Reads one connection.
#[derive(Debug)]
pub struct Listener {
    reader: Reader,
    order: Order,
}

impl Listener {
    /// One that knows everything up to there.
    pub fn after(place: Cursor) -> Self {
        Self { reader: Reader::default(), order: Order::after(place) }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// What the connection would be given up for.
    pub fn feed(&mut self, piece: &[u8], mut take: impl FnMut(Heard)) -> Result<(), Trouble> {
        let order = &mut self.order;
        self.reader.feed(piece, |event| {
            take(match order.read(event)? {
                Said::Revoked(cursor, mark) => Heard::Revoked(cursor, mark),
                Said::Unknown(cursor) => Heard::Unknown(cursor),
                Said::Beat(cursor, as_of) => Heard::Beat(cursor, as_of),
                Said::Nothing => Heard::Nothing,
            });
            Ok(())
        })
    }
}
