//! Registering: a person makes the own account.

use std::net::{IpAddr, Ipv4Addr};

use secrecy::SecretString;

use crate::audit::{Actor, action};
use crate::authority::error::{Error, Result};
use crate::authority::users::check_email;
use crate::authority::{Authority, Caller};
use crate::clock::Timestamp;
use crate::directory::{NewUser, User, password};
use crate::entropy::uuid_v7;
use crate::id::UserId;
use crate::store::Provenance;

/// The role of whoever registers.
const REGISTERED_ROLE: &str = "user";

/// Who registers.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
/// use rescind::authority::{Caller, Error, Identity, Origin, Registration};
///
/// let registration = Registration {
///     email: "bob@example.com".into(),
///     password: "a bowl of wooden spoons".into(),
///     tenant: Some("acme".into()),
///     date_of_birth: None,
/// };
/// let caller = Caller { identity: Identity::Anonymous, origin: Origin::default() };
/// // Unless the settings say otherwise, nobody registers.
/// assert_eq!(authority.register(&caller, registration).await, Err(Error::RegistrationClosed));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Registration {
    /// The email.
    pub email: String,
    /// The password.
    pub password: SecretString,
    /// The tenant, by its slug or id; none: `default`.
    pub tenant: Option<String>,
    /// The date of birth, where the settings ask for an age. It is not kept.
    pub date_of_birth: Option<jiff::civil::Date>,
}

impl Authority {
    /// Makes an account for whoever asks, where registration is open.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
    /// use rescind::authority::{Authority, AuthoritySettings, Caller, Error, Identity, Origin, Registration};
    ///
    /// let usual = AuthoritySettings::new("https://auth.example");
    /// let settings = AuthoritySettings { registration_open: true, ..usual };
    /// # let started = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
    /// # let authority = started.authority;
    /// let caller = Caller { identity: Identity::Anonymous, origin: Origin::default() };
    /// let registration = Registration {
    ///     email: "bob@example.com".into(),
    ///     password: "a bowl of wooden spoons".into(),
    ///     tenant: None,
    ///     date_of_birth: Some("2000-02-29".parse()?),
    /// };
    /// let child = Registration { date_of_birth: Some("2020-02-29".parse()?), ..registration.clone() };
    /// let refused = authority.register(&caller, child).await.unwrap_err();
    /// assert_eq!(refused, Error::AgeBelowMinimum { minimum: 16 });
    ///
    /// let bob = authority.register(&caller, registration).await?;
    /// assert!(!bob.is_admin());
    /// # Ok(())
    /// # });
    /// ```
    pub async fn register(&self, caller: &Caller, registration: Registration) -> Result<User> {
        let now = self.now();
        if !self.settings.registration_open {
            return Err(Error::RegistrationClosed);
        }
        let address = caller.origin.ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        self.throttle.count_address(address, now)?;
        self.check_age(registration.date_of_birth, now)?;
        check_email(&registration.email)?;
        if let Some(why) = password::weakness(&registration.password, &registration.email) {
            return Err(Error::PasswordTooWeak(why));
        }
        let tenant = match registration.tenant.as_deref() {
            Some(name) => self.tenant_named(name).await?.ok_or(Error::NotFound)?,
            None => self.store.tenant(self.default_tenant().await?).await?,
        };
        if tenant.is_system() || tenant.suspended {
            return Err(Error::RegistrationClosed);
        }
        let password = self.hash_password(registration.password).await?;
        let user = NewUser {
            id: UserId(uuid_v7(now, &*self.entropy)),
            tenant: tenant.id,
            email: registration.email,
            role: REGISTERED_ROLE.to_owned(),
            password: Some(password),
        };
        let by = Provenance { actor: Actor::Anonymous, ..caller.provenance(now) };
        Ok(self.store.create_user(user, action::USER_REGISTERED, by).await?)
    }

    fn check_age(&self, born: Option<jiff::civil::Date>, now: Timestamp) -> Result<()> {
        let minimum = self.settings.minimum_age;
        match born {
            _ if minimum == 0 => Ok(()),
            Some(born) if is_of_age(born, today(now), minimum) => Ok(()),
            _ => Err(Error::AgeBelowMinimum { minimum }),
        }
    }
}

fn today(now: Timestamp) -> jiff::civil::Date {
    jiff::Timestamp::from_millisecond(now.as_millis())
        .unwrap_or_default()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
}

/// Whether somebody born on that day has had that birthday. Who was born on 29 February has it on 1 March in other years.
fn is_of_age(born: jiff::civil::Date, today: jiff::civil::Date, minimum: u32) -> bool {
    let years = i32::from(today.year()) - i32::from(born.year());
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    born <= today && years - i32::from(!had_birthday) >= i32::try_from(minimum).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn one_is_of_age_on_the_birthday_and_not_the_day_before() {
        assert!(is_of_age(date(2010, 6, 15), date(2026, 6, 15), 16));
        assert!(!is_of_age(date(2010, 6, 15), date(2026, 6, 14), 16));
        assert!(!is_of_age(date(2008, 2, 29), date(2025, 2, 28), 17));
        assert!(is_of_age(date(2008, 2, 29), date(2025, 3, 1), 17));
        assert!(!is_of_age(date(2030, 1, 1), date(2026, 1, 1), 0), "not born yet");
    }
}
