//! The browser that walks the pages. The tests start their own, with a profile of its own.

use super::{command, debian};
use crate::shell::Outcome;

/// The testkit looks for the same names in the same places.
const SEARCH: &str = "
PATH=$PATH:/usr/lib/chromium:/snap/bin:/usr/local/bin:/opt/homebrew/bin
command -v chromedriver || exit 1
command -v chromium || command -v chromium-browser || command -v google-chrome || command -v google-chrome-stable
";

/// Finds or installs Chromium and its driver.
pub(crate) fn ensure() -> Outcome {
    let packages = ["chromium", "chromium-driver", "fonts-dejavu-core"];
    debian::ensure("Chromium (with chromedriver)", &packages, || command("sh", &["-c", SEARCH]))
}
