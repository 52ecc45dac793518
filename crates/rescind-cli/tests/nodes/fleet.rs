//! Nodes of one authority.

use rescind_testkit::postgres::{Postgres, TestDatabase, own_database};
use rescind_testkit::process::{Credentials, Options, Server};

use crate::support::Desk;

/// What all nodes say they are.
const ISSUER: &str = "https://auth.test";

/// 32 bytes that all nodes share, and no real authority has.
const MASTER_KEY: &str = "bm9kZXMgb2Ygb25lIGF1dGhvcml0eSBpbiBhIHRlc3Q=";

/// Nodes, and an operator's desk at the first of them.
pub(crate) struct Fleet {
    pub(crate) nodes: Vec<Server>,
    pub(crate) desk: Desk,
    database: Option<TestDatabase>,
}

impl Fleet {
    /// So many nodes on a database of their own on the shared server.
    pub(crate) async fn open(nodes: usize, settings: &[(&str, &str)]) -> Self {
        let database = own_database().await;
        let urls = vec![database.url().to_owned(); nodes];
        let fleet = Self::at(&urls, settings).await;
        Self { database: Some(database), ..fleet }
    }

    /// A node for each URL that leads to the database.
    pub(crate) async fn at(urls: &[String], settings: &[(&str, &str)]) -> Self {
        Self::of(urls.iter().map(|url| options(url, settings))).await
    }

    /// Nodes that need not be alike.
    pub(crate) async fn of(all: impl IntoIterator<Item = Options>) -> Self {
        let mut nodes = Vec::new();
        for options in all {
            nodes.push(Server::start(options).await);
        }
        let operator = nodes[0].client("operator", &["admin"]).await;
        let api = nodes[0].api().clone();
        let tenant = api.tenant_id(Credentials::Basic(&operator), "default").await;
        Self { nodes, desk: Desk { api, operator, tenant }, database: None }
    }

    /// The database that [`Self::open`] made.
    pub(crate) fn database(&self) -> &TestDatabase {
        self.database.as_ref().expect("a fleet with a database of its own")
    }

    /// The same operator at another node.
    pub(crate) fn desk_at(&self, node: usize) -> Desk {
        Desk { api: self.nodes[node].api().clone(), ..self.desk.clone() }
    }
}

/// A node of the fleet on this database.
pub(crate) fn options(url: &str, settings: &[(&str, &str)]) -> Options {
    let options = Options::new(env!("CARGO_BIN_EXE_rescind"))
        .env("RESCIND_DATABASE_URL", url)
        .env("RESCIND_MASTER_KEY", MASTER_KEY)
        .env("RESCIND_ISSUER", ISSUER)
        .env("RESCIND_LOG", "info");
    settings.iter().fold(options, |options, (name, value)| options.env(name, *value))
}

/// A PostgreSQL that a test may break, and the URL of an empty database on it.
pub(crate) async fn breakable() -> (Postgres, String) {
    let postgres = Postgres::start().await;
    let url = postgres.create_database().await;
    (postgres, url)
}
