//! `rescind revoke --dry-run`: what it is that would be revoked, and what that would end. Nothing is written.

use rescind::authority::{Caller, Error, Named, RevocationRequest, What};
use rescind::clock::Timestamp;
use rescind::id::{SessionId, TenantId, UserId};
use rescind::ledger::{CutTarget, TokenKey};
use rescind::session::{JtiOwner, Session, Status};
use rescind::store::StoreError;
use serde::Serialize;

use super::{explain, hex};
use crate::failure::Failure;
use crate::open::Admin;
use crate::output::{Format, harmless};
use crate::resolve::missing;

/// What would be done.
#[derive(Serialize)]
struct Would {
    dry_run: bool,
    /// The kind of the entry that the ledger would get.
    kind: &'static str,
    key: String,
    /// How many sessions would be ended; none where that is not known before.
    revoked: Option<u64>,
    /// `access_token` or `refresh_token`, where it is known to be one of ours.
    token: Option<&'static str>,
    session_id: Option<SessionId>,
    user_id: Option<UserId>,
    tenant_id: Option<TenantId>,
    /// When the token expires by itself.
    expires_at: Option<Timestamp>,
    /// Why it is refused already, where it is.
    refused: Option<&'static str>,
}

/// Says what would be done.
pub(super) async fn show(request: &RevocationRequest, admin: &Admin, format: Format) -> Result<(), Failure> {
    let (would, sentence) = preview(request, admin).await?;
    format.done(&would, &sentence)
}

/// What the request would do. Refused is what would be refused.
async fn preview(request: &RevocationRequest, admin: &Admin) -> Result<(Would, String), Failure> {
    let targets = admin.authority.revocation_targets(&Caller::command_line(), request).await;
    let targets = targets.map_err(|error| explain(error, admin))?;
    let count = async || match targets.first() {
        Some(target) => Ok(Some(admin.store().count_reach(target, admin.authority.now()).await?)),
        None => Ok::<_, Failure>(None),
    };
    Ok(match &request.what {
        What::Jti(jti) => {
            let key = |target: &CutTarget| match target {
                CutTarget::Token { key, .. } => Some(key.clone()),
                _ => None,
            };
            let keys: Vec<_> = targets.iter().filter_map(key).collect();
            of_jti(jti, &keys, request.tenant, admin).await?
        }
        What::Session(id) => {
            let session = find(*id, request.tenant, admin).await?;
            (Would::session(&session), of_session(&session, "", ""))
        }
        What::Digest(digest) => plain("digest", hex(digest), None),
        What::ForeignSession(id) => plain("session", id.to_string(), count().await?),
        What::ForeignUser(id) => plain("user", id.to_string(), count().await?),
        What::Token(text) => of_text(text, admin).await?,
    })
}

/// What is known by its name only.
fn plain(kind: &'static str, key: String, revoked: Option<u64>) -> (Would, String) {
    let sentence = format!("would revoke the {kind} {}", harmless(&key));
    (Would::new(kind, key, revoked), sentence)
}

async fn of_text(text: &str, admin: &Admin) -> Result<(Would, String), Failure> {
    let not_ours =
        || explain(Error::Invalid { member: "token", why: "not a token of this authority" }, admin);
    let named = admin.authority.identify(&Caller::command_line(), text).await;
    let named = named.map_err(|error| match error {
        Error::Invalid { .. } => not_ours(),
        other => explain(other, admin),
    });
    match named? {
        Named::RefreshToken(session) => {
            let would = Would { token: Some("refresh_token"), ..Would::session(&session) };
            Ok((would, of_session(&session, "this is a refresh token: ", ", whose refresh token this is")))
        }
        Named::AccessToken { jti, expires_at, session, refused } => {
            let mut sentence = format!("would revoke the access token {jti}");
            if let Some(session) = &session {
                sentence += &format!(" of the user {}; its session {} goes on", session.user, session.id);
            }
            if let Some(code) = refused {
                sentence = format!("this is the access token {jti}, which is refused already: {code}");
            }
            let would = Would {
                token: Some("access_token"),
                session_id: session.as_ref().map(|session| session.id),
                user_id: session.as_ref().map(|session| session.user),
                tenant_id: session.as_ref().map(|session| session.tenant),
                expires_at: Some(expires_at),
                refused,
                ..Would::new("token", jti, Some(0))
            };
            Ok((would, format!("{sentence}; it expires {expires_at}")))
        }
        // As where it is revoked: an id is no token's text.
        Named::Session(_) | Named::Jti { .. } => Err(not_ours()),
    }
}

