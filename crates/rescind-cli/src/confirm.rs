//! Asking before more than one session is ended.

use std::io::{self, IsTerminal as _, Write as _};

use clap::Args;

use crate::failure::Failure;

/// For every command that may end more than one session.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct Sure {
    /// Only say what would happen
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

impl Sure {
    /// Asks a person whether to go on. `what` is what will happen, beginning with a verb: "ends 3 sessions of …".
    pub(crate) fn confirm(self, what: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(Failure::CannotAsk(what.to_owned()));
        }
        let mut answer = String::new();
        let asked = write!(io::stderr(), "This {what}. Go on? [y/N] ")
            .and_then(|()| io::stderr().flush())
            .and_then(|()| io::stdin().read_line(&mut answer));
        match asked {
            Ok(_) if matches!(answer.trim(), "y" | "Y" | "yes") => Ok(()),
            _ => Err(Failure::Declined),
        }
    }
}

/// "1 session", "2 sessions".
pub(crate) fn sessions(count: u64) -> String {
    if count == 1 { "1 session".to_owned() } else { format!("{count} sessions") }
}
