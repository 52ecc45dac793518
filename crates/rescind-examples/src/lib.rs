//! For the examples in the documentation only: an authority to show something with.
//!
//! [`run`] makes a [`World`] and hands it to an example, which takes of it what it is about. The lines that do so are hidden in
//! the documentation. It is a crate of its own, and a small one, because the tests of `rescind` wait for it.

mod cache;
mod clock;
mod opening;
mod world;

pub use cache::MemoryCache;
pub use clock::HandClock;
pub use opening::presenting;
pub use world::{OPERATOR_EMAIL, OPERATOR_PASSWORD, OwnThread, World};

/// What an example comes to.
pub type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Runs an example in a world of its own.
///
/// # Panics
/// Where the world cannot be made, or the example fails.
///
/// ```
/// rescind_examples::run(async |rescind_examples::World { authority, ada, .. }| {
///     assert_eq!(authority.revoke_all_own(&ada).await?, 1);
///     Ok(())
/// });
/// ```
#[allow(clippy::expect_used, reason = "what fails here is a test")]
pub fn run(example: impl AsyncFnOnce(World) -> Outcome) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .expect("a runtime that asks for no thread can be made")
        .block_on(async { example(World::make().await?).await })
        .expect("the example holds");
}
