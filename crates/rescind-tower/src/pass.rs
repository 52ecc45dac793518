//! What the layer leaves in a request for those inside it.

use std::sync::Arc;

use http::Extensions;
use rescind::token::SignedToken;
use rescind::verifier::Verifier;

use crate::authenticated::Authenticated;
use crate::credentials::{Kept, Presented};
use crate::denial::Realm;

/// How a request has come through a [`Protect`](crate::Protect). Only this crate can name it, so that nobody else can put one into
/// a request; and nothing that comes over the wire becomes an extension.
#[derive(Clone)]
pub(crate) enum Pass {
    /// Without credentials, where that is allowed.
    Anonymous(Realm),
    /// With a token that was good.
    Known { caller: Authenticated, token: Kept },
}

impl Pass {
    /// That of the innermost layer that a request has come through.
    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// What the same verifier has already proved of the very token that is presented, if it has: between two layers a token may be
    /// exchanged for another, and two layers may read different cookies.
    pub(crate) fn proved<'e>(
        extensions: &'e Extensions,
        verifier: &Arc<Verifier>,
        presented: &Presented<'_>,
    ) -> Option<&'e SignedToken> {
        match Self::of(extensions)? {
            Self::Known { caller, token } if caller.is_by(verifier) && token.is(presented) => Some(caller),
            _ => None,
        }
    }
}
