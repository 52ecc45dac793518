//! What Rescind reads of strangers, held against promises.
//!
//! Each target is one file with a function `run` that takes any bytes, gives them to what is tested, and asserts what must hold of
//! the outcome, mostly by a second opinion that was written in another way. `cargo xtask fuzz` lets libFuzzer look for bytes
//! that break it, from the inputs that are kept in `corpus/`; an ordinary test replays those.

pub mod access_token;
pub mod claims;
pub mod feed_event;
pub mod header;
pub mod json_body;
pub mod jwk;
pub mod jwks;
pub mod oauth_form;
pub mod public_key_pem;
pub mod refresh_token;
pub mod settings;
pub mod snapshot;
mod support;

/// Something that reads what strangers send, and what must hold of it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of its module, its binary and its corpus.
    pub name: &'static str,
    /// Panics where a promise is broken.
    pub run: fn(&[u8]),
    /// Inputs to begin with, each with its file's name in the corpus. The same each time.
    pub seeds: fn() -> Vec<Seed>,
}

/// An input that somebody thought of.
pub type Seed = (&'static str, Vec<u8>);

macro_rules! targets {
    ($($name:ident),* $(,)?) => {
        /// Every target.
        ///
        /// ```
        /// let jwks = rescind_fuzz::TARGETS.iter().find(|target| target.name == "jwks").unwrap();
        /// (jwks.run)(b"{\"keys\":[]}");
        /// ```
        pub const TARGETS: &[Target] =
            &[$(Target { name: stringify!($name), run: $name::run, seeds: $name::seeds }),*];
    };
}

targets![
    access_token,
    claims,
    feed_event,
    header,
    json_body,
    jwk,
    jwks,
    oauth_form,
    public_key_pem,
    refresh_token,
    settings,
    snapshot,
];
