//! What is asked again before something that cannot be undone, or that hands out power which outlives the session.

use rescind::authority::Error;
use secrecy::SecretString;
use serde::Deserialize;

use crate::http::{Code, Problem};
use crate::site::desk::Desk;
use crate::site::trouble::{Refused, Trouble};

/// The visitor's password, and the name of what is about to end, typed.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Confirmation {
    password: Option<SecretString>,
    typed: Option<String>,
    pub(super) reason: Option<String>,
}

/// A form that asks for it: as it is shown first, or again with what was typed, but for the password.
#[derive(Debug, Default)]
pub(super) struct Filled {
    form: Confirmation,
    pub(super) trouble: Option<Trouble>,
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
        desk.authority().confirm_password(desk.caller(), password).await.map_err(refused)
    }

    /// The form again with what was wrong, and how that is answered; what a person cannot mend there is given back.
    pub(super) fn again(self, problem: Problem) -> Result<(Filled, Refused), Problem> {
        let trouble = Trouble::of(problem)?;
        let refused = trouble.refused();
        Ok((Filled { form: self, trouble: Some(trouble) }, refused))
    }
}

impl Filled {
    /// The name, as it was typed.
    pub(super) fn typed(&self) -> &str {
        self.form.typed.as_deref().unwrap_or_default()
    }

    /// The reason, as it was typed.
    pub(super) fn reason(&self) -> &str {
        self.form.reason.as_deref().unwrap_or_default()
    }
}

/// What people are told of a password that was not taken.
fn refused(error: Error) -> Problem {
    match error {
        Error::WrongPassword => {
            Problem::new(Code::WrongPassword).detail("The password is wrong. Nothing was done.")
        }
        Error::Throttled { retry_after } => {
            let minutes = retry_after.as_secs().div_ceil(60).max(1);
            let detail = format!("Too many attempts. Try again in {minutes} min. Nothing was done.");
            Problem::new(Code::TooManyAttempts).retry_after(retry_after).detail(detail)
        }
        other => other.into(),
    }
}
