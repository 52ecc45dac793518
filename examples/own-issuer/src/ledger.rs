//! What is new: a ledger of everything revoked, and a verifier that knows it.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use rescind::authority::{
    Authority, AuthoritySettings, Caller, Error as LedgerError, Operator, RevocationRequest, What,
};
use rescind::directory::DEFAULT_TENANT;
use rescind::id::{SessionId, TenantId, UserId};
use rescind::keys::MasterKey;
use rescind::ledger::{CutKind, Entry, EntryFilter};
use rescind::store::PageRequest;
use rescind::system::SystemEntropy;
use rescind::token::{Algorithm, ClaimMap, ClaimSource, Issuer, KeySet, TypRule, Validator, VerifyingKey};
use rescind::verifier::{FreshnessPolicy, TokenCache, Verifier};
use rescind_server::view::RevocationView;
use rescind_server::{Node, system_ports};
use rescind_sqlite::{Options, SqliteStore};
use rescind_tower::Authenticated;
use serde_json::{Value, json};

use crate::platform::{LIFETIME, NAME};

/// The newest of a list.
const PAGE: PageRequest = PageRequest { limit: 100, cursor: None };

pub(crate) struct Ledger {
    node: Node,
    tenant: TenantId,
    verifier: Arc<Verifier>,
}

impl Ledger {
    /// Opens the ledger in a file, made where there is none.
    pub(crate) async fn open(file: &Path, secret: &[u8]) -> Result<Self, Box<dyn Error>> {
        let store = SqliteStore::open(file, &Options::new(Arc::new(SystemEntropy)))?;
        let master_key =
            std::env::var("RESCIND_MASTER_KEY").map_err(|_| "RESCIND_MASTER_KEY: 32 bytes in base64")?;
        let ports = system_ports(store, Arc::new(MasterKey::from_base64(&master_key)?));
        // Nobody signs in there: the platform does that.
        let nobody = || Operator {
            email: "nobody@platform.example".into(),
            password: MasterKey::generate(&SystemEntropy).to_base64().as_str().into(),
        };
        let started = Authority::start(ports, settings(), nobody).await?;
        let node = Node::start(started.authority, Node::USUAL_PURGE_INTERVAL);
        let tenants = node.authority().tenants(&Caller::system(), &PAGE).await?;
        let default = tenants.items.iter().find(|tenant| tenant.slug == DEFAULT_TENANT).ok_or("no tenant")?;
        let verifier = Arc::new(verifier(node.authority(), default.id, secret)?);
        Ok(Self { tenant: default.id, node, verifier })
    }

    pub(crate) async fn close(self) {
        self.node.stop().await;
    }

    pub(crate) const fn verifier(&self) -> &Arc<Verifier> {
        &self.verifier
    }

    /// One token: by its jti, for as long as it lives.
    pub(crate) async fn cut_token(&self, token: &Authenticated) -> Result<(), LedgerError> {
        let jti = token.jti().ok_or(LedgerError::NotFound)?;
        self.cut(What::Jti(jti.to_owned()), token.user_id()).await.map(drop)
    }

    /// Every token of a session.
    pub(crate) async fn cut_session(&self, session: SessionId, user: UserId) -> Result<(), LedgerError> {
        self.cut(What::ForeignSession(session), Some(user)).await.map(drop)
    }

    /// Every token of a user that was signed before.
    pub(crate) async fn cut_user(&self, user: UserId) -> Result<(), LedgerError> {
        self.cut(What::ForeignUser(user), None).await.map(drop)
    }

    /// The version that the user's tokens must carry: that of the last such cut. Once its entry is gone, so are the tokens that it
    /// killed.
    pub(crate) async fn version_of(&self, user: UserId) -> Result<i64, LedgerError> {
        let authority = self.node.authority();
        let cuts = EntryFilter { kind: Some(CutKind::User), user: Some(user), ..EntryFilter::default() };
        let last = authority.revocations(&Caller::system(), cuts, &PAGE).await?;
        Ok(last.items.first().and_then(|entry| entry.mark.min_version).unwrap_or(0))
    }

    /// A user's revocations, newest first.
    pub(crate) async fn of_user(&self, user: UserId) -> Result<Value, LedgerError> {
        let authority = self.node.authority();
        let all = EntryFilter { user: Some(user), ..EntryFilter::default() };
        let entries = authority.revocations(&Caller::system(), all, &PAGE).await?;
        Ok(json!(entries.items.into_iter().map(RevocationView::from).collect::<Vec<_>>()))
    }

    /// Durable when this returns, and in force here.
    async fn cut(&self, what: What, user: Option<UserId>) -> Result<Entry, LedgerError> {
        let authority = self.node.authority();
        let request = RevocationRequest {
            what,
            // For as long as the settings say that the platform's tokens live.
            expires_at: None,
            user,
            tenant: Some(self.tenant),
            reason: None,
        };
        authority.revoke(&Caller::system(), request).await.map(|(entry, _)| entry)
    }
}

fn settings() -> AuthoritySettings {
    AuthoritySettings { foreign_ttl: LIFETIME, ..AuthoritySettings::new("https://ledger.platform.example") }
}

/// Trusts the platform's tokens, as it has always signed them: HS256, `typ` `JWT`, no `kid`.
fn verifier(authority: &Authority, tenant: TenantId, secret: &[u8]) -> Result<Verifier, Box<dyn Error>> {
    let issuer = Issuer::foreign(NAME, KeySet::new([VerifyingKey::from_secret("platform", secret)?])?)
        .with_algorithms([Algorithm::Hs256])
        .with_audiences([NAME])
        .with_typ(TypRule::OneOf(vec!["JWT".into()]))
        .with_optional_kid()
        .with_max_lifetime(LIFETIME)
        .with_claims(ClaimMap {
            user_id: Some(ClaimSource::required("sub")),
            session_id: Some(ClaimSource::required("sid")),
            ver: Some(ClaimSource::required("ver")),
            fixed_tenant: Some(tenant),
            ..ClaimMap::default()
        });
    let replica = Arc::clone(authority.replica());
    let clock = Arc::clone(authority.clock());
    let cache = TokenCache::new(&SystemEntropy, TokenCache::USUAL_BYTES);
    Ok(Verifier::new(Validator::new(vec![issuer])?, replica, FreshnessPolicy::default(), clock)
        .with_cache(cache))
}
