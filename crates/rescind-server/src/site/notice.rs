//! What a page says of the act that led to it.

use serde::Deserialize;

/// An act that was done, told on the page that follows it. The words are fixed, since anybody can write an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Done {
    SessionEnded,
    UserSignedOut,
    OthersSignedOut,
    SessionRenamed,
    PasswordChanged,
    RoleChanged,
    UserDisabled,
    UserEnabled,
    UserDeleted,
    TokenRevoked,
    TenantRevoked,
    TenantSuspended,
    TenantResumed,
    KeysRotated,
    KeyRevoked,
    ClientCreated,
    SecretRotated,
    ClientDeleted,
}

impl Done {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::SessionEnded => "session-ended",
            Self::UserSignedOut => "user-signed-out",
            Self::OthersSignedOut => "others-signed-out",
            Self::SessionRenamed => "session-renamed",
            Self::PasswordChanged => "password-changed",
            Self::RoleChanged => "role-changed",
            Self::UserDisabled => "user-disabled",
            Self::UserEnabled => "user-enabled",
            Self::UserDeleted => "user-deleted",
            Self::TokenRevoked => "token-revoked",
            Self::TenantRevoked => "tenant-revoked",
            Self::TenantSuspended => "tenant-suspended",
            Self::TenantResumed => "tenant-resumed",
            Self::KeysRotated => "keys-rotated",
            Self::KeyRevoked => "key-revoked",
            Self::ClientCreated => "client-created",
            Self::SecretRotated => "secret-rotated",
            Self::ClientDeleted => "client-deleted",
        }
    }

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::SessionEnded => "The session was signed out. Its tokens are refused everywhere.",
            Self::UserSignedOut => "All sessions were signed out. Their tokens are refused everywhere.",
            Self::OthersSignedOut => "All other sessions were signed out.",
            Self::SessionRenamed => "The device was renamed.",
            Self::PasswordChanged => "The password was changed, and all other sessions were signed out.",
            Self::RoleChanged => {
                "The role was changed. Access tokens with the old one are refused from now on."
            }
            Self::UserDisabled => "The user was disabled and signed out everywhere.",
            Self::UserEnabled => "The user may sign in again.",
            Self::UserDeleted => "The user was deleted. Every session has ended.",
            Self::TokenRevoked => "It was revoked, and is refused everywhere.",
            Self::TenantRevoked => "Every session of the tenant was ended.",
            Self::TenantSuspended => {
                "The tenant was suspended: every session has ended, and nobody can sign in."
            }
            Self::TenantResumed => "The tenant's users may sign in again.",
            Self::KeysRotated => "The next key signs from now on.",
            Self::KeyRevoked => "The key was revoked. Whatever it signed is refused everywhere.",
            Self::ClientCreated => "The API client was made.",
            Self::SecretRotated => "The API client has another secret.",
            Self::ClientDeleted => {
                "The API client was disabled for good, and the sessions that it opened have ended."
            }
        }
    }
}

/// What a page is told in its address: an act, and the request that did it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Notice {
    pub(super) done: Option<Done>,
    pub(super) request: Option<String>,
}

impl Notice {
    /// The notice in a query; none where it makes no sense.
    pub(super) fn of(query: &str) -> Self {
        crate::http::form::decode(query.as_bytes()).unwrap_or_default()
    }

    pub(super) fn text(&self) -> Option<&'static str> {
        self.done.map(Done::text)
    }
}

/// The address of `page`, telling of what was done within this request.
pub(super) fn told(page: &str, done: Done) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("done", done.as_str());
    if let Some(exchange) = crate::http::exchange::current() {
        query.append_pair("request", exchange.request_id.as_str());
    }
    let separator = if page.contains('?') { '&' } else { '?' };
    format!("{page}{separator}{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_is_told_and_nonsense_is_not() {
        let notice = Notice::of("x=1&done=session-ended&request=r-1");
        assert_eq!(notice.text(), Some(Done::SessionEnded.text()));
        assert_eq!(notice.request.as_deref(), Some("r-1"));
        for nonsense in ["", "done=", "done=<b>hello</b>", "done=session-ended&done=key-revoked"] {
            assert_eq!(Notice::of(nonsense).text(), None, "{nonsense}");
        }
        let address = told("/admin/users?query=a", Done::KeyRevoked);
        assert_eq!(address, "/admin/users?query=a&done=key-revoked");
        assert_eq!(Notice::of(address.split_once('?').unwrap().1).done, Some(Done::KeyRevoked));
    }
}
