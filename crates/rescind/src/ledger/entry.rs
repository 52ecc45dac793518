//! Entries: one act of revoking, as it is kept.

use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::ledger::Mark;

/// One act of revoking.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, .. }| {
/// use rescind::ledger::CutKind;
///
/// let me = ada.signed_in()?;
/// let reason = Some("has left".to_owned());
/// let entry = authority.revoke_user(&operator, me.user, Some(me.tenant), reason).await?.entry;
/// assert_eq!((entry.mark.kind(), entry.user), (CutKind::User, Some(me.user)));
/// assert_eq!(entry.revoked_by.to_string(), "cli");
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the order of commits.
    pub seq: i64,
    /// What it means to a verifier.
    pub mark: Mark,
    /// The user concerned, where one is known: a user's cuts are listed by it.
    pub user: Option<UserId>,
    /// When.
    pub revoked_at: Timestamp,
    /// Why, in the words of who revoked.
    pub reason: Option<String>,
    /// By whom.
    pub revoked_by: Actor,
}
