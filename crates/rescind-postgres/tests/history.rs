//! The database is put back to an older state under running nodes, as a restored backup and a failover do.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod common;

use std::sync::Arc;

use common::open;
use rescind::authority::{
    Authority, AuthoritySettings, Busy, Caller, ClientRequest, Error, Followed, Handover, Identity,
    NewSecret, Offload, Operator, Origin, Ports, RefreshRequest, RevocationRequest, TenantRequest, TokenPair,
    What,
};
use rescind::directory::{DirectoryStore as _, Scope};
use rescind::id::{TenantId, UserId};
use rescind::keys::{KeyState, MasterKey};
use rescind::ledger::{Entry, EntryFilter, TokenKey};
use rescind::replica::TokenFacts;
use rescind::session::Device;
use rescind::store::PageRequest;
use rescind::system::{SystemClock, SystemEntropy};
use rescind::token::Expected;
use rescind_testkit::postgres::{DataCopy, Postgres, PostgresOptions};
use secrecy::ExposeSecret as _;

/// Everything that was cut after the backup is refused throughout by whoever knew of it, and then by everybody.
#[tokio::test]
async fn what_was_revoked_since_the_backup_stays_revoked() {
    let mut site = Site::start().await;
    let (a, b) = (site.node().await, site.node().await);
    let scene = Scene::set(&a).await;
    b.follow().await.unwrap();
    let backup = site.back_up().await;
    catch_up(&a).await;
    scene.cut_everything(&a).await;
    catch_up(&b).await;
    a.follow().await.unwrap();

    site.stop().await;
    scene.is_refused_by(&a).await;
    scene.is_refused_by(&b).await;
    site.put_back(&backup).await;
    // Before they have noticed: the store would refresh what it has forgotten was cut.
    awaken(&a).await;
    for pair in scene.cut_sessions() {
        assert_eq!(refresh(&a, pair).await.unwrap_err(), Error::Unavailable);
    }
    scene.is_refused_by(&a).await;
    let first = catch_up(&a).await;
    assert!(first.reloaded && first.reinstated >= 6, "{first:?}");
    let second = catch_up(&b).await;
    assert_eq!((second.reloaded, second.reinstated), (true, 0), "it stood already");
    assert_eq!(a.follow().await.unwrap(), Followed::default());
    let cold = site.node().await;
    for node in [&a, &b, &cold] {
        assert!(node.is_ready());
        scene.is_refused_by(node).await;
        scene.is_over(node).await;
        scene.spared_lives(node).await;
    }
}

/// Cursors are told by their tag, not by how far they have come.
#[tokio::test]
async fn another_history_that_has_grown_past_the_old_cursors_is_noticed() {
    let mut site = Site::start().await;
    let (a, b) = (site.node().await, site.node().await);
    let scene = Scene::set(&a).await;
    let backup = site.back_up().await;
    catch_up(&a).await;
    scene.cut_everything(&a).await;
    a.follow().await.unwrap();
    catch_up(&b).await;
    let reached = a.replica().cursor();
    assert_eq!(b.replica().cursor(), reached);

    site.stop().await;
    site.put_back(&backup).await;
    let cold = site.node().await;
    let mut grown = Vec::new();
    while cold.replica().cursor().seq <= reached.seq + 2 {
        grown.push(cut_jti(&cold, &format!("new-{}", grown.len())).await);
        cold.follow().await.unwrap();
    }
    for node in [&b, &a] {
        assert!(catch_up(node).await.reloaded);
        assert!(node.replica().cursor().seq > reached.seq);
    }
    catch_up(&cold).await;
    for node in [&a, &b, &cold] {
        scene.is_refused_by(node).await;
        scene.is_over(node).await;
        let held: Vec<_> = node.replica().marks_held().map(|mark| mark.key).collect();
        assert!(grown.iter().all(|entry| held.contains(&entry.mark.key)), "something was skipped");
    }
}

/// The last cut was acknowledged, and lost before the node had read it back: its cursor fits.
#[tokio::test]
async fn a_failover_that_lost_the_last_commit_is_noticed_by_whoever_wrote_it() {
    let mut site = Site::start().await;
    let (a, b) = (site.node().await, site.node().await);
    cut_jti(&a, "before").await;
    let backup = site.back_up().await;
    catch_up(&a).await;
    let cursor = a.replica().cursor();
    let lost = cut_jti(&a, "lost").await;
    assert_eq!(a.replica().cursor(), cursor);
    site.stop().await;
    site.put_back(&backup).await;
    let followed = catch_up(&a).await;
    assert_eq!((followed.reloaded, followed.reinstated), (true, 1));
    catch_up(&b).await;
    assert!(b.replica().marks_held().any(|mark| mark.key == lost.mark.key));
}

