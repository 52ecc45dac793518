//! When the authority cannot be asked, or says what it never says, nobody passes.

use reqwest::Method;
use rescind_testkit::process::{Credentials, Reply};
use rescind_testkit::proxy::{Mode, Proxy};

use super::front::{Front, PROTECTED};
use super::peer::Peer;
use super::rig::{Rig, address};
use super::support::{House, new_user};

#[tokio::test]
async fn without_the_authority_nobody_passes_and_with_it_everybody_does_again() {
    let mut rig = Rig::open().await;
    let pair = rig.session_as("admin").await;
    for path in PROTECTED.into_iter().filter(|path| *path != "/pages/7") {
        rig.front.passes(rig.front.get(path, &pair.access)).await;
    }
    rig.house.server.kill9().await;
    for path in PROTECTED {
        for access in [pair.access.as_str(), "garbage"] {
            unavailable(&rig.front.refuses(rig.front.get(path, access), 503).await);
        }
        let nobody = rig.front.api.request(Method::GET, path, Credentials::Nobody);
        unavailable(&rig.front.refuses(nobody, 503).await);
    }
    // What is public needs nobody.
    rig.front.passes(rig.front.get("/public/logo", &pair.access)).await;
    rig.house.server.restart().await;
    for path in PROTECTED {
        rig.front.passes(rig.front.get(path, &pair.access)).await;
    }
}

#[tokio::test]
async fn an_authority_that_hangs_or_cannot_be_understood_lets_nobody_pass() {
    let house = House::open(&[]).await;
    let proxy = Proxy::start(address(&house.server)).await;
    let front = Front::before(proxy.address()).await;
    let pair = house.desk.open(&new_user()).await;
    for mode in [Mode::Hang, Mode::Cut, Mode::GarbleToClient] {
        front.passes(front.get("/orders/7", &pair.access)).await;
        proxy.set(mode).await;
        for path in ["/orders/7", "/transfers/7", "/pages/7"] {
            unavailable(&front.refuses(front.get(path, &pair.access), 503).await);
        }
        proxy.set(Mode::Pass).await;
    }
    front.passes(front.get("/orders/7", &pair.access)).await;
}

#[tokio::test]
async fn an_answer_that_is_neither_yes_nor_no_lets_nobody_pass() {
    for status in [302, 400, 404, 405, 422, 429, 500, 502, 503, 504] {
        let headers = [("location", "/public/logo"), ("x-auth-user", "u"), ("cache-control", "max-age=60")];
        let authority = Peer::answering(status, &headers).await;
        let front = Front::before(authority.address()).await;
        for path in PROTECTED {
            unavailable(&front.refuses(front.get(path, "t"), 503).await);
        }
        // Each was asked for, the kept ones too.
        front.refuses(front.get("/pages/7", "t"), 503).await;
        assert_eq!(authority.take().len(), PROTECTED.len() + 1, "{status}");
    }
}

/// A server's own pages for errors come with 200, and must not be taken for the authority's.
#[tokio::test]
async fn a_page_for_errors_is_no_yes() {
    let mut rig = Rig::open().await;
    let pages = "
        proxy_intercept_errors on;
        error_page 401 403 404 500 502 503 504 = /public/page;
    ";
    let authority = address(&rig.house.server);
    rig.front = Front::with(authority, |site| site.edit("# Whoever is signed in.", pages)).await;
    let pair = rig.session().await;
    rig.front.passes(rig.front.get("/orders/7", &pair.access)).await;
    for access in [&pair.refresh, &pair.access] {
        if access == &pair.access {
            rig.house.server.kill9().await;
        }
        for path in PROTECTED {
            rig.front.api.finish(rig.front.get(path, access)).await;
            let seen = rig.front.backend.take();
            assert!(seen.iter().all(|seen| seen.uri == "/public/page"), "{path}: {seen:?}");
        }
    }
}

fn unavailable(reply: &Reply) {
    assert_eq!(reply.header("content-type"), "application/problem+json", "{reply:?}");
    assert_eq!((reply.header("retry-after"), reply.header("cache-control")), ("1", "no-store"), "{reply:?}");
    assert_eq!(reply.json["status"], 503, "{reply:?}");
}
