//! What the tests' nginx promises to the tests that use it.

use std::path::Path;

use rescind_testkit::nginx::Site;
use rescind_testkit::process::{Api, Credentials};
use tempfile::TempDir;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_site_is_served_and_nothing_of_it_outlives_the_test() {
    let files = site("server { listen 127.0.0.1:80; location / { return 200 $server_port; } }");
    let nginx = Site::of(files.path()).listening("127.0.0.1:80").start().await;
    let answer = Api::new(nginx.base()).get("/", Credentials::Nobody).await.expect(200);
    assert!(nginx.base().ends_with(&answer.body), "{answer:?}");
    let address = nginx.address();
    drop(nginx);
    // A worker that went on would still listen.
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
#[should_panic(expected = "unknown directive \"lisen\"")]
async fn a_configuration_that_nginx_does_not_take_is_a_failure_that_says_why() {
    let files = site("server { lisen 127.0.0.1:80; }");
    drop(Site::of(files.path()).start().await);
}

#[tokio::test]
#[should_panic(expected = "[warn]")]
async fn what_nginx_warns_of_is_a_failure() {
    let server = "server { listen 127.0.0.1:80; server_name same; }";
    let files = site(&server.repeat(2));
    drop(Site::of(files.path()).listening("127.0.0.1:80").start().await);
}

/// The files of a configuration with this in the context `http`.
fn site(text: &str) -> TempDir {
    let directory = TempDir::new().expect("a temporary directory");
    let path: &Path = directory.path();
    std::fs::create_dir(path.join("conf.d")).expect("a directory");
    std::fs::write(path.join("conf.d/site.conf"), text).expect("a file");
    directory
}
