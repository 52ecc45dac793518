//! `rescind purge`.

use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rescind::authority::Caller;
use serde_json::json;

use crate::failure::Failure;
use crate::open::administer;
use crate::output::Format;
use crate::settings::Settings;

/// Remove revocations whose tokens have all expired; the server does this by itself
#[derive(Args, Debug)]
pub(crate) struct Purge {
    /// Keep them for so many seconds after that; never less than five minutes, the largest leeway that can be set
    #[arg(long, value_name = "SECONDS")]
    safety_margin: Option<u64>,
    /// Only say how many there are
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(args: Purge, settings: &Settings) -> Result<(), Failure> {
    let admin = administer(settings).await?;
    let caller = Caller::command_line();
    let margin = args.safety_margin.map(Duration::from_secs);
    let due = admin.authority.purge(&caller, margin, true).await?;
    if args.dry_run {
        let would = json!({ "dry_run": true, "purged": due });
        return args.format.done(&would, &format!("would remove {due} revocations"));
    }
    let progress = spinner(due);
    let purged = admin.authority.purge(&caller, margin, false).await;
    progress.finish_and_clear();
    let purged = purged?;
    args.format.done(&json!({ "purged": purged }), &format!("removed {purged} revocations"))
}

/// Drawn on standard error, and only where that is a terminal.
fn spinner(due: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
    let bar = ProgressBar::new_spinner().with_message(format!("removing {due} revocations"));
    let bar = match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    };
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
