//! The text of an access token, as any caller may send it.
//!
//! Whatever is taken has the signing input of a token that an issuer signed, to the byte; a verifier with a cache says the same as
//! one without; what was revoked is refused however it is spelled.

use crate::Seed;
use crate::support::jws::{digest_of, signing_input};
use crate::support::tokens;
use crate::support::world::WORLD;

/// Checks the text.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let verdict = WORLD.verdict(text);
    let Ok(signed) = WORLD.validator.verify(text) else {
        assert!(verdict.is_err(), "a verifier took what its validator refuses");
        return;
    };
    let good = tokens::all();
    let good = good.iter().find(|good| signing_input(&good.token) == signing_input(text));
    let good = good.expect("nobody signed this");
    assert!(!good.one_spelling || good.token == text, "another spelling of {}", good.name);
    assert_eq!(signed.digest(), digest_of(&good.token));
    assert_eq!(verdict.is_ok(), !good.revoked, "{}: {verdict:?}", good.name);
    assert!(
        WORLD.refresh.validate_ignoring_time(text).is_err(),
        "an access token, taken for a refresh token"
    );
}

/// The good tokens, and what is nearly one.
pub fn seeds() -> Vec<Seed> {
    let mut seeds: Vec<Seed> =
        tokens::all().into_iter().map(|good| (good.name, good.token.into_bytes())).collect();
    let ours = tokens::all().swap_remove(0).token;
    seeds.push(("padded", format!("{ours}=").into_bytes()));
    seeds.push(("unsigned", signing_input(&ours).as_bytes().to_vec()));
    seeds.push(("no_signature", format!("{}.", signing_input(&ours)).into_bytes()));
    seeds
}
