//! The header of a token that is not, to the byte, one that we would write.

use super::json::{JsonError, Members, Value};
use super::key::MAX_KID_BYTES;
use super::rejection::Rejection;
use super::{Algorithm, base64url};

/// What a header says, once it says nothing that we refuse.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) algorithm: Option<Algorithm>,
    pub(crate) alg_present: bool,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Option<String>,
}

impl Header {
    /// Reads an encoded header. Members that we do not know are ignored (RFC 7515 §4), those that would change what
    /// the token means or who vouches for it are not.
    pub(crate) fn read(encoded: &[u8]) -> Result<Self, Rejection> {
        let decoded = base64url::decode(encoded).ok_or(Rejection::InvalidBase64)?;
        let members = Members::<{ SLOTS.len() }>::parse(&decoded, slot).map_err(|error| match error {
            JsonError::Malformed => Rejection::MalformedHeader,
            JsonError::Duplicate => Rejection::DuplicateHeaderMember,
        })?;
        refuse_extensions(&members)?;
        let alg = members.known[0];
        let text = |value: Value| value.string().map(|s| s.text(members.text).into_owned());
        Ok(Self {
            algorithm: alg.and_then(text).and_then(|name| name.parse().ok()),
            alg_present: alg.is_some(),
            kid: members.known[1].map(|kid| acceptable_kid(text(kid))).transpose()?,
            typ: members.known[2].map(|typ| text(typ).ok_or(Rejection::WrongTyp)).transpose()?,
        })
    }
}

/// Alphabetical order does not matter here; [`Header::read`] and [`REFUSED`] know the places.
const SLOTS: [&str; 12] =
    ["alg", "kid", "typ", "cty", "crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c"];

const REFUSED: [(usize, Rejection); 8] = [
    (4, Rejection::CritNotSupported),
    (5, Rejection::B64NotSupported),
    (6, Rejection::ZipNotSupported),
    (7, Rejection::NestedNotSupported),
    (8, Rejection::EmbeddedKey),
    (9, Rejection::EmbeddedKey),
    (10, Rejection::EmbeddedKey),
    (11, Rejection::EmbeddedKey),
];

fn slot(name: &[u8]) -> Option<usize> {
    SLOTS.iter().position(|known| known.as_bytes() == name)
}

fn refuse_extensions(members: &Members<'_, { SLOTS.len() }>) -> Result<(), Rejection> {
    for (place, rejection) in REFUSED {
        if members.known[place].is_some() {
            return Err(rejection);
        }
    }
    match members.known[3].map(Value::string) {
        None => Ok(()),
        Some(Some(cty)) if !is_media_type(&cty.text(members.text), "JWT") => Ok(()),
        Some(_) => Err(Rejection::NestedNotSupported),
    }
}

fn acceptable_kid(kid: Option<String>) -> Result<String, Rejection> {
    kid.filter(|kid| (1..=MAX_KID_BYTES).contains(&kid.len())).ok_or(Rejection::KidInvalid)
}

/// Whether `value` names the media type `application/<short>`, which a header may shorten (RFC 7515 §4.1.9); case
/// does not matter in it.
pub(crate) fn is_media_type(value: &str, short: &str) -> bool {
    const PREFIX: &str = "application/";
    let rest = match value.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => value,
    };
    rest.eq_ignore_ascii_case(short)
}
