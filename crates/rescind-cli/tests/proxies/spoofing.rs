//! What a client writes into the headers by which the backend is told who it is.

use reqwest::Method;
use rescind_testkit::process::Credentials;

use super::rig::Rig;
use super::support::claims;

/// In every spelling that some backend takes for the same.
const SPELLINGS: [&str; 10] = [
    "X-Auth-User",
    "X-Auth-Tenant",
    "X-Auth-Role",
    "X-Auth-Session",
    "X-Auth-Cache",
    "x_auth_user",
    "x-auth_user",
    "X.Auth.User",
    "X-Auth.Role",
    "X~Auth~User",
];

#[tokio::test]
async fn what_a_client_says_of_itself_never_arrives() {
    let rig = Rig::open().await;
    let front = &rig.front;
    let pair = rig.session().await;
    let user = claims(&pair.access)["user_id"].as_str().expect("a text").to_owned();
    for (path, known) in [
        ("/orders/7", user.as_str()),
        ("/transfers/7", &user),
        ("/pages/7", &user),
        ("/socket/7", &user),
        ("/public/logo", ""),
    ] {
        for name in SPELLINGS {
            let forged = front.get(path, &pair.access).header(name, "forged").header(name, "forged");
            let seen = front.passes(forged).await;
            let arrived =
                seen.headers.values().any(|value| value.as_bytes().windows(6).any(|w| w == b"forged"));
            assert!(!arrived, "{path}: {name} arrived: {seen:?}");
            assert_eq!(seen.header("x-auth-user"), known, "{path}: {name}");
        }
    }
    for name in SPELLINGS {
        let nobody =
            front.api.request(Method::GET, "/public/logo", Credentials::Nobody).header(name, "forged");
        assert!(!front.passes(nobody).await.names().iter().any(|name| name.contains("auth")), "{name}");
    }
}

/// `Connection` names headers that the next proxy is to drop: were it passed on, the backend would not be told.
#[tokio::test]
async fn a_client_cannot_have_dropped_what_the_backend_is_told() {
    let rig = Rig::open().await;
    let front = &rig.front;
    let pair = rig.session().await;
    for path in ["/orders/7", "/socket/7"] {
        let seen = front
            .passes(
                front.get(path, &pair.access).header("connection", "keep-alive, x-auth-user, x-auth-role"),
            )
            .await;
        assert!(!seen.header("connection").contains("x-auth"), "{path}: {seen:?}");
        assert_eq!(seen.header("x-auth-role"), "member", "{path}");
    }
}
