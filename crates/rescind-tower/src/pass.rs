//! What the layer leaves in a request for those inside it.

use std::sync::Arc;

use http::{Extensions, HeaderValue};
use rescind::token::SignedToken;
use rescind::verifier::Verifier;

use crate::authenticated::Authenticated;
use crate::credentials::{Presented, Source};
use crate::denial::Realm;

/// How a request has come through a [`Protect`](crate::Protect). Only this crate can name it, so that nobody else can put one into
/// a request; and nothing that comes over the wire becomes an extension.
#[derive(Clone)]
pub(crate) enum Pass {
    /// Without credentials, where that is allowed.
    Anonymous(Realm),
    /// With a token that was good.
    Known { caller: Authenticated, source: Source, value: HeaderValue },
}

impl Pass {
    pub(crate) fn known(caller: Authenticated, source: Source, value: HeaderValue) -> Self {
        Self::Known { caller, source, value }
    }

    /// That of the innermost layer that a request has come through.
    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// What the same verifier has already proved of the very token that is presented: one that came in another way, or was
    /// exchanged for another since, was not looked at.
    pub(crate) fn proved<'e>(
        extensions: &'e Extensions,
        verifier: &Arc<Verifier>,
        presented: &Presented<'_>,
    ) -> Option<&'e SignedToken> {
        match Self::of(extensions)? {
            Self::Known { caller, source, value }
                if caller.is_by(verifier) && *source == presented.source && value == presented.value =>
            {
                Some(caller)
            }
            _ => None,
        }
    }
}
