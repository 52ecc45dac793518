//! What a request may carry, and how it is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get as on_get;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderName, Method};
use rescind::id::{Jti, SessionId, UserId};
use rescind::system::SystemEntropy;
use rescind::token::{Algorithm, RefreshClaims, SigningKey, TokenId, sign_access, sign_refresh};
use rescind_tower::{Authenticated, Protect};

use super::support::*;

/// A service whose handler asks for nobody, and counts who gets there.
fn counting(protect: Protect) -> (Router, Arc<AtomicUsize>) {
    let reached = Arc::new(AtomicUsize::new(0));
    let count = reached.clone();
    let handler = async move || {
        count.fetch_add(1, Ordering::SeqCst);
        "reached"
    };
    (Router::new().route("/", on_get(handler)).layer(protect), reached)
}

type Lines = Vec<(HeaderName, Vec<u8>)>;

fn bearer(token: impl AsRef<[u8]>) -> (HeaderName, Vec<u8>) {
    (AUTHORIZATION, [b"Bearer ", token.as_ref()].concat())
}

const NO_ERROR: &str = r#"Bearer realm="rescind""#;

#[tokio::test]
async fn a_good_token_comes_through_unchanged() {
    let world = world();
    let echo = async |headers: http::HeaderMap, caller: Authenticated| {
        format!("{} {}", caller.user_id().unwrap(), headers[AUTHORIZATION].to_str().unwrap())
    };
    let app = Router::new().route("/", on_get(echo)).layer(Protect::new(world.verifier.clone()));
    let token = world.token(1);
    for scheme in ["Bearer", "bearer", "BEARER  "] {
        let line = format!("{scheme} {token}");
        let answer = send(&app, with_headers("/", [(AUTHORIZATION, line.clone().into_bytes())])).await;
        assert_eq!((answer.status, answer.body), (200, format!("{} {line}", id(1, 2))));
        assert_eq!(answer.headers.get("cache-control"), None, "what a service answers is its own business");
    }
}