/// Likewise where another node has taken its place by now.
#[tokio::test]
async fn a_lost_commit_whose_place_was_taken_is_noticed_by_whoever_wrote_it() {
    let mut site = Site::start().await;
    let a = site.node().await;
    cut_jti(&a, "before").await;
    let backup = site.back_up().await;
    catch_up(&a).await;
    let lost = cut_jti(&a, "lost").await;
    site.stop().await;
    site.put_back(&backup).await;
    let b = site.node().await;
    let others = cut_jti(&b, "another").await;
    assert_eq!(others.seq, lost.seq);
    cut_jti(&b, "and one more").await;
    let followed = catch_up(&a).await;
    assert_eq!((followed.reloaded, followed.reinstated), (true, 1));
    catch_up(&b).await;
    for node in [&a, &b] {
        let held: Vec<_> = node.replica().marks_held().map(|mark| mark.key).collect();
        assert!(held.contains(&lost.mark.key) && held.contains(&others.mark.key));
    }
}

#[tokio::test]
async fn no_version_is_given_out_twice() {
    let mut site = Site::start().await;
    let a = site.node().await;
    let scene = Scene::set(&a).await;
    let user = scene.users[0];
    let cut = async |node: &Authority| {
        let cut = node.revoke_user(&Caller::command_line(), user, None, None).await.unwrap();
        cut.standing.token_version
    };
    let first = cut(&a).await;
    let backup = site.back_up().await;
    catch_up(&a).await;
    let mut lost = first;
    // Faster than the clock: the version runs ahead of it.
    for _ in 0..20 {
        lost = cut(&a).await;
    }
    site.stop().await;
    site.put_back(&backup).await;
    catch_up(&a).await;
    let restored = open(&site.url).await.user(None, user).await.unwrap();
    assert_eq!(restored.token_version, lost);
    assert!(first < lost && lost < cut(&a).await);
}

/// Its token is of a generation that the store has not seen. The session itself goes on, for whoever holds what the store knows.
#[tokio::test]
async fn a_client_that_refreshed_in_between_is_not_called_a_thief() {
    let mut site = Site::start().await;
    let a = site.node().await;
    let scene = Scene::set(&a).await;
    let pair = &scene.spared;
    let backup = site.back_up().await;
    catch_up(&a).await;
    let once = refresh(&a, pair).await.unwrap();
    let twice = refresh(&a, &once).await.unwrap();
    site.stop().await;
    site.put_back(&backup).await;
    catch_up(&a).await;
    for newer in [&once, &twice] {
        assert_eq!(refresh(&a, newer).await.unwrap_err(), Error::InvalidRefreshToken);
    }
    assert!(a.check(twice.access_token.expose_secret(), Expected::Configured).await.is_ok());
    assert!(refresh(&a, pair).await.is_ok());
}

/// It is revoked again before anybody signs with it, and another takes its place.
#[tokio::test]
async fn a_key_that_was_revoked_signs_no_more() {
    let mut site = Site::start().await;
    let (a, b) = (site.node().await, site.node().await);
    let scene = Scene::set(&a).await;
    let caller = Caller::command_line();
    let active = async |node: &Authority| {
        let keys = node.keys(&caller).await.unwrap();
        let found = keys.into_iter().find(|key| key.state == KeyState::Active && key.alg == "EdDSA");
        found.unwrap().kid
    };
    let kid = active(&a).await;
    let backup = site.back_up().await;
    catch_up(&a).await;
    a.revoke_key(&caller, &kid, None).await.unwrap();
    a.follow().await.unwrap();
    catch_up(&b).await;
    site.stop().await;
    site.put_back(&backup).await;
    catch_up(&b).await;
    catch_up(&a).await;
    assert_ne!(active(&a).await, kid);
    let cold = site.node().await;
    for node in [&a, &b, &cold] {
        let signed_before = scene.spared.access_token.expose_secret();
        assert!(node.check(signed_before, Expected::Configured).await.is_err());
        let fresh = refresh(node, &scene.spared).await.unwrap();
        for other in [&a, &b, &cold] {
            assert!(!refused(other, &fresh).await);
        }
    }
}

