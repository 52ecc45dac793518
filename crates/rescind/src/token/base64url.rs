//! base64url without padding (RFC 7515 §2), in its one canonical spelling.
//!
//! A decoder that ignores padding, white space or the unused low bits of the last character lets one value be
//! spelled in several ways, and whatever is remembered by text (a cache, a cut) can then be dodged.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const STRICT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(false),
);

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    STRICT.encode(bytes)
}

pub(crate) fn encode_to(bytes: &[u8], out: &mut String) {
    STRICT.encode_string(bytes, out);
}

/// The bytes that `text` spells, or nothing where it is not their canonical spelling.
pub(crate) fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    STRICT.decode(text).ok()
}

/// Decodes into `buffer`, which must hold three bytes for each four characters begun.
pub(crate) fn decode_into<'b>(text: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let length = STRICT.decode_slice(text, buffer).ok()?;
    Some(&buffer[..length])
}

/// Decodes exactly `N` bytes.
pub(crate) fn decode_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_decoded() {
        assert_eq!(decode("_-8"), Some(vec![0xff, 0xef]));
        for text in ["_-8=", "/+8", "_-9", " _-8", "_-8\n", "_", "_-8\0", "\u{feff}_-8", "_-8.", "_ -8"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
