//! What is asked of a request, and the judgement.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Extensions, HeaderMap};
use rescind::lookup::Lookup;
use rescind::token::{Expected, SignedToken};
use rescind::verifier::{LedgerHead, Refusal, Verified, Verifier};

use crate::authenticated::Authenticated;
use crate::credentials::{self, Kept, Presented};
use crate::denial::{Denial, Realm, Reason};
use crate::pass::Pass;

/// What a [`Protect`](crate::Protect) was told.
#[derive(Clone)]
pub(crate) struct Policy {
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) audience: Option<Box<str>>,
    pub(crate) cookie: Option<Box<str>>,
    pub(crate) optional: bool,
    pub(crate) fresh: Option<Fresh>,
    pub(crate) lookup: Option<Arc<Lookup>>,
    /// One of these, where there is a list.
    pub(crate) roles: Option<Vec<Box<str>>>,
    /// All of these.
    pub(crate) scopes: Vec<Box<str>>,
    pub(crate) realm: Realm,
}

/// Who says where the ledger ends, and how long a request may wait for the replica to be there.
#[derive(Clone)]
pub(crate) struct Fresh {
    pub(crate) ledger: Arc<dyn LedgerHead>,
    pub(crate) patience: Duration,
}

/// What is known of a request when it has been looked at.
pub(crate) enum Judged {
    /// Everything.
    Now(Pass),
    /// Others have to be asked.
    Later(Inquiry),
}

/// A check that has to wait for something. It is boxed: it costs a round trip anyway.
pub(crate) type Inquiry = Pin<Box<dyn Future<Output = Result<Pass, Reason>> + Send>>;

impl Policy {
    /// Looks at what a request carries.
    ///
    /// # Errors
    /// Why it is turned away.
    pub(crate) fn judge(
        self: &Arc<Self>,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Judged, Reason> {
        let Some(presented) = credentials::find(headers, self.cookie.as_deref())? else {
            return self.anonymous().map(Judged::Now);
        };
        let proved = Pass::proved(extensions, &self.verifier, &presented);
        if self.waits() {
            return Ok(Judged::Later(self.inquire(&presented, proved)));
        }
        let verified = match proved {
            Some(proved) => self.verifier.verify_again(proved, self.expected())?,
            None => self.verifier.verify(presented.token, self.expected())?,
        };
        self.admit(verified, presented.keep()).map(Judged::Now)
    }

    pub(crate) fn denial(&self, reason: Reason) -> Denial {
        Denial::new(reason, self.realm.clone())
    }

    fn anonymous(&self) -> Result<Pass, Reason> {
        let asks_for_more = self.roles.is_some() || !self.scopes.is_empty();
        match self.optional && !asks_for_more {
            true => Ok(Pass::Anonymous(self.realm.clone())),
            false => Err(Reason::NoCredentials),
        }
    }

    fn admit(&self, verified: Verified, token: Kept) -> Result<Pass, Reason> {
        let caller = Authenticated::new(verified, self.verifier.clone(), self.realm.clone());
        if self.roles.as_ref().is_some_and(|roles| !roles.iter().any(|role| caller.has_role(role))) {
            return Err(Reason::MissingRole);
        }
        if !self.scopes.iter().all(|scope| caller.has_scope(scope)) {
            return Err(Reason::MissingScope(self.scopes.join(" ").into()));
        }
        Ok(Pass::Known { caller, token })
    }

    fn expected(&self) -> Expected<'_> {
        self.audience.as_deref().map_or(Expected::Configured, Expected::Exactly)
    }

    fn waits(&self) -> bool {
        self.fresh.is_some() || self.lookup.is_some()
    }

    fn inquire(self: &Arc<Self>, presented: &Presented<'_>, proved: Option<&SignedToken>) -> Inquiry {
        let policy = self.clone();
        let (kept, token) = (presented.keep(), presented.token.to_owned());
        let proved = proved.cloned();
        Box::pin(async move {
            let verified = policy.ask(&token, proved.as_ref()).await?;
            policy.admit(verified, kept)
        })
    }

    async fn ask(&self, token: &str, proved: Option<&SignedToken>) -> Result<Verified, Refusal> {
        let (verifier, expected) = (&self.verifier, self.expected());
        match (&self.lookup, &self.fresh, proved) {
            (Some(lookup), Some(fresh), _) => {
                verifier.verify_fresh_by_lookup(token, expected, lookup, fresh.give_up()).await
            }
            (Some(lookup), None, _) => verifier.verify_by_lookup(token, expected, lookup).await,
            (None, Some(fresh), Some(proved)) => {
                verifier.verify_fresh_again(proved, expected, &*fresh.ledger, fresh.give_up()).await
            }
            (None, Some(fresh), None) => {
                verifier.verify_fresh(token, expected, &*fresh.ledger, fresh.give_up()).await
            }
            (None, None, Some(proved)) => verifier.verify_again(proved, expected),
            (None, None, None) => verifier.verify(token, expected),
        }
    }
}

impl Fresh {
    fn give_up(&self) -> tokio::time::Sleep {
        tokio::time::sleep(self.patience)
    }
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