/// Nothing is forgotten, nothing is let through, and it is done again.
#[tokio::test]
async fn a_node_that_cannot_write_back_is_not_ready_until_it_can() {
    let mut site = Site::start().await;
    let a = site.node().await;
    let scene = Scene::set(&a).await;
    let backup = site.back_up().await;
    catch_up(&a).await;
    scene.cut_everything(&a).await;
    a.follow().await.unwrap();
    site.stop().await;
    site.put_back(&backup).await;
    let database = site.server.connect(&site.database).await;
    let deny = "CREATE FUNCTION deny() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
                CREATE TRIGGER deny BEFORE INSERT ON ledger EXECUTE FUNCTION deny()";
    database.batch_execute(deny).await.unwrap();
    awaken(&a).await;
    for _ in 0..2 {
        a.follow().await.unwrap_err();
        assert!(!a.is_ready());
        scene.is_refused_by(&a).await;
        let spared = a.check(scene.spared.access_token.expose_secret(), Expected::Configured).await;
        assert_eq!(spared.unwrap_err(), Error::NotFresh("not_ready"));
    }
    database.batch_execute("DROP TRIGGER deny ON ledger").await.unwrap();
    assert!(a.follow().await.unwrap().reinstated >= 6);
    assert!(a.is_ready());
    scene.is_over(&site.node().await).await;
}

/// Reading goes page by page, each while the one before is taken up, and none is left out.
#[tokio::test]
async fn a_node_that_starts_knows_a_ledger_of_many_pages() {
    let site = Site::start().await;
    drop(site.node().await);

    let sql = "WITH last AS (SELECT seq FROM head)
               INSERT INTO ledger (seq, kind, key, spelled, expires_at, revoked_at, reason, revoked_by)
               SELECT last.seq + n, 'token', uuid_send(lpad(to_hex(n), 32, '0')::uuid), false, 32503680000000, 0, NULL, 'cli'
                 FROM last, generate_series(1, 30000) AS n;
               UPDATE head SET seq = seq + 30000;
               INSERT INTO batches (last_seq, tag, at) SELECT seq, tag, 0 FROM head";
    site.server.connect(&site.database).await.batch_execute(sql).await.unwrap();
    let node = site.node().await;
    let knows = |n: u128| {
        let jti = TokenKey::from(uuid(n));
        node.replica().evaluate(&TokenFacts { jti: Some(&jti), ..TokenFacts::default() }).is_some()
    };
    assert!((1..=30_000).all(knows) && !knows(30_001));
    assert_eq!(node.follow().await.unwrap(), Followed::default(), "there is nothing left to read");
}

/// A server of its own, whose data is put back.
struct Site {
    server: Postgres,
    database: String,
    url: String,
    master: MasterKey,
}

impl Site {
    async fn start() -> Self {
        let server = PostgresOptions::default().without_fsync().start().await;
        let url = server.create_database().await;
        let database = url.rsplit('/').next().unwrap().to_owned();
        Self { server, database, url, master: MasterKey::generate(&SystemEntropy) }
    }

    async fn node(&self) -> Authority {
        let ports = Ports {
            store: open(&self.url).await,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            offload: Arc::new(OwnThread),
            master_keys: Arc::new(self.master.clone()),
            cache: None,
        };
        let operator = || Operator {
            email: "admin@example.com".to_owned(),
            password: "correct horse battery staple".into(),
        };
        Authority::start(ports, settings(), operator).await.unwrap().authority
    }

    async fn stop(&mut self) {
        self.server.stop_fast().await;
    }

    /// The server runs again afterwards.
    async fn back_up(&mut self) -> DataCopy {
        self.stop().await;
        let copy = self.server.copy_data().await;
        self.server.restart().await;
        copy
    }

    async fn put_back(&mut self, copy: &DataCopy) {
        self.server.restore_data(copy).await;
        self.server.restart().await;
    }
}

/// Sessions that are cut, each at another level, and one that is spared.
struct Scene {
    users: [UserId; 2],
    other_tenant: TenantId,
    client: NewSecret,
    session: TokenPair,
    user: TokenPair,
    tenant: TokenPair,
    clients: TokenPair,
    token: TokenPair,
    spared: TokenPair,
}

impl Scene {
    async fn set(node: &Authority) -> Self {
        let caller = Caller::command_line();
        let tenant = |slug: &str| TenantRequest { slug: slug.to_owned(), name: None, id: None };
        let [ours, other_tenant] = [
            node.create_tenant(&caller, tenant("ours")).await.unwrap().id,
            node.create_tenant(&caller, tenant("other")).await.unwrap().id,
        ];
        let (client, stays) = (client(node).await, self::client(node).await);
        let [jane, joe, jim] = [1, 2, 3].map(|n| UserId(uuid(n)));
        Self {
            users: [jane, joe],
            other_tenant,
            session: hand_over(node, &stays, ours, jane).await,
            user: hand_over(node, &stays, ours, joe).await,
            tenant: hand_over(node, &stays, other_tenant, jim).await,
            clients: hand_over(node, &client, ours, jane).await,
            token: hand_over(node, &stays, ours, jane).await,
            spared: hand_over(node, &stays, ours, jane).await,
            client,
        }
    }

