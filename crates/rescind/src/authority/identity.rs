//! From credentials to identities.

use crate::authority::error::{Error, Result};
use crate::authority::{Authority, SignedIn};
use crate::token::Expected;
use crate::verifier::Verified;

impl Authority {
    /// The user behind an access token that is meant for this authority's own calls.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// use secrecy::ExposeSecret as _;
    ///
    /// let (me, verified) = authority.authenticate_user(pair.access_token.expose_secret()).await?;
    /// assert_eq!(me.session, pair.session_id);
    /// assert_eq!(verified.email(), Some("ada@example.com"));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn authenticate_user(&self, token: &str) -> Result<(SignedIn, Verified)> {
        signed_in(self.check(token, Expected::Configured).await?)
    }

    /// The user behind an access token that is meant for administration, and nothing else.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// use rescind::authority::{Caller, SignIn};
    /// use secrecy::ExposeSecret as _;
    /// # let (email, password) = (rescind_examples::OPERATOR_EMAIL, rescind_examples::OPERATOR_PASSWORD);
    ///
    /// let sign_in = SignIn {
    ///     email: email.into(),
    ///     password: password.into(),
    ///     tenant: None,
    ///     audience: Some(authority.settings().admin_audience()),
    ///     device: Default::default(),
    /// };
    /// let admins = authority.sign_in(&Caller::command_line(), sign_in).await?;
    /// let (admin, _) = authority.authenticate_admin(admins.access_token.expose_secret()).await?;
    /// assert_eq!(admin.role, "admin");
    ///
    /// // A token for anything else opens no door here.
    /// let refused = authority.authenticate_admin(pair.access_token.expose_secret()).await;
    /// assert_eq!(refused.unwrap_err().code(), "invalid_token");
    /// # Ok(())
    /// # });
    /// ```
    pub async fn authenticate_admin(&self, token: &str) -> Result<(SignedIn, Verified)> {
        let audience = self.settings.admin_audience();
        signed_in(self.check(token, Expected::Exactly(&audience)).await?)
    }

    /// The same by a [fresh](Self::check_fresh) check.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// use secrecy::ExposeSecret as _;
    ///
    /// // What is not meant for administration is refused without waiting.
    /// let give_up = std::future::pending();
    /// let refused = authority.authenticate_admin_fresh(pair.access_token.expose_secret(), give_up).await;
    /// assert_eq!(refused.unwrap_err().code(), "invalid_token");
    /// # Ok(())
    /// # });
    /// ```
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
