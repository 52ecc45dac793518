//! Every call of the server: who may make it, what it answers then, and what it answers for another tenant's things.

/// One call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    /// As the OpenAPI document has it.
    pub(crate) path: &'static str,
    pub(crate) query: &'static str,
    pub(crate) body: Body,
    pub(crate) access: Access,
    /// What whoever may make it is answered.
    pub(crate) done: &'static [u16],
    /// What another tenant's admin is answered.
    pub(crate) foreign: Foreign,
}

/// A request body, with placeholders.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    None,
    Json(&'static str),
    Form(&'static str),
}

/// Who may make a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody; credentials change nothing.
    Anybody,
    /// Whoever holds the token in the body; an API client that the token does not belong to is answered this.
    Holder(&'static [u16]),
    /// Signed-in users, by a token for the default audience.
    User,
    /// As users; API clients count as nobody.
    Forward,
    /// API clients with this scope, and nobody else.
    Backend(&'static str),
    /// Admins, and API clients with this scope.
    Scope(&'static str),
    /// Admins of `system`, and API clients with this scope that no tenant binds.
    Unbound(&'static str),
    /// As `Scope`, in OAuth's words.
    Introspect,
}

/// What happens when a call names another tenant's things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// They do not exist: 404.
    Missing,
    /// It names none; the answer shows none of them.
    NotNamed,
    /// It is for operators: 403.
    Operators,
    /// It is answered as for something unknown, and nothing happens to them.
    Alike(&'static [u16]),
    /// It is everybody's, or about the token that comes with it.
    Public,
}

const fn call(method: &'static str, path: &'static str, access: Access, foreign: Foreign) -> Call {
    Call { method, path, query: "", body: Body::None, access, done: &[200], foreign }
}

impl Call {
    const fn json(mut self, template: &'static str) -> Self {
        self.body = Body::Json(template);
        self
    }

    const fn form(mut self, template: &'static str) -> Self {
        self.body = Body::Form(template);
        self
    }

    const fn query(mut self, template: &'static str) -> Self {
        self.query = template;
        self
    }

    const fn done(mut self, statuses: &'static [u16]) -> Self {
        self.done = statuses;
        self
    }

    /// Whether its body needs this placeholder.
    pub(crate) fn body_has(&self, placeholder: &str) -> bool {
        match self.body {
            Body::None => false,
            Body::Json(template) | Body::Form(template) => template.contains(placeholder),
        }
    }

    /// Whether it is this one.
    pub(crate) fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }
}

use Access::{Anybody, Backend, Forward, Holder, Introspect, Scope, Unbound, User};
use Foreign::{Alike, Missing, NotNamed, Operators, Public};

/// The whole route table. A test compares it with the OpenAPI document.
pub(crate) const CALLS: &[Call] = &[
    call("GET", "/healthz", Anybody, Public),
    call("GET", "/readyz", Anybody, Public),
    call("GET", "/openapi.json", Anybody, Public),
    call("GET", "/docs", Anybody, Public),
    call("GET", "/docs.css", Anybody, Public),
    call("GET", "/.well-known/jwks.json", Anybody, Public),
    call("GET", "/.well-known/oauth-authorization-server", Anybody, Public),
    call("GET", "/metrics", Unbound("metrics"), Operators),
    // For users.
    call("POST", "/api/v1/auth/register", Anybody, Public)
        .json(r#"{"email":"<fresh>@example.com","password":"<password>","date_of_birth":"1990-01-31"}"#)
        .done(&[201]),
    call("POST", "/api/v1/auth/login", Anybody, Public)
        .json(r#"{"email":"<email>","password":"<password>","tenant":"<tenant_id>"}"#),
    call("POST", "/api/v1/auth/refresh", Holder(&[401]), Public).json(r#"{"refresh_token":"<refresh>"}"#),
    call("POST", "/api/v1/auth/logout", Holder(&[204]), Public)
        .json(r#"{"refresh_token":"<dead_refresh>"}"#)
        .done(&[204]),
    call("GET", "/api/v1/auth/me", User, NotNamed),
    call("GET", "/api/v1/auth/sessions", User, NotNamed),
    call("GET", "/api/v1/auth/events", User, NotNamed),
    call("PATCH", "/api/v1/auth/sessions/{session_id}", User, Missing)
        .json(r#"{"device_name":"renamed"}"#)
        .done(&[200, 404]),
    call("DELETE", "/api/v1/auth/sessions/{session_id}", User, Missing).done(&[204, 404]),
    call("POST", "/api/v1/auth/sessions/revoke-others", User, NotNamed),
    call("POST", "/api/v1/auth/password", User, NotNamed)
        .json(r#"{"current_password":"<password>","new_password":"<password>"}"#),
    call("POST", "/api/v1/auth/sessions/revoke-all", User, NotNamed),
    // For backends and admins.
    call("POST", "/api/v1/sessions", Backend("sessions:write"), Missing)
        .json(
            r#"{"user_id":"<handed_user_id>","tenant_id":"<tenant_id>","email":"handed@example.com","role":"member"}"#,
        )
        .done(&[201]),
    call("GET", "/api/v1/admin/users/{user_id}/sessions", Scope("sessions:read"), Missing),
    call("DELETE", "/api/v1/admin/sessions/{session_id}", Scope("sessions:write"), Missing)
        .query("?reason=tried"),
    call("POST", "/api/v1/admin/users/{user_id}/revoke-all", Scope("revocations:write"), Missing)
        .json(r#"{"reason":"tried"}"#),
    call("POST", "/api/v1/admin/tenants/{tenant_id}/revoke-all", Scope("revocations:write"), Missing)
        .json(r#"{"dry_run":true}"#),
    call("POST", "/api/v1/auth/sessions/revoke/{jti}", Scope("revocations:write"), Alike(&[200]))
        .json(r#"{"reason":"tried"}"#),
    call("POST", "/api/v1/admin/revocations", Scope("revocations:write"), Alike(&[200, 201]))
        .json(r#"{"jti":"<jti>","reason":"tried"}"#)
        .done(&[200, 201]),
    call("GET", "/api/v1/admin/revocations", Scope("revocations:read"), NotNamed),
    call("GET", "/api/v1/admin/revocations/{jti}", Scope("revocations:read"), Missing),
    call("POST", "/api/v1/admin/revocations/purge", Unbound("admin"), Operators).json(r#"{"dry_run":true}"#),
    call("GET", "/api/v1/admin/users", Scope("users:write"), NotNamed),
    call("POST", "/api/v1/admin/users", Scope("users:write"), Missing)
        .json(r#"{"email":"<fresh>@example.com","role":"member","tenant_id":"<tenant_id>"}"#)
        .done(&[201]),
    call("PATCH", "/api/v1/admin/users/{user_id}", Scope("users:write"), Missing).json(r#"{"role":"helper"}"#),
    call("DELETE", "/api/v1/admin/users/{user_id}", Scope("users:write"), Missing).done(&[204]),
    call("GET", "/api/v1/admin/users/{user_id}/revocations", Scope("revocations:read"), Missing),
    call("GET", "/api/v1/admin/tenants", Unbound("admin"), Operators),
    call("POST", "/api/v1/admin/tenants", Unbound("admin"), Operators)
        .json(r#"{"slug":"<fresh>"}"#)
        .done(&[201]),
    call("PATCH", "/api/v1/admin/tenants/{tenant_id}", Unbound("admin"), Operators).json(r#"{"name":"Renamed"}"#),
    call("GET", "/api/v1/admin/clients", Scope("admin"), NotNamed).query("?limit=500"),
    call("POST", "/api/v1/admin/clients", Scope("admin"), Missing)
        .json(r#"{"name":"<fresh>","scopes":["admin"],"tenant_id":"<tenant_id>"}"#)
        .done(&[201]),
    call("DELETE", "/api/v1/admin/clients/{client_id}", Scope("admin"), Missing).done(&[204]),
    call("POST", "/api/v1/admin/clients/{client_id}/rotate-secret", Scope("admin"), Missing).json("{}"),
    call("GET", "/api/v1/admin/keys", Unbound("keys:write"), Operators),
    call("POST", "/api/v1/admin/keys/rotate", Unbound("keys:write"), Operators),
    call("POST", "/api/v1/admin/keys/{kid}/revoke", Unbound("keys:write"), Operators)
        .json(r#"{"reason":"tried"}"#)
        // Nothing has that kid: a key cut would end every caller of the test.
        .done(&[404]),
    call("GET", "/api/v1/admin/audit", Scope("admin"), NotNamed).query("?limit=500"),
    // For verifiers and proxies.
    call("GET", "/api/v1/feed/head", Scope("feed"), NotNamed),
    call("GET", "/api/v1/feed/snapshot", Scope("feed"), NotNamed),
    call("GET", "/api/v1/feed/events", Scope("feed"), NotNamed).query("?after=0.00000000000000000000000000000000"),
    call("GET", "/api/v1/auth/forward", Forward, NotNamed),
    call("POST", "/oauth2/token", Holder(&[400, 401]), Public)
        .form("grant_type=refresh_token&refresh_token=<refresh>"),
    call("POST", "/oauth2/revoke", Holder(&[200]), Alike(&[200])).form("token=<dead_refresh>"),
    call("POST", "/oauth2/introspect", Introspect, Alike(&[200])).form("token=<access>"),
];
