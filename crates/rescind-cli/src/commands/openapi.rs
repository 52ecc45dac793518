//! `rescind openapi`.

use crate::failure::Failure;
use crate::output::print;

/// Prints the document that a server serves at `/openapi.json`.
pub(crate) fn run() -> Result<(), Failure> {
    let (_, document) = rescind_server::routes().split_for_parts();
    print(&rescind_server::openapi::json(&document))
}