#[tokio::test]
async fn bad_credentials_are_answered_by_status_code_and_challenge_and_reach_nobody() {
    let world = world();
    let good = world.token(1);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let stranger = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy).unwrap();
    let mac = SigningKey::generate(Algorithm::Hs256, &SystemEntropy).unwrap();
    let refresh = RefreshClaims {
        iss: ISS.into(),
        exp: claims(1).exp,
        nbf: START,
        iat: START,
        jti: Jti(id(1, 7)),
        user_id: UserId(id(1, 2)),
        session_id: SessionId(id(1, 4)),
        token_id: TokenId::from_bytes([9; 32]),
        generation: 1,
    };
    let mut expired = claims(1);
    (expired.iat, expired.nbf, expired.exp) =
        (START.minus(Duration::from_secs(60)), START.minus(Duration::from_secs(60)), START);
    let mut elsewhere = claims(1);
    elsewhere.aud = vec!["https://api.example/".into()];

    let unreadable = |text: &str| (AUTHORIZATION, text.as_bytes().to_vec());
    let cases: Vec<(&str, Lines, u16, &str)> = vec![
        ("nothing", vec![], 401, "authentication_required"),
        ("an empty header", vec![unreadable("")], 401, "authentication_required"),
        ("Basic", vec![unreadable("Basic aTpz")], 401, "authentication_required"),
        ("the token without a scheme", vec![unreadable(&good)], 401, "authentication_required"),
        ("for the proxy", vec![(PROXY_AUTHORIZATION, bearer(&good).1)], 401, "authentication_required"),
        (
            "a cookie, unasked",
            vec![(COOKIE, format!("access={good}").into())],
            401,
            "authentication_required",
        ),
        ("twice the same", vec![bearer(&good), bearer(&good)], 400, "invalid_request"),
        ("good, then nonsense", vec![bearer(&good), unreadable("nonsense")], 400, "invalid_request"),
        ("no token", vec![unreadable("Bearer")], 401, "invalid_token"),
        ("an empty token", vec![unreadable("Bearer ")], 401, "invalid_token"),
        ("two tokens", vec![bearer(format!("{good} {good}"))], 401, "invalid_token"),
        ("a list", vec![bearer(format!("{good}, Bearer {good}"))], 401, "invalid_token"),
        ("quotes", vec![bearer(format!("\"{good}\""))], 401, "invalid_token"),
        ("a blank behind", vec![bearer(format!("{good} "))], 401, "invalid_token"),
        ("bytes that are no text", vec![bearer(b"\xff\xfe\x80")], 401, "invalid_token"),
        ("text that is no token", vec![bearer("é")], 401, "invalid_token"),
        ("a dot", vec![bearer(".")], 401, "invalid_token"),
        ("two parts", vec![bearer(head)], 401, "invalid_token"),
        ("four parts", vec![bearer(format!("{good}.x"))], 401, "invalid_token"),
        ("without a signature", vec![bearer(format!("{head}."))], 401, "invalid_token"),
        ("padded", vec![bearer(format!("{good}="))], 401, "invalid_token"),
        ("100,000 dots", vec![bearer(".".repeat(100_000))], 401, "invalid_token"),
        ("a megabyte", vec![bearer("a".repeat(1 << 20))], 401, "invalid_token"),
        (
            "another signature",
            vec![bearer(format!("{head}.{first}{}", &signature[1..]))],
            401,
            "invalid_token",
        ),
        ("nobody's key", vec![bearer(sign_access(&stranger, &claims(1)).unwrap())], 401, "invalid_token"),
        ("a refresh token", vec![bearer(sign_refresh(&mac, &refresh).unwrap())], 401, "invalid_token"),
        ("for somebody else", vec![bearer(world.sign(1, &elsewhere))], 401, "invalid_token"),
        ("expired", vec![bearer(world.sign(1, &expired))], 401, "token_expired"),
    ];
    for protect in [Protect::new(world.verifier.clone()), Protect::new(world.verifier.clone()).audience(AUD)]
    {
        let (app, reached) = counting(protect);
        for (name, lines, status, code) in &cases {
            let answer = send(&app, with_headers("/", lines.clone())).await;
            assert_eq!((answer.status, answer.code().as_str()), (*status, *code), "{name}");
            let error = if *status == 400 { "invalid_request" } else { "invalid_token" };
            let challenge = format!(r#"{NO_ERROR}, error="{error}", error_description="{code}""#);
            let challenge = if *code == "authentication_required" { NO_ERROR } else { &challenge };
            assert_eq!(answer.challenge(), Some(challenge), "{name}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{name}");
            let told = format!("{:?} {}", answer.headers, answer.body);
            assert!(!told.contains(signature) && !told.contains(head), "{name}: it tells the token");
        }
        assert_eq!(reached.load(Ordering::SeqCst), 0);
        assert_eq!(get(&app, "/", &good).await.status, 200);
        assert_eq!(reached.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_token_in_the_query_is_not_read() {
    let world = world();
    let (app, reached) = counting(Protect::new(world.verifier.clone()));
    let token = world.token(1);
    for name in ["access_token", "token", "bearer"] {
        let answer = send(&app, with_headers(&format!("/?{name}={token}"), [])).await;
        assert_eq!(answer.outcome(), "401 authentication_required", "{name}");
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

/// Neither another method nor a path that does not exist is a way in, nor tells what exists.
#[tokio::test]
async fn no_method_and_no_path_is_forgotten() {
    let world = world();
    let (app, _) = counting(Protect::new(world.verifier.clone()));
    for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS, Method::TRACE] {
        for path in ["/", "/nowhere"] {
            let mut request = with_headers(path, []);
            *request.method_mut() = method.clone();
            assert_eq!(send(&app, request).await.status, 401, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_audience_is_the_one_that_was_asked_for() {
    let world = world();
    let (app, _) = counting(Protect::new(world.verifier.clone()).audience("https://billing.example"));
    let mut billing = claims(1);
    billing.aud = vec!["https://billing.example".into()];
    assert_eq!(get(&app, "/", &world.sign(1, &billing)).await.status, 200);
    assert_eq!(get(&app, "/", &world.token(1)).await.outcome(), "401 invalid_token");
}

#[tokio::test]
async fn a_cookie_is_read_where_it_was_asked_for() {
    let world = world();
    let (app, _) = counting(Protect::new(world.verifier.clone()).cookie("access"));
    let (good, other) = (world.token(1), "a.b.c");
    let cookie = |text: String| (COOKIE, text.into_bytes());
    let cases = [
        ("alone", vec![cookie(format!("access={good}"))], "200"),
        ("among others", vec![cookie(format!("a=1; access={good}; b=\"2\""))], "200"),
        ("in a line of its own", vec![cookie("a=1".into()), cookie(format!("access={good}"))], "200"),
        ("none", vec![], "401 authentication_required"),
        ("of another name", vec![cookie(format!("ACCESS={good}"))], "401 authentication_required"),
        ("emptied by a sign-out", vec![cookie("access=".into())], "401 authentication_required"),
        ("no good token", vec![cookie("access=a.b.c".into())], "401 invalid_token"),
        ("quoted", vec![cookie(format!("access=\"{good}\""))], "401 invalid_token"),
        ("no text", vec![(COOKIE, b"access=\xff".to_vec())], "401 invalid_token"),
        ("twice", vec![cookie(format!("access={good}; access={good}"))], "400 invalid_request"),
        (
            "twice, in two lines",
            vec![cookie(format!("access={good}")), cookie("access=x".into())],
            "400 invalid_request",
        ),
        ("a good header goes first", vec![bearer(&good), cookie(format!("access={other}"))], "200"),
        (
            "a bad header is not made good by it",
            vec![bearer(other), cookie(format!("access={good}"))],
            "401 invalid_token",
        ),
        (
            "two headers neither",
            vec![bearer(&good), bearer(&good), cookie(format!("access={good}"))],
            "400 invalid_request",
        ),
    ];
    for (name, lines, outcome) in cases {
        assert_eq!(send(&app, with_headers("/", lines)).await.outcome(), outcome, "{name}");
    }
}

#[tokio::test]
async fn where_it_is_optional_no_credentials_pass_and_bad_ones_do_not() {
    let world = world();
    let who = async |caller: Option<Authenticated>| match caller {
        Some(caller) => caller.user_id().unwrap().to_string(),
        None => "nobody".to_owned(),
    };
    let app = Router::new().route("/", on_get(who)).layer(Protect::new(world.verifier.clone()).optional());
    assert_eq!(send(&app, with_headers("/", [])).await.body, "nobody");
    assert_eq!(get(&app, "/", &world.token(1)).await.body, id(1, 2).to_string());
    assert_eq!(get(&app, "/", "a.b.c").await.outcome(), "401 invalid_token");
    assert_eq!(send(&app, with_headers("/", [bearer("")])).await.outcome(), "401 invalid_token");
    world.cut(world.reach(1, rescind::ledger::CutKind::Session));
    assert_eq!(get(&app, "/", &world.token(1)).await.outcome(), "401 token_revoked");
}

#[tokio::test]
async fn the_realm_is_the_services_own() {
    let world = world();
    let (app, _) = counting(Protect::new(world.verifier.clone()).realm("the \"notes\""));
    let answer = send(&app, with_headers("/", [])).await;
    assert_eq!(answer.challenge(), Some(r#"Bearer realm="the 'notes'""#));
}
