//! What is asked again before something that cannot be undone, or that hands out power which outlives the session.

use secrecy::SecretString;
use serde::Deserialize;

use crate::http::{Code, Problem};
use crate::site::desk::Desk;

/// The visitor's password, and the name of what is about to end, typed.
#[derive(Deserialize)]
pub(super) struct Confirmation {
    password: Option<SecretString>,
    typed: Option<String>,
    pub(super) reason: Option<String>,
}

impl Confirmation {
    /// With a password alone.
    pub(super) const fn by(password: Option<SecretString>) -> Self {
        Self { password, typed: None, reason: None }
    }

    /// Whether the visitor knows the password, as whoever finds an open browser does not, and has typed `name`.
    pub(super) async fn check(&self, desk: &Desk, name: Option<&str>) -> Result<(), Problem> {
        let typed = self.typed.as_deref().unwrap_or_default().trim();
        if name.is_some_and(|name| name != typed) {
            let detail = "What you typed is not the name that was asked for. Nothing was done.";
            return Err(Problem::new(Code::InvalidMember).member("typed").detail(detail));
        }
        let password = self.password.clone().unwrap_or_default();
        desk.authority().confirm_password(desk.caller(), password).await.map_err(|error| match error {
            rescind::authority::Error::WrongPassword => {
                Problem::new(Code::WrongPassword).detail("The password is wrong. Nothing was done.")
            }
            other => other.into(),
        })
    }
}
