//! Compression, a piece at a time.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// How many bytes make a piece.
pub(super) const PIECE: usize = 64 * 1024;

/// Gathers what is written to pieces worth sending.
pub(super) enum Packing {
    /// As it is.
    None(Vec<u8>),
    /// Compressed: fast, since a reader waits for it.
    Gzip(GzEncoder<Vec<u8>>),
}

impl Packing {
    pub(super) const fn none() -> Self {
        Self::None(Vec::new())
    }

    pub(super) fn gzip() -> Self {
        Self::Gzip(GzEncoder::new(Vec::new(), Compression::fast()))
    }

    /// Takes everything out of `bytes`.
    pub(super) fn take(&mut self, bytes: &mut Vec<u8>) -> std::io::Result<()> {
        match self {
            Self::None(packed) => packed.append(bytes),
            Self::Gzip(packer) => {
                packer.write_all(bytes)?;
                bytes.clear();
            }
        }
        Ok(())
    }

    /// What is ready to be sent, if that is enough.
    pub(super) fn piece(&mut self) -> Option<Vec<u8>> {
        let ready = match self {
            Self::None(packed) => packed,
            Self::Gzip(packer) => packer.get_mut(),
        };
        (ready.len() >= PIECE).then(|| std::mem::take(ready))
    }

    /// What is left.
    pub(super) fn finish(self) -> std::io::Result<Vec<u8>> {
        match self {
            Self::None(packed) => Ok(packed),
            Self::Gzip(packer) => packer.finish(),
        }
    }
}
