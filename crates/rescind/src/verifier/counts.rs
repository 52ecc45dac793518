//! How checks came out.

use super::Refusal;
use crate::tally::Tally;
use crate::token::Rejection;

/// How the checks of a [`Verifier`](super::Verifier) came out since it was made: each call of one of its `verify…` counts once.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
/// use rescind::token::Expected;
/// use secrecy::ExposeSecret as _;
///
/// let verifier = authority.verifier();
/// # let before = verifier.counts();
/// verifier.verify(pair.access_token.expose_secret(), Expected::Configured)?;
/// assert!(verifier.verify("not a token", Expected::Configured).is_err());
/// let counts = verifier.counts();
/// # assert_eq!((counts.accepted - before.accepted, counts.invalid - before.invalid), (1, 1));
/// assert!(counts.accepted >= 1);
/// assert!(counts.refused().contains(&("invalid_token", counts.invalid)));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckCounts {
    /// Good tokens.
    pub accepted: u64,
    /// Refused as `token_expired`.
    pub expired: u64,
    /// Refused as `invalid_token`.
    pub invalid: u64,
    /// Refused as `token_revoked`.
    pub revoked: u64,
    /// Refused as `stale`: not the token's fault.
    pub stale: u64,
    /// Refused as `not_ready`: not the token's fault.
    pub not_ready: u64,
}

impl CheckCounts {
    /// What was refused, by its [code](Refusal::code).
    ///
    /// ```
    /// use rescind::verifier::CheckCounts;
    ///
    /// let counts = CheckCounts { accepted: 9, revoked: 1, ..CheckCounts::default() };
    /// let refused: u64 = counts.refused().iter().map(|(_, count)| count).sum();
    /// assert_eq!(refused, 1);
    /// ```
    pub const fn refused(&self) -> [(&'static str, u64); 5] {
        [
            ("token_expired", self.expired),
            ("invalid_token", self.invalid),
            ("token_revoked", self.revoked),
            ("stale", self.stale),
            ("not_ready", self.not_ready),
        ]
    }
}

/// Counts them.
#[derive(Default)]
pub(super) struct Checks(Tally<6>);

impl Checks {
    #[inline]
    pub(super) fn note<T>(&self, outcome: &Result<T, Refusal>) {
        self.0.add(match outcome {
            Ok(_) => 0,
            Err(Refusal::Invalid(Rejection::Expired)) => 1,
            Err(Refusal::Invalid(_)) => 2,
            Err(Refusal::Revoked(_)) => 3,
            Err(Refusal::Stale) => 4,
            Err(Refusal::NotReady) => 5,
        });
    }

    pub(super) fn counts(&self) -> CheckCounts {
        let [accepted, expired, invalid, revoked, stale, not_ready] = self.0.sums();
        CheckCounts { accepted, expired, invalid, revoked, stale, not_ready }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::CutKind;

    #[test]
    fn every_refusal_is_counted_by_its_code() {
        let refusals = [
            Refusal::Invalid(Rejection::Expired),
            Refusal::Invalid(Rejection::BadSignature),
            Refusal::Revoked(CutKind::User),
            Refusal::Stale,
            Refusal::NotReady,
        ];
        for refusal in refusals {
            let checks = Checks::default();
            checks.note(&Ok(()));
            checks.note::<()>(&Err(refusal.clone()));
            let counts = checks.counts();
            assert_eq!(counts.accepted, 1);
            let counted: Vec<_> = counts.refused().into_iter().filter(|(_, count)| *count > 0).collect();
            assert_eq!(counted, [(refusal.code(), 1)]);
        }
    }
}
