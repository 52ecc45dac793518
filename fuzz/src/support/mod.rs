//! What several targets need.

pub(crate) mod json;
pub(crate) mod jws;
pub(crate) mod tokens;
pub(crate) mod world;
