//! Clients of a fleet that something keeps happening to: what they were told must hold, whatever they were not told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rescind_testkit::process::{Api, Credentials, Reply};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::{Desk, Pair, jti, new_user};

/// Clients at work until they are told to stop.
pub(crate) struct Load {
    stop: CancellationToken,
    chains: JoinSet<Chain>,
    revokers: JoinSet<()>,
    acknowledged: Arc<Mutex<Vec<Revoked>>>,
}

impl Load {
    /// Chains that are refreshed, each at all the nodes at once, and at each node one who revokes in every way. The second
    /// desks are at the nodes that look up.
    pub(crate) fn start(desks: &[Desk], looking_up: &[Desk], chains: Vec<Chain>) -> Self {
        let mut load = Self {
            stop: CancellationToken::new(),
            chains: JoinSet::new(),
            revokers: JoinSet::new(),
            acknowledged: Arc::default(),
        };
        let apis: Vec<Api> = desks.iter().map(|desk| desk.api.clone()).collect();
        for mut chain in chains {
            let (apis, stop) = (apis.clone(), load.stop.clone());
            load.chains.spawn(async move {
                while !stop.is_cancelled() {
                    chain.step(&apis).await;
                }
                chain
            });
        }
        for desk in desks {
            for act in [Act::Jti, Act::Session, Act::User] {
                let (desk, stop, known) = (desk.clone(), load.stop.clone(), Arc::clone(&load.acknowledged));
                let looking_up = looking_up.to_vec();
                load.revokers.spawn(async move {
                    while !stop.is_cancelled() {
                        if let Some(revoked) = revoke(&desk, &looking_up, act).await {
                            known.lock().expect("no revoker panicked").push(revoked);
                        }
                    }
                });
            }
        }
        load
    }

    /// Waits until so many more revocations were acknowledged.
    pub(crate) async fn acknowledges(&self, more: usize) {
        let known = || self.acknowledged.lock().expect("no revoker panicked").len();
        let enough = known() + more;
        while known() < enough {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// What each client knows.
    pub(crate) async fn end(self) -> (Vec<Chain>, Vec<Revoked>) {
        self.stop.cancel();
        let chains = self.chains.join_all().await;
        self.revokers.join_all().await;
        let acknowledged = std::mem::take(&mut *self.acknowledged.lock().expect("no revoker panicked"));
        (chains, acknowledged)
    }
}

/// A client that keeps the newest refresh token that it was answered with.
pub(crate) struct Chain {
    newest: String,
    /// By presented token, over everything that happened.
    pub(crate) successors: HashMap<String, String>,
}

impl Chain {
    pub(crate) fn new(first: String) -> Self {
        Self { newest: first, successors: HashMap::new() }
    }

    /// Presents the newest token to every node at once. Whether anybody answered.
    pub(crate) async fn step(&mut self, apis: &[Api]) -> bool {
        let body = json!({"refresh_token": self.newest});
        let asked = apis.iter().map(|api| post(api, "/api/v1/auth/refresh", &body));
        let mut answered = false;
        let mut next = self.newest.clone();
        for reply in futures_util::future::join_all(asked).await.into_iter().flatten() {
            assert_eq!(reply.status, 200, "the newest token that was answered is good: {reply:?}");
            let successor = reply.text("refresh_token").to_owned();
            let known = self.successors.entry(self.newest.clone()).or_insert_with(|| successor.clone());
            assert_eq!(*known, successor, "a refresh token has two successors");
            (answered, next) = (true, successor);
        }
        self.newest = next;
        answered
    }
}

/// How something is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Jti,
    Session,
    User,
}

/// A revocation that was acknowledged.
#[derive(Clone)]
pub(crate) struct Revoked {
    pub(crate) act: Act,
    pair: Pair,
}

impl Revoked {
    /// It is still revoked, at this node.
    pub(crate) async fn check(&self, desk: &Desk, when: &str) {
        let (act, pair) = (self.act, &self.pair);
        let called = desk.api.me(&pair.access).await;
        assert_eq!((called.status, called.code()), (401, "token_revoked"), "{when}, by {act:?}: {called:?}");
        if act != Act::Jti {
            let refreshed = desk.api.refresh(&pair.refresh).await;
            let seen = (refreshed.status, refreshed.code());
            assert_eq!(seen, (401, "session_revoked"), "{when}, by {act:?}: {refreshed:?}");
        }
    }
}

/// Opens a session of a new user and revokes it. None: that was not acknowledged, and nothing is known.
///
/// Whatever else is away at that moment, the node lets its token in until then, and never again; nor does any node that
/// looks up, which need not hear of it first. Or it says that it cannot tell.
async fn revoke(desk: &Desk, looking_up: &[Desk], act: Act) -> Option<Revoked> {
    let user = new_user();
    let body = json!({
        "user_id": user, "tenant_id": desk.tenant, "email": format!("{user}@example.com"), "role": "member",
    });
    let pair = Pair::from(&order(desk, "/api/v1/sessions", &body).await?.expect(201));
    if let Some(called) = call(desk, &pair).await {
        called.expect(200);
    }
    let (path, body) = match act {
        Act::Jti => (format!("/api/v1/auth/sessions/revoke/{}", jti(&pair.access)), json!({})),
        Act::Session => ("/api/v1/admin/revocations".to_owned(), json!({"session_id": pair.session})),
        Act::User => (format!("/api/v1/admin/users/{user}/revoke-all"), json!({})),
    };
    let done = order(desk, &path, &body).await?;
    assert!(matches!(done.status, 200 | 201), "{done:?}");
    for desk in looking_up.iter().chain([desk]) {
        if let Some(called) = call(desk, &pair).await {
            called.refuses(401, "token_revoked");
        }
    }
    Some(Revoked { act, pair })
}

async fn call(desk: &Desk, pair: &Pair) -> Option<Reply> {
    let caller = Credentials::Bearer(&pair.access);
    answered(&desk.api, desk.api.request(reqwest::Method::GET, "/api/v1/auth/me", caller)).await
}

async fn order(desk: &Desk, path: &str, body: &Value) -> Option<Reply> {
    answered(&desk.api, desk.api.request(reqwest::Method::POST, path, desk.caller()).json(body)).await
}

async fn post(api: &Api, path: &str, body: &Value) -> Option<Reply> {
    answered(api, api.request(reqwest::Method::POST, path, Credentials::Nobody).json(body)).await
}

/// The answer; none where the node is gone, or says that it cannot now.
async fn answered(api: &Api, request: reqwest::RequestBuilder) -> Option<Reply> {
    api.try_finish(request).await.ok().filter(|reply| reply.status != 503)
}
