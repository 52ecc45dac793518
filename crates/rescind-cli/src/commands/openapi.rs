//! `rescind openapi`.

use crate::failure::Failure;
use crate::output::print;

/// Prints the document that a server serves at `/openapi.json`.
pub(crate) fn run() -> Result<(), Failure> {
    print(&rescind_server::openapi::document())
}