/// A jti, by every way of spelling it that would be cut.
async fn of_jti(
    jti: &str,
    keys: &[TokenKey],
    tenant: Option<TenantId>,
    admin: &Admin,
) -> Result<(Would, String), Failure> {
    let (mut known, mut standing) = (None, None);
    for key in keys {
        known = known.or(owner(key, admin).await?);
        standing = standing.or(found(admin.store().token_entry(key, tenant).await)?);
    }
    // Another tenant's is not reached by what is cut within this one.
    match known.filter(|owner| tenant.is_none_or(|tenant| tenant == owner.tenant)) {
        Some(owner) if owner.refresh => {
            let session = find(owner.session, tenant, admin).await?;
            let would = Would { token: Some("refresh_token"), ..Would::session(&session) };
            Ok((would, of_session(&session, "this is a refresh token's: ", ", whose refresh token has it")))
        }
        owner => {
            let sentence = match (&standing, &owner) {
                (Some(entry), _) => {
                    format!("the token {} was revoked already, {}", harmless(jti), entry.revoked_at)
                }
                (None, Some(owner)) => format!(
                    "would revoke the access token {jti} of the user {}; its session {} goes on",
                    owner.user, owner.session
                ),
                (None, None) => format!("would revoke the token {}: {UNKNOWN}", harmless(jti)),
            };
            let would = Would {
                token: owner.map(|_| "access_token"),
                session_id: owner.map(|owner| owner.session),
                user_id: owner.map(|owner| owner.user),
                tenant_id: owner.map(|owner| owner.tenant),
                refused: standing.map(|_| "token_revoked"),
                ..Would::new("token", jti.to_owned(), owner.map(|_| 0))
            };
            Ok((would, sentence))
        }
    }
}

/// Said of a jti.
pub(super) const UNKNOWN: &str = "no session's newest token has that jti";

/// Whose jti it is, where that is known.
pub(super) async fn owner(key: &TokenKey, admin: &Admin) -> Result<Option<JtiOwner>, Failure> {
    found(admin.store().jti_owner(key).await)
}

async fn find(id: SessionId, tenant: Option<TenantId>, admin: &Admin) -> Result<Session, Failure> {
    let found = admin.store().session(id, tenant, admin.authority.now()).await;
    found.map_err(|error| missing(error, "session", &id.to_string()))
}

fn of_session(session: &Session, before: &str, after: &str) -> String {
    let Session { id, user, .. } = session;
    match &session.status {
        Status::Active => format!("would end the session {id} of the user {user}{after}"),
        over => format!("{before}the session {id} of the user {user} is {} already", over.as_str()),
    }
}

fn found<T>(answer: Result<T, StoreError>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(StoreError::NotFound) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

impl Would {
    const fn new(kind: &'static str, key: String, revoked: Option<u64>) -> Self {
        Self {
            dry_run: true,
            kind,
            key,
            revoked,
            token: None,
            session_id: None,
            user_id: None,
            tenant_id: None,
            expires_at: None,
            refused: None,
        }
    }

    fn session(session: &Session) -> Self {
        let refused = match session.status {
            Status::Active => None,
            Status::Revoked(_) => Some("session_revoked"),
            Status::Expired => Some("session_expired"),
        };
        Self {
            session_id: Some(session.id),
            user_id: Some(session.user),
            tenant_id: Some(session.tenant),
            refused,
            ..Self::new("session", session.id.to_string(), Some(u64::from(refused.is_none())))
        }
    }
}
