//! `rescind token`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use rescind::authority::{Caller, Introspection};
use rescind::token::Rejection;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::open::{Admin, administer};
use crate::output::{Format, json, print};
use crate::settings::Settings;
use crate::text_input;

/// Tokens: look into one
#[derive(Subcommand, Debug)]
pub(crate) enum Token {
    /// Show what a token says, and whether this authority takes it; fails where it does not
    Inspect(Inspect),
}

#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// The token; `-` or nothing: from standard input, which others on the machine cannot read
    #[arg(default_value = "-", hide_default_value = true)]
    token: String,
    #[command(flatten)]
    format: Format,
}

/// What is said of a token.
#[derive(Serialize)]
struct Inspection {
    /// Whether this authority takes it now.
    good: bool,
    /// `good`, or the code of what is wrong.
    verdict: String,
    /// The cut that it is dead by.
    cut: Option<String>,
    /// More about the verdict, for people.
    remark: Option<String>,
    /// What the header says. Nobody vouches for it unless `good`.
    header: Option<Value>,
    /// What the payload says. Likewise.
    claims: Option<Value>,
}

pub(crate) async fn run(token: Token, settings: &Settings) -> Result<(), Failure> {
    let Token::Inspect(args) = token;
    let text = match args.token.as_str() {
        "-" => text_input::token("-")?,
        text => Zeroizing::new(text.trim().to_owned()),
    };
    let inspection = inspect(&text, settings).await;
    show(&inspection, args.format)?;
    if inspection.good { Ok(()) } else { Err(Failure::Verdict) }
}

async fn inspect(token: &str, settings: &Settings) -> Inspection {
    let judged = match administer(settings).await {
        Ok(admin) => judge(token, &admin).await,
        Err(failure) => Judgement::bad("not_verified", Some(failure.to_string())),
    };
    let mut parts = token.split('.').map(decoded);
    Inspection {
        good: judged.good,
        verdict: judged.verdict,
        cut: judged.cut,
        remark: judged.remark,
        header: parts.next().flatten(),
        claims: parts.next().flatten().map(without_secret),
    }
}

struct Judgement {
    good: bool,
    verdict: String,
    cut: Option<String>,
    remark: Option<String>,
}

impl Judgement {
    fn good(remark: Option<String>) -> Self {
        Self { good: true, verdict: "good".to_owned(), cut: None, remark }
    }

    fn bad(verdict: &str, remark: Option<String>) -> Self {
        Self { good: false, verdict: verdict.to_owned(), cut: None, remark }
    }
}

async fn judge(token: &str, admin: &Admin) -> Judgement {
    let authority = &admin.authority;
    let verifier = authority.verifier();
    match verifier.validator().validate_ignoring_time(token) {
        Ok(signed) => {
            if let Some(cut) = verifier.evaluate(&signed) {
                let verdict = Judgement::bad("token_revoked", None);
                return Judgement { cut: Some(cut.to_string()), ..verdict };
            }
            match signed.check_time(authority.now()) {
                Ok(()) => Judgement::good(Some(format!("an access token, until {}", signed.expires_at()))),
                Err(rejection) => Judgement::bad(rejection.code(), None),
            }
        }
        // Perhaps the other kind.
        Err(Rejection::WrongTyp) => judge_refresh(token, admin).await,
        Err(Rejection::UnknownIssuer) => {
            let ours = &authority.settings().issuer;
            Judgement::bad(
                "unknown_issuer",
                Some(format!("the issuer here is {ours}: see --config, RESCIND_ISSUER")),
            )
        }
        Err(rejection) => Judgement::bad(rejection.code(), None),
    }
}

async fn judge_refresh(token: &str, admin: &Admin) -> Judgement {
    match admin.authority.introspect(&Caller::command_line(), token).await {
        Ok(Introspection::Refresh(refresh)) => {
            let (number, until) = (refresh.session.number, refresh.expires_at);
            Judgement::good(Some(format!("a refresh token of session {number} of its user, until {until}")))
        }
        Ok(_) => Judgement::bad(
            "invalid_refresh_token",
            Some("not ours, expired, replaced, or of a session that has ended".to_owned()),
        ),
        Err(error) => Judgement::bad("not_verified", Some(error.to_string())),
    }
}

/// Only for showing: what it says decides nothing.
fn decoded(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// The secret inside a refresh token is nobody's to read.
fn without_secret(mut claims: Value) -> Value {
    if let Some(secret) = claims.get_mut("token_id") {
        *secret = "(not shown)".into();
    }
    claims
}

fn show(inspection: &Inspection, format: Format) -> Result<(), Failure> {
    if format.json {
        return json(inspection);
    }
    let verdict = match &inspection.cut {
        Some(cut) => format!("{} (by a {cut} cut)", inspection.verdict),
        None => inspection.verdict.clone(),
    };
    print(&format!("verdict  {verdict}"))?;
    if let Some(remark) = &inspection.remark {
        print(&format!("         {remark}"))?;
    }
    let standing = if inspection.good { "" } else { " (claimed by the token, vouched for by nobody)" };
    for (name, part) in [("header", &inspection.header), ("claims", &inspection.claims)] {
        match part {
            Some(part) => print(&format!("{name}{standing}\n{}", pretty(part)))?,
            None => print(&format!("{name}: not JSON in base64url"))?,
        }
    }
    Ok(())
}

fn pretty(part: &Value) -> String {
    let text = serde_json::to_string_pretty(part).unwrap_or_default();
    // Line by line: the line ends are ours, everything else may be a stranger's.
    text.lines().map(crate::output::harmless).collect::<Vec<_>>().join("\n")
}
