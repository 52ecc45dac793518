//! Reading a snapshot, whoever wrote it.

use aws_lc_rs::digest::{Context, SHA256};
use uuid::Uuid;

use super::{END, HAS_TENANT, HAS_VERSION, HEADER, LONGEST_TEXT, MAGIC, TRAILER, VERSION, form};
use crate::clock::Timestamp;
use crate::id::{ClientId, SessionId, TenantId, UserId};
use crate::ledger::{Cursor, CutKind, Mark, MarkKey, TokenKey};

/// Reads a snapshot, in pieces of any size. It keeps what is left of a piece that ends within a record, and nothing else:
/// never more than one record, whatever the bytes say.
///
/// ```
/// use rescind::ledger::Cursor;
/// use rescind::ledger::snapshot::{Decoder, Encoder, InvalidSnapshot};
///
/// let mut bytes = Vec::new();
/// Encoder::begin(Cursor { seq: 42, tag: [0xa7; 16] }, &mut bytes).finish(&mut bytes);
///
/// // The connection broke before the last byte.
/// let mut decoder = Decoder::new();
/// decoder.feed(&bytes[..bytes.len() - 1], |_, _| unreachable!("it has no marks"))?;
/// assert_eq!(decoder.finish(), Err(InvalidSnapshot::Truncated));
/// # Ok::<(), InvalidSnapshot>(())
/// ```
pub struct Decoder {
    sum: Context,
    pub(super) rest: Vec<u8>,
    cursor: Option<Cursor>,
    last_seq: i64,
    marks: u64,
    state: State,
}

/// The bytes are not a whole snapshot.
///
/// ```
/// use rescind::ledger::snapshot::{Decoder, InvalidSnapshot};
///
/// // A proxy answered in the authority's stead.
/// let mut decoder = Decoder::new();
/// let page = b"<!doctype html><title>502 Bad Gateway</title>";
/// assert_eq!(decoder.feed(page, |_, _| ()), Err(InvalidSnapshot::NotOne));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSnapshot {
    /// It does not begin like one.
    #[error("not a snapshot")]
    NotOne,
    /// It is written in another version of the form.
    #[error("a snapshot of version {0}, which is not known here")]
    Version(u8),
    /// A record is none, or stands where it must not.
    #[error("the snapshot has a malformed record")]
    Malformed,
    /// The number of marks or the sum over everything is another than its end says.
    #[error("the snapshot was garbled")]
    Garbled,
    /// Something comes after its end.
    #[error("something follows the snapshot")]
    Trailing,
    /// Its end is missing.
    #[error("the snapshot breaks off")]
    Truncated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Header,
    Records,
    Done,
    Failed(InvalidSnapshot),
}

impl Decoder {
    /// Before the first byte.
    ///
    /// ```
    /// use rescind::ledger::snapshot::Decoder;
    ///
    /// let decoder = Decoder::new();
    /// assert_eq!((decoder.cursor(), decoder.marks()), (None, 0));
    /// ```
    pub fn new() -> Self {
        Self {
            sum: Context::new(&SHA256),
            rest: Vec::new(),
            cursor: None,
            last_seq: 0,
            marks: 0,
            state: State::Header,
        }
    }

    /// Takes the next piece, and hands out each mark that is complete with its `seq`, in order. They are right only if
    /// [`Decoder::finish`] says so in the end.
    ///
    /// ```
    /// use rescind::ledger::snapshot::{Decoder, Encoder};
    /// use rescind::ledger::{Cursor, Mark, MarkKey};
    /// # use rescind::clock::Timestamp;
    ///
    /// let cut = Mark { tenant: None, key: MarkKey::Key("k1".into()), min_version: None, expires_at: Timestamp::MAX };
    /// let mut bytes = Vec::new();
    /// let mut encoder = Encoder::begin(Cursor { seq: 1, tag: [0xa7; 16] }, &mut bytes);
    /// encoder.mark(1, &cut, &mut bytes)?;
    /// encoder.finish(&mut bytes);
    ///
    /// let (mut decoder, mut marks) = (Decoder::new(), Vec::new());
    /// for byte in bytes.chunks(1) {
    ///     decoder.feed(byte, |_, mark| marks.push(mark))?;
    /// }
    /// assert_eq!(marks, [cut]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Where the bytes cannot be a snapshot, whatever comes. From then on it says the same.
    pub fn feed(&mut self, bytes: &[u8], mut take: impl FnMut(i64, Mark)) -> Result<(), InvalidSnapshot> {
        if let State::Failed(error) = self.state {
            return Err(error);
        }
        let outcome = self.feed_all(bytes, &mut take);
        if let Err(error) = outcome {
            self.state = State::Failed(error);
            self.rest = Vec::new();
        }
        outcome
    }

