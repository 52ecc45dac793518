//! Signing whatever there is, which the crate under test does not do: it signs its own claims only.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The HS256 secret that the issuers of [`super::world`] share, and that signs what a fuzzer makes up.
pub(crate) const SECRET: [u8; 32] = *b"known to all, and signs tests...";

/// What the key of [`SECRET`] is called.
pub(crate) const KID: &str = "shared";

/// A token with this header and this payload, signed with HS256.
pub(crate) fn sign(header: &[u8], payload: &[u8]) -> String {
    let input = format!("{}.{}", encode(header), encode(payload));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SECRET), input.as_bytes());
    format!("{input}.{}", encode(tag.as_ref()))
}

/// SHA-256 of a token's `header.payload`, computed from its text.
pub(crate) fn digest_of(token: &str) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, signing_input(token).as_bytes()).as_ref());
    sum
}

/// `header.payload`.
pub(crate) fn signing_input(token: &str) -> &str {
    token.rsplit_once('.').map_or("", |(input, _)| input)
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
