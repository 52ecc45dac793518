//! From credentials to identities.

use crate::authority::error::{Error, Result};
use crate::authority::{Authority, SignedIn};
use crate::token::Expected;
use crate::verifier::Verified;

impl Authority {
    /// The user behind an access token that is meant for this authority's own calls.
    pub async fn authenticate_user(&self, token: &str) -> Result<(SignedIn, Verified)> {
        signed_in(self.check(token, Expected::Configured).await?)
    }

    /// The user behind an access token that is meant for administration, and nothing else.
    pub async fn authenticate_admin(&self, token: &str) -> Result<(SignedIn, Verified)> {
        let audience = self.settings.admin_audience();
        signed_in(self.check(token, Expected::Exactly(&audience)).await?)
    }

    /// The same by a [fresh](Self::check_fresh) check.
    pub async fn authenticate_admin_fresh(
        &self,
        token: &str,
        give_up: impl Future<Output = ()>,
    ) -> Result<(SignedIn, Verified)> {
        let audience = self.settings.admin_audience();
        signed_in(self.check_fresh(token, Expected::Exactly(&audience), give_up).await?)
    }
}

fn signed_in(verified: Verified) -> Result<(SignedIn, Verified)> {
    let ids = verified.own_ids().ok_or(Error::TokenRefused("invalid_token"))?;
    let signed_in = SignedIn {
        user: ids.user_id,
        tenant: ids.tenant_id,
        session: ids.session_id,
        role: verified.role().unwrap_or_default().to_owned(),
    };
    Ok((signed_in, verified))
}
