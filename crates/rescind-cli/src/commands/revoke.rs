//! `rescind revoke`: one verb for everything that can be taken back.

mod preview;

use clap::Args;
use rescind::authority::{Caller, RevocationRequest, What};
use rescind::clock::Timestamp;
use rescind::id::SessionId;
use rescind::ledger::TokenKey;
use rescind_server::view::RevocationView;

use crate::confirm::Sure;
use crate::failure::Failure;
use crate::open::{Admin, administer};
use crate::output::{Format, harmless, note};
use crate::resolve::session_id;
use crate::settings::Settings;
use crate::text_input;

/// Revoke a token, a session, or everything of a user or a tenant
#[derive(Args, Debug)]
pub(crate) struct Revoke {
    #[command(flatten)]
    what: Target,
    /// The tenant whose token it is, or whose user, by id or slug
    #[arg(long = "within", value_name = "TENANT")]
    within: Option<String>,
    /// Why, for the ledger and the audit trail
    #[arg(long)]
    reason: Option<String>,
    /// When the token expires by itself (RFC 3339), where it lives longer than this authority's own
    #[arg(long, value_name = "TIME", conflicts_with = "tenant")]
    expires_at: Option<Timestamp>,
    /// The session or user (by id, --within a tenant) is another issuer's, and need not be known here
    #[arg(long, conflicts_with_all = ["jti", "token", "digest", "tenant"])]
    foreign: bool,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    format: Format,
}

/// Exactly one of these.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Target {
    /// The token with this `jti`; where it is a refresh token's, its session
    #[arg(long)]
    jti: Option<String>,
    /// A session
    #[arg(long, value_name = "SESSION_ID", value_parser = session_id)]
    session: Option<SessionId>,
    /// A token by its text, in a file or (`-`) on standard input; a refresh token ends its session
    #[arg(long, value_name = "FILE")]
    token: Option<String>,
    /// The token with this SHA-256 of its signing input, in hexadecimal
    #[arg(long, value_name = "SHA256")]
    digest: Option<String>,
    /// Every session and token of a user, by id or email
    #[arg(long)]
    user: Option<String>,
    /// Every session and token of a tenant, by id or slug
    #[arg(long)]
    tenant: Option<String>,
}

pub(crate) async fn run(args: Revoke, settings: &Settings) -> Result<(), Failure> {
    let single = if args.foreign { Some(args.what.read_foreign()?) } else { args.what.read()? };
    let admin = administer(settings).await?;
    if let (Some(user), None) = (&args.what.user, &single) {
        if args.expires_at.is_some() {
            return Err(Failure::Usage(
                "--expires-at goes with --user only where it is --foreign".to_owned(),
            ));
        }
        let user = admin.user(user, args.within.as_deref()).await?;
        return super::users::revoke_all(&admin, &user, args.reason, args.sure, args.format).await;
    }
    if let Some(tenant) = &args.what.tenant {
        let tenant = admin.tenant(tenant).await?;
        return super::tenants::revoke_all(&admin, &tenant, args.reason, args.sure, args.format).await;
    }
    match single {
        Some(what) => revoke_one(args, what, &admin).await,
        None => Err(Failure::Usage("name what is to be revoked".to_owned())),
    }
}

async fn revoke_one(args: Revoke, what: What, admin: &Admin) -> Result<(), Failure> {
    if let What::Token(text) = &what {
        must_look_like_a_token(text)?;
    }
    let tenant = admin.optional_tenant(args.within.as_deref()).await?;
    let request =
        RevocationRequest { what, expires_at: args.expires_at, user: None, tenant, reason: args.reason };
    if args.sure.dry_run {
        return preview::show(&request, admin, args.format).await;
    }
    if let What::ForeignUser(id) = &request.what {
        args.sure.confirm(&format!("kills every token that user {id} has"))?;
    }
    let by_jti = matches!(request.what, What::Jti(_));
    let (entry, created) = admin
        .authority
        .revoke(&Caller::command_line(), request)
        .await
        .map_err(|error| explain(error, admin))?;
    let view = RevocationView::from(entry);
    let below = view.min_version.map(|version| format!(": tokens below version {version} are dead"));
    let sentence = format!(
        "{} {} {}{}",
        if created { "revoked" } else { "was revoked already:" },
        view.kind,
        harmless(&view.key),
        below.unwrap_or_default()
    );
    args.format.done(&view, &sentence)?;
    // It is done, whatever is known of it.
    if by_jti
        && view.kind == "token"
        && let Ok(None) = preview::owner(&TokenKey::new(&view.key), admin).await
    {
        note(&unknown(&view))?;
    }
    Ok(())
}

/// A jti that was mistyped is revoked as willingly as one that nobody here can know, such as another issuer's.
fn unknown(view: &RevocationView) -> String {
    let until = view.expires_at.map(|at| at.to_string()).unwrap_or_default();
    format!(
        "{}. It was recorded all the same: whatever token has it is refused until {until}",
        preview::UNKNOWN
    )
}

impl Target {
    /// What another issuer's is.
    fn read_foreign(&self) -> Result<What, Failure> {
        match (self.session, &self.user) {
            (Some(id), _) => Ok(What::ForeignSession(id)),
            (None, Some(user)) => user
                .parse()
                .map(What::ForeignUser)
                .map_err(|_| Failure::Usage("--foreign: --user takes an id, a UUID".to_owned())),
            _ => Err(Failure::Usage("--foreign goes with --session or --user".to_owned())),
        }
    }

    /// What is named by itself; none where it is a user or a tenant.
    fn read(&self) -> Result<Option<What>, Failure> {
        if let Some(jti) = &self.jti {
            return Ok(Some(What::Jti(jti.clone())));
        }
        if let Some(id) = self.session {
            return Ok(Some(What::Session(id)));
        }
        if let Some(place) = &self.token {
            return Ok(Some(What::Token(text_input::token(place)?.to_string())));
        }
        match &self.digest {
            Some(text) => Ok(Some(What::Digest(digest(text)?))),
            None => Ok(None),
        }
    }
}

/// A token is refused mostly because this shell believes in another issuer than the server does.
/// Or whoever has copied too much or too little is sent to look for another issuer.
fn must_look_like_a_token(text: &str) -> Result<(), Failure> {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if text.split('.').count() == 3 && text.split('.').all(is_part) {
        return Ok(());
    }
    let why = "--token: that is no token's text: three parts of letters, digits, `-` and `_`, with a dot between them; no `Bearer`, no quotes";
    Err(Failure::Usage(why.to_owned()))
}

fn explain(error: rescind::authority::Error, admin: &Admin) -> Failure {
    match error {
        rescind::authority::Error::Invalid { member: "token", why } => Failure::Usage(format!(
            "{why}: is its issuer {}? Give this command the server's settings (--config, RESCIND_ISSUER)",
            admin.authority.settings().issuer
        )),
        other => other.into(),
    }
}

fn digest(text: &str) -> Result<[u8; 32], Failure> {
    let wrong = || Failure::Usage("--digest: not 64 hexadecimal digits".to_owned());
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
    }
    Ok(digest)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
