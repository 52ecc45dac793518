//! `rescind doctor`: what is wrong, and how to mend it.

mod database;
mod keys;
mod postgres;
mod redis;
mod server;

use std::path::Path;

use clap::Args;
use rescind::clock::Clock as _;
use rescind::system::SystemClock;
use rescind_server::config::Database;
use serde::Serialize;

use crate::failure::Failure;
use crate::master_key::readable_by_others;
use crate::open::{self, Admin};
use crate::output::{Format, json, print};
use crate::settings::Settings;

/// Look for what is wrong, and say how to mend it; fails where something is
#[derive(Args, Debug)]
pub(crate) struct Doctor {
    #[command(flatten)]
    format: Format,
}

/// One thing that was looked at.
#[derive(Serialize)]
pub(super) struct Finding {
    check: &'static str,
    status: Status,
    detail: String,
    /// What to do about it.
    mend: Option<String>,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    Warning,
    Wrong,
    /// Not looked at: it is not there, or what it needs is wrong itself.
    Skipped,
}

impl Finding {
    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, status: Status::Ok, detail: detail.into(), mend: None }
    }

    fn warning(check: &'static str, detail: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, status: Status::Warning, detail: detail.into(), mend: Some(mend.into()) }
    }

    fn wrong(check: &'static str, detail: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, status: Status::Wrong, detail: detail.into(), mend: Some(mend.into()) }
    }

    fn skipped(check: &'static str, cause: &'static str) -> Self {
        let detail = format!("not looked at, since something is wrong with the {cause}");
        Self { check, status: Status::Skipped, detail, mend: None }
    }

    fn absent(check: &'static str, path: &Path) -> Self {
        let detail = format!("{} is not there", path.display());
        Self { check, status: Status::Skipped, detail, mend: None }
    }

    fn failure(check: &'static str, failure: &Failure) -> Self {
        let mend = failure.next().unwrap_or("look at what the operating system says of it");
        Self::wrong(check, failure.to_string(), mend)
    }
}

#[derive(Serialize)]
struct Report {
    healthy: bool,
    findings: Vec<Finding>,
}

pub(crate) async fn run(args: &Doctor, settings: Result<Settings, Failure>) -> Result<(), Failure> {
    let findings = match settings {
        Ok(settings) => examine(&settings).await,
        Err(failure) => vec![Finding::failure("settings", &failure)],
    };
    let report = Report { healthy: findings.iter().all(|finding| finding.status != Status::Wrong), findings };
    if args.format.json {
        json(&report)?;
    } else {
        report.findings.iter().try_for_each(show)?;
    }
    if report.healthy { Ok(()) } else { Err(Failure::Verdict) }
}

fn show(finding: &Finding) -> Result<(), Failure> {
    let word = match finding.status {
        Status::Ok => "ok     ",
        Status::Warning => "warning",
        Status::Wrong => "WRONG  ",
        Status::Skipped => "skipped",
    };
    print(&format!("{word}  {}: {}", finding.check, finding.detail))?;
    match &finding.mend {
        Some(mend) => print(&format!("         {mend}")),
        None => Ok(()),
    }
}

async fn examine(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![check_settings(settings)];
    match &settings.server.database {
        Database::Sqlite(path) => findings.extend(check_file(settings, path)),
        Database::Postgres(url) => findings.extend(postgres::check(url).await),
    }
    findings.push(keys::check_master_key_file(settings, wrong_among(&findings)));
    match wrong_among(&findings) {
        // One cause is one finding.
        Some(cause) => findings.extend(BEHIND.map(|check| Finding::skipped(check, cause))),
        None => findings.extend(check_authority(settings).await),
    }
    findings.extend(redis::check(&settings.server).await);
    findings.push(server::check(settings.server.listen));
    findings
}

/// What the authority cannot be opened without.
const NEEDED: [&str; 4] = ["data directory", "database", "schema", "master key file"];

/// What is looked at in the open authority.
const BEHIND: [&str; 5] = ["master key", "issuer", "signing keys", "purge", "clock"];

/// The first of what is needed that is wrong.
fn wrong_among(findings: &[Finding]) -> Option<&'static str> {
    let wrong = findings.iter().find(|found| found.status == Status::Wrong && NEEDED.contains(&found.check));
    wrong.map(|finding| finding.check)
}

fn check_file(settings: &Settings, database: &Path) -> Vec<Finding> {
    let directory = check_data_dir(settings);
    if directory.status == Status::Wrong {
        let cause = directory.check;
        return vec![directory, Finding::skipped("database", cause)];
    }
    let mut findings = vec![directory];
    findings.extend(database::check(database, &settings.place()));
    findings
}

