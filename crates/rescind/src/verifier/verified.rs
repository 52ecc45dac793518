//! The proof that a token was checked, cuts and all.

use std::ops::Deref;

use crate::token::ValidToken;

/// An access token that was good, and that no cut reached, at the moment of asking. Only a
/// [`Verifier`](super::Verifier) makes one.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
/// use rescind::token::Expected;
/// use rescind::verifier::Verified;
/// use secrecy::ExposeSecret as _;
///
/// /// Whoever asks for one cannot be handed a token that nobody has checked.
/// fn greet(token: &Verified) -> String {
///     format!("Hello, {}!", token.email().unwrap_or("stranger"))
/// }
///
/// let verified = authority.verifier().verify(pair.access_token.expose_secret(), Expected::Configured)?;
/// assert_eq!(greet(&verified), "Hello, ada@example.com!");
/// # Ok(())
/// # });
/// ```
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
