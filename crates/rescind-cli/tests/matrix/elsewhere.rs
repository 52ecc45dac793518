//! A platform that signs its own tokens, and has them held to this ledger: its users and sessions are known to nobody here.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use jsonwebtoken::{EncodingKey, Header, encode};
use rescind::clock::{Clock as _, Timestamp};
use rescind::ledger::CutKind;
use rescind::system::SystemClock;
use rescind::token::{Algorithm, ClaimMap, ClaimSource, Issuer, KeySet, TypRule, VerifyingKey};
use rescind::verifier::Refusal;
use rescind_testkit::process::Credentials;
use serde_json::{Value, json};

use super::doors::Doors;
use super::support::{Desk, House, new_user};

const NAME: &str = "https://platform.example";
const SECRET: &[u8] = b"what the platform signs with, of 32 bytes and more";
const REVOCATIONS: &str = "/api/v1/admin/revocations";

/// How long its tokens live.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Its tokens may say whose they are; they need not.
pub(crate) fn issuer() -> Issuer {
    let key = VerifyingKey::from_secret("platform", SECRET).expect("a key");
    Issuer::foreign(NAME, KeySet::new([key]).expect("one key"))
        .with_algorithms([Algorithm::Hs256])
        .with_audiences([NAME])
        .with_typ(TypRule::OneOf(vec!["JWT".into()]))
        .with_optional_kid()
        .with_claims(ClaimMap {
            user_id: Some(ClaimSource::optional("sub")),
            tenant_id: Some(ClaimSource::optional("tenant_id")),
            session_id: Some(ClaimSource::optional("sid")),
            ver: Some(ClaimSource::optional("ver")),
            tver: Some(ClaimSource::optional("tver")),
            ..ClaimMap::default()
        })
}

/// A mark reaches a token by what it carries of the mark's kind, and be it nothing at all: then by the digest of what was signed.
#[tokio::test]
async fn what_another_issuer_signed_is_revoked_at_every_door_whatever_the_mark() {
    let house = House::open(&[]).await;
    let (desk, doors) = (&house.desk, Doors::of(&house, None).await);
    let (user, session, tenant) = (new_user(), new_user(), desk.new_tenant().await);
    let bare = token(&json!({}));
    let in_ours = |claims: Value| token(&with(claims, &json!({"tenant_id": desk.tenant})));
    let until = |body: Value| with(body, &json!({"expires_at": expiry().to_string()}));
    let foreign = |body: Value| until(with(body, &json!({"foreign": true, "tenant_id": desk.tenant})));
    let whole_tenant = format!("/api/v1/admin/tenants/{tenant}/revoke-all");
    let bystanders = [
        token(&json!({})),
        token(&json!({"jti": "8", "sid": new_user(), "sub": new_user(), "ver": 0})),
        in_ours(json!({"sub": user, "ver": 9_000_000_000_000_000_i64, "tver": 0})),
    ];
    for (kind, token, path, body) in [
        (CutKind::Digest, &bare, REVOCATIONS, until(json!({"digest": digest_of(&bare)}))),
        (CutKind::Token, &token(&json!({"jti": "7"})), REVOCATIONS, until(json!({"jti": "7"}))),
        (
            CutKind::Session,
            &in_ours(json!({"sid": session})),
            REVOCATIONS,
            foreign(json!({"session_id": session})),
        ),
        (
            CutKind::User,
            &in_ours(json!({"sub": user, "ver": 0})),
            REVOCATIONS,
            foreign(json!({"user_id": user})),
        ),
        (CutKind::Tenant, &token(&json!({"tenant_id": tenant, "tver": 0})), &whole_tenant, json!({})),
    ] {
        assert!(doors.pass(token).await, "{kind}");
        assert!(!is_taken_by_the_authority(desk, token).await, "{kind}: it is not of its own");
        let revoked = desk.api.post(path, desk.caller(), body).await;
        assert!([200, 201].contains(&revoked.status), "{kind}: {revoked:?}");
        assert!(!doors.pass(token).await, "{kind}");
        assert_eq!(doors.refusal(token).await, Refusal::Revoked(kind));
        assert!(!is_taken_by_the_authority(desk, token).await, "{kind}");
        for bystander in &bystanders {
            assert!(doors.pass(bystander).await, "{kind}");
        }
    }
}

/// By introspection and forward-auth: at both, or at neither.
async fn is_taken_by_the_authority(desk: &Desk, token: &str) -> bool {
    let asked = [("token", token)];
    let introspected = desk.api.form("/oauth2/introspect", desk.caller(), &asked).await.expect(200);
    let forward = desk.api.get("/api/v1/auth/forward", Credentials::Bearer(token)).await;
    assert_eq!(introspected.json["active"], forward.status == 200, "{forward:?}");
    forward.status == 200
}

/// A token with these claims beside those that each has. No two are the same.
fn token(claims: &Value) -> String {
    let usual = json!({
        "iss": NAME, "aud": NAME, "nonce": new_user(),
        "iat": SystemClock.now().as_secs(), "exp": SystemClock.now().plus(LIFETIME).as_secs(),
    });
    encode(&Header::default(), &with(usual, claims), &EncodingKey::from_secret(SECRET)).expect("a token")
}

/// When the last of its tokens has expired that is signed within the next minute.
fn expiry() -> Timestamp {
    SystemClock.now().plus(LIFETIME + Duration::from_secs(60))
}

fn with(mut object: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        object[name] = value.clone();
    }
    object
}

fn digest_of(token: &str) -> String {
    let (input, _) = token.rsplit_once('.').expect("a compact JWS");
    digest(&SHA256, input.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
