//! The two groups of pages.

use crate::app::App;

/// A group of pages, with a sign-in and cookies of its own: whoever is signed in to the one is not to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Area {
    /// Administration.
    Admin,
    /// A user's own devices.
    Account,
}

/// What a gate in front of an area is handed.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    pub(super) app: App,
    pub(super) area: Area,
}

impl Area {
    /// The path of its first page.
    pub(super) const fn root(self) -> &'static str {
        match self {
            Self::Admin => "/admin",
            Self::Account => "/account",
        }
    }

    /// Where one signs in.
    pub(super) const fn sign_in(self) -> &'static str {
        match self {
            Self::Admin => "/admin/sign-in",
            Self::Account => "/account/sign-in",
        }
    }

    /// Where one signs out.
    pub(super) const fn sign_out(self) -> &'static str {
        match self {
            Self::Admin => "/admin/sign-out",
            Self::Account => "/account/sign-out",
        }
    }

    /// What stands above every page.
    pub(super) const fn heading(self) -> &'static str {
        match self {
            Self::Admin => "Rescind administration",
            Self::Account => "Your account",
        }
    }

    /// The cookies. The prefix has browsers take them from this very host only, over a secure channel, for all paths
    /// (draft-ietf-httpbis-rfc6265bis §4.1.3.2).
    pub(super) const fn access_cookie(self) -> &'static str {
        match self {
            Self::Admin => "__Host-rescind-admin-access",
            Self::Account => "__Host-rescind-account-access",
        }
    }

    pub(super) const fn refresh_cookie(self) -> &'static str {
        match self {
            Self::Admin => "__Host-rescind-admin-refresh",
            Self::Account => "__Host-rescind-account-refresh",
        }
    }

    pub(super) const fn form_cookie(self) -> &'static str {
        match self {
            Self::Admin => "__Host-rescind-admin-form",
            Self::Account => "__Host-rescind-account-form",
        }
    }
}
