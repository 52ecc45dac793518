//! Writing a snapshot.

use aws_lc_rs::digest::{Context, SHA256};

use super::{END, HAS_TENANT, HAS_VERSION, LONGEST_TEXT, MAGIC, VERSION, form};
use crate::ledger::{Cursor, Mark, MarkKey, TokenKey};

/// Writes a snapshot, a mark at a time, to the end of whatever buffer it is handed.
///
/// ```
/// use rescind::ledger::Cursor;
/// use rescind::ledger::snapshot::{Decoder, Encoder, InvalidSnapshot};
///
/// let end = Cursor { seq: 42, tag: [0xa7; 16] };
/// let mut bytes = Vec::new();
/// Encoder::begin(end, &mut bytes).finish(&mut bytes);
///
/// let mut decoder = Decoder::new();
/// decoder.feed(&bytes, |_, _| unreachable!("nothing is revoked"))?;
/// assert_eq!(decoder.finish()?, end);
/// # Ok::<(), InvalidSnapshot>(())
/// ```
pub struct Encoder {
    sum: Context,
    marks: u64,
}

/// A mark whose text is longer than [`LONGEST_TEXT`].
///
/// ```
/// use rescind::ledger::snapshot::{Encoder, Unencodable};
/// use rescind::ledger::{Cursor, Mark, MarkKey};
/// # use rescind::clock::Timestamp;
///
/// let key = MarkKey::Key("k".repeat(1 << 20).into());
/// let endless = Mark { tenant: None, key, min_version: None, expires_at: Timestamp::MAX };
/// let mut bytes = Vec::new();
/// let mut encoder = Encoder::begin(Cursor::default(), &mut bytes);
/// assert_eq!(encoder.mark(1, &endless, &mut bytes), Err(Unencodable));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a mark's text is too long for a snapshot")]
pub struct Unencodable;

impl Encoder {
    /// Begins a snapshot that ends at `cursor`.
    ///
    /// ```
    /// use rescind::ledger::Cursor;
    /// use rescind::ledger::snapshot::Encoder;
    ///
    /// let mut bytes = Vec::new();
    /// Encoder::begin(Cursor { seq: 42, tag: [0xa7; 16] }, &mut bytes);
    /// // Magic, version, `seq` and tag: a reader knows at once where it will end.
    /// assert_eq!(bytes.len(), 33);
    /// ```
    pub fn begin(cursor: Cursor, out: &mut Vec<u8>) -> Self {
        let from = out.len();
        out.extend_from_slice(&MAGIC);
        out.push(VERSION);
        out.extend_from_slice(&cursor.seq.to_be_bytes());
        out.extend_from_slice(&cursor.tag);
        let mut encoder = Self { sum: Context::new(&SHA256), marks: 0 };
        encoder.sum.update(&out[from..]);
        encoder
    }

    /// Adds a mark. To be called in the order of `seq`, up to the cursor's.
    ///
    /// ```
    /// use rescind::ledger::snapshot::Encoder;
    /// use rescind::ledger::{Cursor, Mark, MarkKey};
    /// # use rescind::clock::Timestamp;
    ///
    /// let cut = Mark { tenant: None, key: MarkKey::Key("k1".into()), min_version: None, expires_at: Timestamp::MAX };
    /// let mut bytes = Vec::new();
    /// let mut encoder = Encoder::begin(Cursor { seq: 1, tag: [0xa7; 16] }, &mut bytes);
    /// bytes.clear();
    /// encoder.mark(1, &cut, &mut bytes)?;
    /// // What was written may be sent, and its buffer used again.
    /// assert!(!bytes.is_empty());
    /// # Ok::<(), rescind::ledger::snapshot::Unencodable>(())
    /// ```
    ///
    /// # Errors
    /// Where the text of its key is longer than a reader takes; then nothing was written.
    pub fn mark(&mut self, seq: i64, mark: &Mark, out: &mut Vec<u8>) -> Result<(), Unencodable> {
        let (form, key) = key_form(&mark.key);
        if key.as_text().is_some_and(|text| text.len() > LONGEST_TEXT) {
            return Err(Unencodable);
        }
        let from = out.len();
        let tenant = mark.tenant.map_or(0, |_| HAS_TENANT);
        let version = mark.min_version.map_or(0, |_| HAS_VERSION);
        out.push(form | tenant | version);
        out.extend_from_slice(&seq.to_be_bytes());
        out.extend_from_slice(&mark.expires_at.as_millis().to_be_bytes());
        if let Some(tenant) = mark.tenant {
            out.extend_from_slice(tenant.0.as_bytes());
        }
        if let Some(version) = mark.min_version {
            out.extend_from_slice(&version.to_be_bytes());
        }
        key.write(out);
        self.sum.update(&out[from..]);
        self.marks += 1;
        Ok(())
    }

    /// Writes the end, by which a reader knows that nothing is missing.
    ///
    /// ```
    /// use rescind::ledger::Cursor;
    /// use rescind::ledger::snapshot::Encoder;
    ///
    /// let mut bytes = Vec::new();
    /// let encoder = Encoder::begin(Cursor::default(), &mut bytes);
    /// let begun = bytes.len();
    /// encoder.finish(&mut bytes);
    /// // The end's byte, the number of marks, and SHA-256 over everything before.
    /// assert_eq!(bytes.len() - begun, 1 + 8 + 32);
    /// ```
    pub fn finish(mut self, out: &mut Vec<u8>) {
        let from = out.len();
        out.push(END);
        out.extend_from_slice(&self.marks.to_be_bytes());
        self.sum.update(&out[from..]);
        out.extend_from_slice(self.sum.finish().as_ref());
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("marks", &self.marks).finish_non_exhaustive()
    }
}

enum Key<'a> {
    Fixed(&'a [u8]),
    Text(&'a str),
}

impl Key<'_> {
    const fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Fixed(_) => None,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Fixed(bytes) => out.extend_from_slice(bytes),
            Self::Text(text) => {
                // Not longer than [`LONGEST_TEXT`].
                let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(text.as_bytes());
            }
        }
    }
}

fn key_form(key: &MarkKey) -> (u8, Key<'_>) {
    match key {
        MarkKey::Token(TokenKey::Uuid(id)) => (form::TOKEN, Key::Fixed(id.as_bytes())),
        MarkKey::Token(TokenKey::Text(text)) => (form::TOKEN_TEXT, Key::Text(text)),
        MarkKey::Session(id) => (form::SESSION, Key::Fixed(id.0.as_bytes())),
        MarkKey::User(id) => (form::USER, Key::Fixed(id.0.as_bytes())),
        MarkKey::Tenant(id) => (form::TENANT, Key::Fixed(id.0.as_bytes())),
        MarkKey::Client(id) => (form::CLIENT, Key::Fixed(id.0.as_bytes())),
        MarkKey::Key(kid) => (form::KEY, Key::Text(kid)),
        MarkKey::Digest(digest) => (form::DIGEST, Key::Fixed(digest)),
    }
}