async fn check_authority(settings: &Settings) -> Vec<Finding> {
    let admin = match open::administer(settings).await {
        Ok(admin) => admin,
        Err(failure) => {
            let check = match failure {
                Failure::WrongMasterKey(_) | Failure::InvalidMasterKey(_) | Failure::MasterKeyGone(_) => {
                    BEHIND[0]
                }
                _ => "authority",
            };
            let rest = BEHIND.iter().skip(1).map(|behind| Finding::skipped(behind, check));
            return std::iter::once(Finding::failure(check, &failure)).chain(rest).collect();
        }
    };
    let origin = settings.master_keys().origin();
    let mut findings = vec![Finding::ok("master key", format!("{origin} opens the keys"))];
    findings.push(check_issuer(&admin).await);
    findings.extend(keys::check_ages(&admin, settings).await);
    findings.push(check_purge(&admin, settings).await);
    findings.push(check_clock(&admin, settings).await);
    findings
}

fn check_settings(settings: &Settings) -> Finding {
    match settings.server.notices().as_slice() {
        [] => Finding::ok("settings", "every setting is known and possible"),
        notices => Finding::warning(
            "settings",
            notices.join("; "),
            "change what is named; `rescind config` says where it comes from",
        ),
    }
}

fn check_data_dir(settings: &Settings) -> Finding {
    let place = settings.place();
    let path = place.path();
    let shown = path.display();
    match std::fs::metadata(path) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
            Finding::failure("data directory", &Failure::NotStarted(path.to_owned()))
        }
        Err(why) => Finding::failure("data directory", &Failure::DataDir { path: path.to_owned(), why }),
        Ok(metadata) if !metadata.is_dir() => Finding::wrong(
            "data directory",
            format!("{shown} is not a directory"),
            "name another: --data-dir",
        ),
        Ok(_) => match (place.share(), readable_by_others(path)) {
            (Err(failure), _) => Finding::failure("data directory", &failure),
            (Ok(_), Some(mode)) => Finding::warning(
                "data directory",
                format!("others may look into {shown} (mode {mode:o})"),
                format!("chmod 700 {shown}"),
            ),
            (Ok(_), None) => {
                Finding::ok("data directory", format!("{shown} can be written, by its owner only"))
            }
        },
    }
}

/// Tokens that name another issuer are refused.
async fn check_issuer(admin: &Admin) -> Finding {
    let ours = &admin.authority.settings().issuer;
    match admin.authority.noted_issuer().await {
        Ok(Some(noted)) if noted != *ours => Finding::warning(
            "issuer",
            format!("the last server called itself {noted}, and with these settings it is {ours}"),
            format!(
                "set RESCIND_ISSUER={noted}, for the server or for this command; otherwise a server started so refuses every token of before"
            ),
        ),
        Ok(Some(_)) => match admin.authority.issuer_before().await {
            Ok(Some(before)) => Finding::ok(
                "issuer",
                format!(
                    "{ours}, as of the last server; before that it was {before}, whose tokens are refused"
                ),
            ),
            Ok(None) => Finding::ok("issuer", format!("{ours}, as of the last server")),
            Err(error) => Finding::failure("issuer", &error.into()),
        },
        Ok(None) => Finding::ok("issuer", format!("{ours}; none was noted yet")),
        Err(error) => Finding::failure("issuer", &error.into()),
    }
}

/// What a running server should have purged long ago.
async fn check_purge(admin: &Admin, settings: &Settings) -> Finding {
    let margin = settings.server.purge_safety_margin + 2 * settings.server.purge_interval;
    match admin.authority.purge(&rescind::authority::Caller::command_line(), Some(margin), true).await {
        Ok(0) => Finding::ok("purge", "no revocation is overdue for removal"),
        Ok(due) => Finding::warning(
            "purge",
            format!("{due} revocations are overdue for removal: has a server been running?"),
            "a running server removes them by itself; `rescind purge` does it now",
        ),
        Err(error) => Finding::failure("purge", &error.into()),
    }
}

/// Time that was written down and has not come yet.
async fn check_clock(admin: &Admin, settings: &Settings) -> Finding {
    let now = SystemClock.now();
    let page = rescind::store::PageRequest { limit: 1, cursor: None };
    match admin.store().audit_entries(&rescind::audit::AuditFilter::default(), &page).await {
        Ok(newest) => match newest.items.first() {
            Some(entry) if entry.at > now.plus(settings.server.leeway) => Finding::wrong(
                "clock",
                format!("it is {now} here, and the newest audit entry is of {}", entry.at),
                "set this machine's clock (NTP): tokens would be refused or live too long",
            ),
            _ => Finding::ok("clock", format!("it is {now}, after everything in the database")),
        },
        Err(error) => Finding::failure("clock", &error.into()),
    }
}
