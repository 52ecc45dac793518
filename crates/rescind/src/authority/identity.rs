//! From credentials to identities.

use crate::authority::error::{Error, Result};
use crate::authority::{Authority, SignedIn};
use crate::token::Expected;
use crate::verifier::Verified;

impl Authority {
    /// The user behind an access token that is meant for this authority's own calls.
    pub async fn authenticate_user(&self, token: &str) -> Result<(SignedIn, Verified)> {
        self.authenticate(token, Expected::Configured).await
    }

    /// The user behind an access token that is meant for administration, and nothing else.
    pub async fn authenticate_admin(&self, token: &str) -> Result<(SignedIn, Verified)> {
        self.authenticate(token, Expected::Exactly(&self.settings.admin_audience())).await
    }

    async fn authenticate(&self, token: &str, expected: Expected<'_>) -> Result<(SignedIn, Verified)> {
        let verified = self.check(token, expected).await?;
        let ids = verified.own_ids().ok_or(Error::TokenRefused("invalid_token"))?;
        let signed_in = SignedIn {
            user: ids.user_id,
            tenant: ids.tenant_id,
            session: ids.session_id,
            role: verified.role().unwrap_or_default().to_owned(),
        };
        Ok((signed_in, verified))
    }
}
