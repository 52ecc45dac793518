//! Server-Sent Events, as the HTML standard has them (§9.2.6), in bounded memory.
//!
//! It differs from a browser in one thing: an `id` holds for its own event only, since every event of the feed has one.

use memchr::memchr2;

use crate::trouble::Trouble;

/// The longest line, and the most that one event may hold. Longer than the longest text that a mark may have (64 KiB), with
/// every byte of it escaped in JSON.
pub(crate) const LONGEST: usize = 512 * 1024;

/// An event, as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) id: &'a [u8],
    pub(crate) data: &'a [u8],
}

/// Takes bytes in whatever pieces they come, and hands out events.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    line: Vec<u8>,
    /// The line before ended with CR: an LF that follows belongs to it.
    after_cr: bool,
    /// A byte order mark may stand before the first line.
    began: bool,
    name: Vec<u8>,
    id: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
}

impl Reader {
    /// Takes the next piece. What follows an event that `take` refuses is not read any more.
    pub(crate) fn feed(
        &mut self,
        mut bytes: &[u8],
        mut take: impl FnMut(Event<'_>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', bytes) else { return self.keep(bytes) };
            self.after_cr = bytes[end] == b'\r';
            self.keep(&bytes[..end])?;
            bytes = &bytes[end + 1..];
            let mut line = std::mem::take(&mut self.line);
            let ends_event = self.take_line(&line)?;
            line.clear();
            self.line = line;
            if ends_event {
                self.dispatch(&mut take)?;
            }
        }
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        if self.line.len() + bytes.len() > LONGEST {
            return Err(Trouble::TooLarge);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Whether it is the empty line that ends an event.
    fn take_line(&mut self, mut line: &[u8]) -> Result<bool, Trouble> {
        if !std::mem::replace(&mut self.began, true) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            return Ok(true);
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => value.clone_into(&mut self.name),
            b"id" if !value.contains(&0) => value.clone_into(&mut self.id),
            b"data" => self.add_data(value)?,
            // A comment, or something that is not known.
            _ => {}
        }
        Ok(false)
    }

    fn add_data(&mut self, value: &[u8]) -> Result<(), Trouble> {
        if self.data.len() + value.len() >= LONGEST {
            return Err(Trouble::TooLarge);
        }
        if std::mem::replace(&mut self.has_data, true) {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        Ok(())
    }

    fn dispatch(&mut self, take: &mut impl FnMut(Event<'_>) -> Result<(), Trouble>) -> Result<(), Trouble> {
        let taken = if std::mem::take(&mut self.has_data) {
            take(Event { name: &self.name, id: &self.id, data: &self.data })
        } else {
            Ok(())
        };
        self.name.clear();
        self.id.clear();
        self.data.clear();
        taken
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Owned = (String, String, String);

    fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Owned>, Trouble> {
        let (mut reader, mut events) = (Reader::default(), Vec::new());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        for piece in pieces {
            reader.feed(piece, |event| {
                events.push((text(event.name), text(event.id), text(event.data)));
                Ok(())
            })?;
        }
        Ok(events)
    }

    fn event(name: &str, id: &str, data: &str) -> Owned {
        (name.into(), id.into(), data.into())
    }

    #[test]
    fn events_are_read_as_the_standard_has_them() {
        let text = b"\xef\xbb\xbfevent: a\r\nid:1\r\ndata: x\r\n\r\n:comment\n\n\
            data:two\ndata\ndata:  lines\nretry: 7\nunknown: y\n\nevent: no data\n\nid: 2\rdata: z\r\rdata: cut off";
        let expected = [event("a", "1", "x"), event("", "", "two\n\n lines"), event("", "2", "z")];
        assert_eq!(read([&text[..]]).unwrap(), expected);
    }

    #[test]
    fn a_line_without_an_end_is_given_up() {
        let mut reader = Reader::default();
        let piece = vec![b'x'; 64 * 1024];
        let fed = (0..16_384).find_map(|_| reader.feed(&piece, |_| Ok(())).err());
        assert_eq!(fed, Some(Trouble::TooLarge));
        assert!(reader.line.capacity() <= 2 * LONGEST);
    }

    #[test]
    fn an_event_of_endless_lines_is_given_up() {
        let mut reader = Reader::default();
        let line = format!("data: {}\n", "x".repeat(1000));
        let fed = (0..10_000).find_map(|_| reader.feed(line.as_bytes(), |_| Ok(())).err());
        assert_eq!(fed, Some(Trouble::TooLarge));
        assert!(reader.data.capacity() <= 2 * LONGEST);
    }

    #[test]
    fn nothing_is_read_after_what_was_refused() {
        let mut taken = 0;
        let refused = Reader::default().feed(b"data: 1\n\ndata: 2\n\n", |_| {
            taken += 1;
            Err(Trouble::MalformedEvent)
        });
        assert_eq!((refused, taken), (Err(Trouble::MalformedEvent), 1));
    }

    proptest! {
        #[test]
        fn however_the_bytes_are_split_the_events_are_the_same(
            parts in prop::collection::vec(
                prop::sample::select(vec!["\n", "\r", "\r\n", ":", " ", "data", "event", "id", "x", "\u{feff}", "\n\n", "data: y\n"]),
                0..60,
            ),
            cuts in prop::collection::vec(1_usize..9, 1..20),
        ) {
            let text = parts.concat().into_bytes();
            let whole = read([&text[..]]).unwrap();
            let (mut pieces, mut rest) = (Vec::new(), &text[..]);
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (piece, more) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                pieces.push(&[]);
                rest = more;
            }
            prop_assert_eq!(read(pieces).unwrap(), whole);
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let _ = read(bytes.chunks(7));
        }
    }
}
