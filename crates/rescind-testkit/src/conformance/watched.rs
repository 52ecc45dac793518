//! What a store tells of itself to whoever watches.

use std::sync::Arc;

use rescind::id::UserId;
use rescind::ledger::{CutTarget, TokenKey};
use rescind::store::StoreError;
use tokio::task::JoinSet;

use super::{Backend, World};

/// However many share a commit, each is counted, and each commit once.
pub async fn commits_are_counted_with_the_calls_that_share_them(backend: Backend) {
    const CALLS: u64 = 100;
    let world = World::new(backend).await;
    let before = world.store.commits();
    let mut cutting = JoinSet::new();
    for _ in 0..CALLS {
        let key = TokenKey::from(world.id());
        let cut = world.cutting(CutTarget::Token { key, tenant: None, user: None });
        let store = Arc::clone(&world.store);
        cutting.spawn(async move { store.cut(cut).await.unwrap() });
    }
    cutting.join_all().await;
    let after = world.store.commits();
    assert_eq!(after.calls - before.calls, CALLS);
    let commits = after.commits() - before.commits();
    assert!((1..=CALLS).contains(&commits), "{commits}");
    assert_eq!(after.failed, before.failed);
}

/// A refusal is an answer: neither a failure, nor is anything waited for afterwards.
pub async fn a_refusal_is_no_failed_commit(backend: Backend) {
    let world = World::new(backend).await;
    let before = world.store.commits();
    let stranger = CutTarget::User { tenant: world.tenant, user: UserId(world.id()), spare: None };
    let refused = world.store.cut(world.cutting(stranger)).await;
    assert_eq!(refused, Err(StoreError::NotFound));
    assert_eq!(world.store.commits().failed, before.failed);
    assert_eq!(world.store.connections().unwrap_or_default().waiting, 0);
}
