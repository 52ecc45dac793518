//! The proof that a token was checked, cuts and all.

use std::ops::Deref;

use crate::token::ValidToken;

/// An access token that was good, and that no cut reached, at the moment of asking. Only a
/// [`Verifier`](super::Verifier) makes one.
#[derive(Clone, Debug)]
pub struct Verified(ValidToken);

impl Verified {
    pub(super) const fn new(valid: ValidToken) -> Self {
        Self(valid)
    }
}

impl Deref for Verified {
    type Target = ValidToken;

    fn deref(&self) -> &ValidToken {
        &self.0
    }
}
