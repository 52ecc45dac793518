//! Over which channels a password is taken.

use reqwest::Method;
use rescind_testkit::process::Reply;

use super::tab::Tab;
use super::world::{ADA, PASSWORD, SLUG, World};

const SETTINGS: [(&str, &str); 1] = [("RESCIND_TRUSTED_PROXIES", "127.0.0.0/8")];

/// Loads the form and sends it, both with these headers.
async fn sign_in(world: &World, headers: &[(&str, &str)]) -> (Reply, Reply) {
    let mut tab = Tab::new(world.api());
    let with = |request: reqwest::RequestBuilder| {
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    };
    let page = tab.send(with(tab.request(Method::GET, "/account/sign-in"))).await;
    if tab.token.is_empty() {
        // The form is not shown; whoever sends it all the same has a token from elsewhere.
        tab.get("/account/sign-in").await.expect(200);
    }
    let fields = [("email", ADA), ("password", PASSWORD), ("tenant", SLUG)];
    let sent = tab.send(with(tab.form("/account/sign-in", &fields))).await;
    (page, sent)
}

#[tokio::test]
async fn a_password_is_not_taken_over_plain_http() {
    for settings in [&[][..], &SETTINGS] {
        let world = World::plain(settings).await;
        for headers in [
            &[("host", "auth.example")][..],
            &[("host", "192.0.2.7:8080")],
            &[("host", "localhost.evil.example")],
            &[("host", "auth.example"), ("x-forwarded-proto", "http")],
        ] {
            let before = world.newest_entry().await;
            let (page, sent) = sign_in(&world, headers).await;
            assert_eq!(page.status, 200);
            assert!(page.body.contains("Signing in is not possible here"), "{headers:?}: {page:?}");
            assert!(page.body.contains("RESCIND_TRUSTED_PROXIES"), "it says what to do: {page:?}");
            assert!(!page.body.contains("type=\"password\""), "{headers:?}: {page:?}");
            assert_eq!(sent.status, 403, "{headers:?}: {sent:?}");
            assert!(sent.body.contains("over a channel that others can read"), "{sent:?}");
            assert!(!sent.headers.contains_key("set-cookie"), "{sent:?}");
            assert_eq!(world.newest_entry().await, before, "{headers:?}");
        }
    }
}

#[tokio::test]
async fn a_proxy_is_believed_where_it_is_trusted() {
    let asked =
        [("host", "auth.example"), ("x-forwarded-proto", "https"), ("origin", "https://auth.example")];
    let world = World::plain(&SETTINGS).await;
    let (page, sent) = sign_in(&world, &asked).await;
    assert!(page.body.contains("type=\"password\""), "{page:?}");
    assert_eq!((sent.status, sent.header("location")), (303, "/account"), "{sent:?}");

    let world = World::plain(&[]).await;
    let (page, sent) = sign_in(&world, &asked).await;
    assert!(!page.body.contains("type=\"password\""), "anybody can write a header: {page:?}");
    assert_eq!(sent.status, 403, "{sent:?}");
}

/// The name is the same at port 80.
#[tokio::test]
async fn the_issuers_address_is_taken_where_the_browser_thought_it_secure() {
    let issuer = ("RESCIND_ISSUER", "https://auth.example");
    let name = ("host", "auth.example");
    let (browser, plain) = (("sec-fetch-site", "same-origin"), ("x-forwarded-proto", "http"));
    let world = World::plain(&[issuer, SETTINGS[0]]).await;
    for (headers, is_taken) in
        [(&[name, browser][..], true), (&[name], false), (&[name, browser, plain], false)]
    {
        let (page, sent) = sign_in(&world, headers).await;
        assert_eq!(page.body.contains("type=\"password\""), is_taken, "{headers:?}: {page:?}");
        assert_eq!(sent.status, if is_taken { 303 } else { 403 }, "{headers:?}: {sent:?}");
    }
}

#[tokio::test]
async fn on_this_machine_it_is_taken() {
    let world = World::plain(&[]).await;
    for host in ["localhost", "localhost:8080", "127.0.0.1", "[::1]:8080"] {
        let (page, sent) = sign_in(&world, &[("host", host)]).await;
        assert!(page.body.contains("type=\"password\""), "{host}: {page:?}");
        assert_eq!(sent.status, 303, "{host}: {sent:?}");
    }
}