    async fn cut_everything(&self, node: &Authority) {
        let caller = Caller::command_line();
        node.end_session(&caller, self.session.session_id, None).await.unwrap();
        node.revoke_user(&caller, self.users[1], None, None).await.unwrap();
        node.revoke_tenant(&caller, self.other_tenant, None, false).await.unwrap();
        node.delete_client(&caller, self.client.client.id).await.unwrap();
        let what = What::Token(self.token.access_token.expose_secret().to_owned());
        node.revoke(&caller, request(what)).await.unwrap();
        node.revoke(&caller, request(What::Digest([7; 32]))).await.unwrap();
    }

    fn cut_sessions(&self) -> [&TokenPair; 4] {
        [&self.session, &self.user, &self.tenant, &self.clients]
    }

    async fn is_refused_by(&self, node: &Authority) {
        for pair in self.cut_sessions().into_iter().chain([&self.token]) {
            assert!(refused(node, pair).await);
        }
        assert!(
            node.replica().marks_held().any(|mark| mark.key == rescind::ledger::MarkKey::Digest([7; 32]))
        );
    }

    /// In the store itself, too.
    async fn is_over(&self, node: &Authority) {
        for pair in self.cut_sessions() {
            assert_eq!(refresh(node, pair).await.unwrap_err(), Error::SessionRevoked);
        }
        let id = self.client.client.id.to_string();
        let login = node.authenticate_client(&id, &self.client.secret).await;
        assert_eq!(login.unwrap_err(), Error::InvalidClient);
        let caller = Caller::command_line();
        let page = PageRequest { limit: 500, cursor: None };
        let listed = node.revocations(&caller, EntryFilter::default(), &page).await.unwrap().items;
        assert!(listed.iter().filter(|entry| entry.reason.as_deref() == Some(REASON)).count() >= 6);
    }

    async fn spared_lives(&self, node: &Authority) {
        assert!(!refused(node, &self.spared).await);
        assert!(refresh(node, &self.token).await.is_ok(), "a token cut ends no session");
    }
}

const REASON: &str = rescind::audit::action::REVOCATION_REINSTATED;

struct OwnThread;

impl Offload for OwnThread {
    fn run(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), Busy> {
        std::thread::spawn(job);
        Ok(())
    }
}

async fn refused(node: &Authority, pair: &TokenPair) -> bool {
    match node.check(pair.access_token.expose_secret(), Expected::Configured).await {
        Ok(_) => false,
        Err(Error::TokenRefused("token_revoked")) => true,
        Err(other) => panic!("{other}"),
    }
}

async fn refresh(node: &Authority, pair: &TokenPair) -> Result<TokenPair, Error> {
    let request = RefreshRequest { token: pair.refresh_token.expose_secret(), ..RefreshRequest::default() };
    node.refresh(&Caller::command_line(), request).await
}

fn request(what: What) -> RevocationRequest {
    RevocationRequest { what, expires_at: None, user: None, tenant: None, reason: None }
}

async fn cut_jti(node: &Authority, jti: &str) -> Entry {
    node.revoke(&Caller::command_line(), request(What::Jti(jti.to_owned()))).await.unwrap().0
}

async fn client(node: &Authority) -> NewSecret {
    let request = ClientRequest {
        name: "backend".to_owned(),
        scopes: [Scope::SessionsWrite].into_iter().collect(),
        tenant: None,
        refresh_requires_secret: false,
    };
    node.create_client(&Caller::command_line(), request).await.unwrap()
}

async fn hand_over(node: &Authority, client: &NewSecret, tenant: TenantId, user: UserId) -> TokenPair {
    let caller = Caller { identity: Identity::Client(client.client.clone()), origin: Origin::default() };
    let handover = Handover {
        user,
        tenant,
        email: format!("{user}@example.com"),
        role: "member".to_owned(),
        audience: Vec::new(),
        device: Device::default(),
        claims: Default::default(),
    };
    node.hand_over(&caller, handover).await.unwrap()
}

fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

/// Until the connections that broke with the server are gone.
async fn awaken(node: &Authority) {
    for _ in 0..20 {
        if node.reach_store().await.is_ok() {
            return;
        }
    }
    panic!("the store does not come back");
}

async fn catch_up(node: &Authority) -> Followed {
    awaken(node).await;
    node.follow().await.unwrap()
}

fn settings() -> AuthoritySettings {
    AuthoritySettings::new("https://auth.example")
}
