//! `cargo xtask screenshots`: a picture of each page, of the real server with data that the tests have too.

use crate::places::Places;
use crate::shell::{self, Outcome, cargo};
use crate::tools;

/// Where they are kept, and linked from.
const HOME: &str = "docs/screenshots";

/// Takes them all anew.
pub(crate) fn take(places: &Places) -> Outcome {
    let tools = tools::ensure(places)?;
    let home = places.root.join(HOME);
    std::fs::create_dir_all(&home)?;
    shell::run(
        cargo()
            .args(["test", "--locked", "-p", "rescind-cli", "--test", "pages", "--"])
            .args(["--ignored", "--exact", "screenshots::every_page_is_pictured"])
            .envs(tools.variables())
            .env("RESCIND_TEST_SCREENSHOTS", &home),
    )
}
