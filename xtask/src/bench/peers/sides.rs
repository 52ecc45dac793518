//! What is compared with what.

/// One kind of work, and who does it. The first is Rescind.
pub(super) struct Contest {
    /// What the ids of its measurements begin with.
    pub(super) id: &'static str,
    /// What is done.
    pub(super) work: &'static str,
    /// What the figures mean.
    pub(super) unit: Unit,
    /// The end of the ids, and a name.
    pub(super) sides: &'static [Side],
}

/// Who does it.
pub(super) struct Side {
    /// The end of its ids.
    pub(super) id: &'static str,
    /// The end of the id of its floor.
    pub(super) floor: &'static str,
    /// Its name.
    pub(super) name: &'static str,
}

/// What a figure means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Per second: the more, the faster.
    Rate,
    /// Nanoseconds: the less, the faster.
    Time,
}

const PROTECTED: &[Side] = &[
    side("rescind", "rescind/open", "**Rescind**: axum + rescind-tower + rescind-remote, tokens seen before"),
    side("rescind, each signature", "rescind/open", "the same, each Ed25519 signature checked anew"),
    side("express", "express/open", "express + jsonwebtoken (KeyObject, HS256) + ioredis: `EXISTS`"),
    side("flask", "flask/open", "flask-jwt-extended (HS256) + Redis: `GET`"),
    side(
        "django",
        "django/open",
        "djangorestframework-simplejwt (HS256): the user's row; access tokens cannot be revoked",
    ),
];

const REFRESH: &[Side] = &[
    side("rescind", "rescind/open", "**Rescind** on PostgreSQL"),
    side("django", "django/open", "djangorestframework-simplejwt, rotation and blacklist on PostgreSQL"),
];

const INTROSPECT: &[Side] = &[
    side("rescind", "rescind/open", "**Rescind**: `/oauth2/introspect`, a signed token, all cuts"),
    side("oidc", "oidc/open", "oidc-provider: `/token/introspection`, an opaque token in Redis"),
    side(
        "django",
        "django/open",
        "djangorestframework-simplejwt: `TokenVerifyView`, HS256, blacklist on PostgreSQL",
    ),
];

const BARE: &[Side] = &[
    side("rescind", "floor", "**Rescind**: `Validator`"),
    side("jsonwebtoken", "floor", "the crate jsonwebtoken (on aws-lc-rs)"),
    side("jwt-simple", "floor", "the crate jwt-simple (on BoringSSL)"),
];

/// All of them, in the order of the table.
pub(super) const CONTESTS: &[Contest] = &[
    rates("protected/64", "a protected route, 64 connections", PROTECTED),
    rates("protected/1", "a protected route, 1 connection", PROTECTED),
    rates("refresh/64", "refresh with rotation, 64 connections", REFRESH),
    rates("refresh/1", "refresh with rotation, 1 connection", REFRESH),
    rates("introspect/64", "is this token good? 64 connections", INTROSPECT),
    rates("introspect/1", "is this token good? 1 connection", INTROSPECT),
    times("bare/eddsa", "verify in process, Ed25519"),
    times("bare/hs256", "verify in process, HS256"),
    times("bare/es256", "verify in process, ES256"),
    times("bare/rs256", "verify in process, RS256"),
];

const fn side(id: &'static str, floor: &'static str, name: &'static str) -> Side {
    Side { id, floor, name }
}

const fn rates(id: &'static str, work: &'static str, sides: &'static [Side]) -> Contest {
    Contest { id, work, unit: Unit::Rate, sides }
}

const fn times(id: &'static str, work: &'static str) -> Contest {
    Contest { id, work, unit: Unit::Time, sides: BARE }
}