    /// Where the snapshot ends in the ledger: known once its first 33 bytes are.
    ///
    /// ```
    /// use rescind::ledger::Cursor;
    /// use rescind::ledger::snapshot::{Decoder, Encoder};
    ///
    /// let (end, mut bytes) = (Cursor { seq: 42, tag: [0xa7; 16] }, Vec::new());
    /// Encoder::begin(end, &mut bytes).finish(&mut bytes);
    /// let mut decoder = Decoder::new();
    /// decoder.feed(&bytes[..33], |_, _| ())?;
    /// assert_eq!(decoder.cursor(), Some(end));
    /// # Ok::<(), rescind::ledger::snapshot::InvalidSnapshot>(())
    /// ```
    pub const fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }

    /// How many marks came so far.
    ///
    /// ```
    /// use rescind::ledger::snapshot::Decoder;
    ///
    /// // For a log line while much is loaded.
    /// assert_eq!(Decoder::new().marks(), 0);
    /// ```
    pub const fn marks(&self) -> u64 {
        self.marks
    }

    /// Everything came: where the snapshot ends in the ledger.
    ///
    /// ```
    /// use rescind::ledger::Cursor;
    /// use rescind::ledger::snapshot::{Decoder, Encoder, InvalidSnapshot};
    ///
    /// let (end, mut bytes) = (Cursor { seq: 42, tag: [0xa7; 16] }, Vec::new());
    /// Encoder::begin(end, &mut bytes).finish(&mut bytes);
    /// let read = |bytes: &[u8]| {
    ///     let mut decoder = Decoder::new();
    ///     decoder.feed(bytes, |_, _| ()).and_then(|()| decoder.finish())
    /// };
    /// assert_eq!(read(&bytes), Ok(end));
    /// *bytes.last_mut().expect("it has an end") ^= 1;
    /// assert_eq!(read(&bytes), Err(InvalidSnapshot::Garbled));
    /// ```
    ///
    /// # Errors
    /// [`InvalidSnapshot::Truncated`] where its end is missing, and whatever [`Decoder::feed`] has said.
    pub fn finish(self) -> Result<Cursor, InvalidSnapshot> {
        match (self.state, self.cursor) {
            (State::Failed(error), _) => Err(error),
            (State::Done, Some(cursor)) => Ok(cursor),
            _ => Err(InvalidSnapshot::Truncated),
        }
    }

    /// Steps through what is left of the pieces before and this one; copies only what ends within a record.
    fn feed_all(
        &mut self,
        mut bytes: &[u8],
        take: &mut impl FnMut(i64, Mark),
    ) -> Result<(), InvalidSnapshot> {
        while !self.rest.is_empty() && !bytes.is_empty() {
            let mut rest = std::mem::take(&mut self.rest);
            let missing = match self.step(&rest, take)? {
                Step::Took(_) => return Err(InvalidSnapshot::Malformed),
                Step::Needs(needed) => needed.saturating_sub(rest.len()).max(1),
            };
            let (more, left) = bytes.split_at(missing.min(bytes.len()));
            rest.extend_from_slice(more);
            bytes = left;
            match self.step(&rest, take)? {
                Step::Took(length) if length == rest.len() => {}
                Step::Took(_) => return Err(InvalidSnapshot::Malformed),
                Step::Needs(_) => self.rest = rest,
            }
        }
        loop {
            if bytes.is_empty() {
                return Ok(());
            }
            match self.step(bytes, take)? {
                Step::Took(length) => bytes = &bytes[length..],
                Step::Needs(_) => {
                    self.rest = bytes.to_vec();
                    return Ok(());
                }
            }
        }
    }

    fn step(&mut self, bytes: &[u8], take: &mut impl FnMut(i64, Mark)) -> Result<Step, InvalidSnapshot> {
        match self.state {
            State::Header => self.header(bytes),
            State::Records => match bytes.first() {
                None => Ok(Step::Needs(1)),
                Some(&END) => self.end(bytes),
                Some(_) => self.record(bytes, take),
            },
            State::Done => Err(InvalidSnapshot::Trailing),
            State::Failed(error) => Err(error),
        }
    }

    fn header(&mut self, bytes: &[u8]) -> Result<Step, InvalidSnapshot> {
        let magic = MAGIC.len().min(bytes.len());
        if bytes[..magic] != MAGIC[..magic] {
            return Err(InvalidSnapshot::NotOne);
        }
        match bytes.get(MAGIC.len()) {
            Some(&version) if version != VERSION => return Err(InvalidSnapshot::Version(version)),
            _ => {}
        }
        let mut fields = Fields::new(bytes, MAGIC.len() + 1);
        let (Some(seq), Some(tag)) = (fields.number(), fields.array()) else {
            return Ok(Step::Needs(HEADER));
        };
        if seq < 0 {
            return Err(InvalidSnapshot::Malformed);
        }
        self.cursor = Some(Cursor { seq, tag });
        self.state = State::Records;
        Ok(self.took(bytes, fields.at))
    }

    fn record(&mut self, bytes: &[u8], take: &mut impl FnMut(i64, Mark)) -> Result<Step, InvalidSnapshot> {
        let kind = bytes[0];
        let form = kind & !(HAS_TENANT | HAS_VERSION);
        if !(form::TOKEN..=form::DIGEST).contains(&form) {
            return Err(InvalidSnapshot::Malformed);
        }
        let mut fields = Fields::new(bytes, 1);
        match read_record(&mut fields, kind, form)? {
            None => Ok(Step::Needs(fields.needed)),
            Some((seq, mark)) => {
                let within = self.cursor.is_some_and(|cursor| seq <= cursor.seq);
                if seq <= self.last_seq || !within {
                    return Err(InvalidSnapshot::Malformed);
                }
                self.last_seq = seq;
                self.marks += 1;
                take(seq, mark);
                Ok(self.took(bytes, fields.at))
            }
        }
    }

    fn end(&mut self, bytes: &[u8]) -> Result<Step, InvalidSnapshot> {
        let Some(trailer) = bytes.get(..TRAILER) else { return Ok(Step::Needs(TRAILER)) };
        let (counted, sum) = trailer.split_at(TRAILER - 32);
        self.sum.update(counted);
        let marks = Fields::new(counted, 1).array().map(u64::from_be_bytes);
        let same = self.sum.clone().finish().as_ref() == sum;
        if marks != Some(self.marks) || !same {
            return Err(InvalidSnapshot::Garbled);
        }
        self.state = State::Done;
        Ok(Step::Took(TRAILER))
    }

    fn took(&mut self, bytes: &[u8], length: usize) -> Step {
        self.sum.update(&bytes[..length]);
        Step::Took(length)
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("cursor", &self.cursor)
            .field("marks", &self.marks)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// What one look at the bytes came to.
enum Step {
    /// So many bytes were a whole thing.
    Took(usize),
    /// At least so many bytes are needed, all counted.
    Needs(usize),
}

/// None where bytes are missing; `fields` then knows how many there must be.
fn read_record(fields: &mut Fields<'_>, kind: u8, form: u8) -> Result<Option<(i64, Mark)>, InvalidSnapshot> {
    let versioned = matches!(form, form::USER | form::TENANT);
    if kind & HAS_VERSION != 0 && !versioned {
        return Err(InvalidSnapshot::Malformed);
    }
    let (Some(seq), Some(millis)) = (fields.number(), fields.number()) else { return Ok(None) };
    let expires_at = Timestamp::from_millis(millis);
    if expires_at.as_millis() != millis {
        return Err(InvalidSnapshot::Malformed);
    }
    let tenant = if kind & HAS_TENANT != 0 {
        let Some(id) = fields.uuid() else { return Ok(None) };
        Some(TenantId(id))
    } else {
        None
    };
    let min_version = if kind & HAS_VERSION != 0 {
        let Some(version) = fields.number() else { return Ok(None) };
        Some(version)
    } else {
        None
    };
    let Some(key) = read_key(fields, form)? else { return Ok(None) };
    Ok(Some((seq, Mark { tenant, key, min_version, expires_at })))
}

fn read_key(fields: &mut Fields<'_>, form: u8) -> Result<Option<MarkKey>, InvalidSnapshot> {
    Ok(match form {
        form::TOKEN => fields.uuid().map(|id| MarkKey::Token(TokenKey::Uuid(id))),
        form::SESSION => fields.uuid().map(|id| MarkKey::Session(SessionId(id))),
        form::USER => fields.uuid().map(|id| MarkKey::User(UserId(id))),
        form::TENANT => fields.uuid().map(|id| MarkKey::Tenant(TenantId(id))),
        form::CLIENT => fields.uuid().map(|id| MarkKey::Client(ClientId(id))),
        form::DIGEST => fields.array().map(MarkKey::Digest),
        form::KEY => fields.text()?.map(|kid| MarkKey::Key(kid.into())),
        form::TOKEN_TEXT => match fields.text()?.map(|jti| MarkKey::parse(CutKind::Token, jti)) {
            // One that is a UUID is written as such, so that each mark has one form only.
            Some(Ok(key @ MarkKey::Token(TokenKey::Text(_)))) => Some(key),
            Some(_) => return Err(InvalidSnapshot::Malformed),
            None => None,
        },
        _ => return Err(InvalidSnapshot::Malformed),
    })
}

/// The fields of a record, one after the other.
struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    /// How many bytes the fields need that were asked for.
    needed: usize,
}

impl<'a> Fields<'a> {
    const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, needed: at }
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        self.needed = self.at + length;
        let field = self.bytes.get(self.at..self.needed)?;
        self.at = self.needed;
        Some(field)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn number(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    fn uuid(&mut self) -> Option<Uuid> {
        self.array().map(Uuid::from_bytes)
    }

    fn text(&mut self) -> Result<Option<&'a str>, InvalidSnapshot> {
        let Some(length) = self.array().map(u32::from_be_bytes) else { return Ok(None) };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > LONGEST_TEXT {
            return Err(InvalidSnapshot::Malformed);
        }
        let Some(text) = self.take(length) else { return Ok(None) };
        std::str::from_utf8(text).map(Some).map_err(|_| InvalidSnapshot::Malformed)
    }
}
