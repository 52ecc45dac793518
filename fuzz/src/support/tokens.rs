//! Good tokens, alive and revoked.
//!
//! ES256 signs differently each time, and the private half of the RSA key was not kept, so that theirs stand here as texts.

use rescind::clock::Timestamp;
use rescind::id::{Jti, SessionId, TenantId, UserId};
use rescind::token::{AccessClaims, ExtraClaims, RefreshClaims, TokenId, sign_access};
use uuid::Uuid;

use super::jws;
use super::world::{AUDIENCE, NOW, OURS, eddsa_key};

/// A token that some issuer signed.
pub(crate) struct Good {
    pub(crate) name: &'static str,
    pub(crate) token: String,
    pub(crate) revoked: bool,
    /// There is one signature for the signing input only. Of ECDSA there are always two.
    pub(crate) one_spelling: bool,
}

/// The `jti` that was revoked.
pub(crate) const REVOKED_JTI: &str = "00000000-0000-0000-0000-0000000000ff";

/// Every one.
pub(crate) fn all() -> Vec<Good> {
    let good = |name, token, revoked, one_spelling| Good { name, token, revoked, one_spelling };
    vec![
        good("ours", ours(1), false, true),
        good("ours_revoked", ours(0xff), true, true),
        good("platform", platform(), false, true),
        good("platform_other", platform_other(), false, true),
        good("es256", ES256.to_owned(), false, false),
        good("es256_revoked", ES256_REVOKED.to_owned(), true, false),
        good("rs256", RS256.to_owned(), false, true),
    ]
}

fn ours(jti: u128) -> String {
    sign_access(&eddsa_key(), &access_claims(jti)).expect("a short token")
}

/// What one of our own access tokens says.
pub(crate) fn access_claims(jti: u128) -> AccessClaims {
    let id = Uuid::from_u128;
    AccessClaims {
        iss: OURS.into(),
        aud: vec![AUDIENCE.into()],
        client_id: "rescind".into(),
        exp: secs(800),
        nbf: secs(-100),
        iat: secs(-100),
        jti: Jti(id(jti)),
        user_id: UserId(id(2)),
        tenant_id: TenantId(id(3)),
        email: "ada@example.com".into(),
        role: "member".into(),
        sid: SessionId(id(4)),
        ver: 7,
        tver: 1,
        extra: ExtraClaims::none(),
    }
}

/// What one of our own refresh tokens says.
pub(crate) fn refresh_claims() -> RefreshClaims {
    let id = Uuid::from_u128;
    RefreshClaims {
        iss: OURS.into(),
        exp: secs(800),
        nbf: secs(-100),
        iat: secs(-100),
        jti: Jti(id(1)),
        user_id: UserId(id(2)),
        session_id: SessionId(id(4)),
        token_id: TokenId::from_bytes([5; 32]),
        generation: 6,
    }
}

fn secs(after: i64) -> Timestamp {
    Timestamp::from_secs(NOW.as_secs() + after)
}

/// The payload of our own access token, as text.
pub(crate) fn access_payload() -> String {
    payload_of(&ours(1))
}

/// The payload of any token.
pub(crate) fn payload_of(token: &str) -> String {
    use base64::Engine as _;
    let encoded = token.split('.').nth(1).unwrap_or_default();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(encoded).expect("a good token");
    String::from_utf8(bytes).expect("a good token")
}

/// The header of our own access token under the shared key.
pub(crate) const ACCESS_HEADER: &[u8] = br#"{"alg":"HS256","kid":"shared","typ":"at+jwt"}"#;

/// The header of a refresh token.
pub(crate) const REFRESH_HEADER: &[u8] = br#"{"alg":"HS256","kid":"shared","typ":"rt+jwt"}"#;

/// What the platform's tokens say.
pub(crate) const PLATFORM_PAYLOAD: &str = r#"{"iss":"https://id.example","sub":"00000000-0000-0000-0000-000000000002","aud":["https://api.example","x"],"exp":1767323845,"nbf":1767322945,"iat":1767322945,"jti":"any text","tid":"00000000-0000-0000-0000-000000000003","ver":7}"#;

/// The platform's token.
pub(crate) fn platform() -> String {
    jws::sign(br#"{"alg":"HS256","kid":"shared","typ":"JWT"}"#, PLATFORM_PAYLOAD.as_bytes())
}

/// Another one, without a `kid`, a `typ` and a `jti`.
pub(crate) fn platform_other() -> String {
    let payload = PLATFORM_PAYLOAD.replace(r#","jti":"any text""#, "");
    jws::sign(br#"{"alg":"HS256"}"#, payload.as_bytes())
}

/// The public key of the issuer of RS256.
pub(crate) const RS256_KEY: &str = r#"{"kty":"RSA","n":"qq8zyizGKYQgFQY64olUyZl13EaDyRieDnF38B77KXtXEa4jElrxZWNFmYlAHJ0SYOeoLeyRekxKC_zC1F_q0XqUyM5EqLl5Lu24T6avQcCrzCq2EK7A3XQwLu_spKo0ZK-DPXG9_TvBEFfSMR-sYkLuATvGWvAsK6KCf9DsokI--fRe8kOsU88oYlMngyL4iirIqGyhfHSZquYOjsIFHot8Q2ncoNAhJgH2ADBq-zJ3W4k4vSrlwmpSZMMA78c6kjiE5tUBeM1c7hXI7XxfCtUNrzTGrcrL7JhhBhs2Osko2-ONi2miIvief8CWZyygPLOAcpHx49BaENjBuZL8dQ","e":"AQAB","kid":"-o5vA2dDe8i1BtpdfrJwEQ5Fiq1ypVgUJTAVUaHetys","alg":"RS256","use":"sig"}"#;

/// Signed with RS256.
pub(crate) const RS256: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6Ii1vNXZBMmREZThpMUJ0cGRmckp3RVE1RmlxMXlwVmdVSlRBVlVhSGV0eXMiLCJ0eXAiOiJhdCtqd3QifQ.eyJpc3MiOiJodHRwczovL3JzLmV4YW1wbGUiLCJzdWIiOiIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDIiLCJhdWQiOiJodHRwczovL2FwaS5leGFtcGxlIiwiY2xpZW50X2lkIjoicmVzY2luZCIsImV4cCI6MTc2NzMyMzg0NSwibmJmIjoxNzY3MzIyOTQ1LCJpYXQiOjE3NjczMjI5NDUsImp0aSI6IjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMSIsInVzZXJfaWQiOiIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDIiLCJ0ZW5hbnRfaWQiOiIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDMiLCJlbWFpbCI6ImFkYUBleGFtcGxlLmNvbSIsInJvbGUiOiJtZW1iZXIiLCJ0b2tlbl90eXBlIjoiYWNjZXNzIiwic2lkIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDA0IiwidmVyIjo3LCJ0dmVyIjoxfQ.n0nXOMesAeV0ApTOJFeUuoC5d1i-EGjrMYoqKymN7W3lgdKDD7_HM5Gv5pmx0XhC1Tqu7s6E6OAqfuZGp8ChQclAWfduNiKtK98gvA1CFw_A4gsGrQ_Ih3ySsxBksW-FcSbesd-P-7mi9DNo2V9_q-Umfois5JZ0a9nBXDHHS9jJe-iU7US3L9dQkzcKV5HMBUM66YeH6kEZkYCF-CNrKmp54ILsSwLaRLXuUU-WUS9LywaQroBPjHmur888HiHFeiCMMqtsxLXxoCf-sSKkC0_r5-7BnTqUnt6GHeLYqYZJug08oW2ZA2nN2VDsijN4olMyJLLGTDAkVkhEhtiNQA";

/// Signed with ES256.
pub(crate) const ES256: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjJKSVRNM2x1cTlPQXdBeGIxYUpSaWFyaHpIam9aM2h4RVpLandSQTJYWGciLCJ0eXAiOiJhdCtqd3QifQ.eyJpc3MiOiJodHRwczovL2VzLmV4YW1wbGUiLCJzdWIiOiIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDIiLCJhdWQiOiJodHRwczovL2FwaS5leGFtcGxlIiwiY2xpZW50X2lkIjoicmVzY2luZCIsImV4cCI6MTc2NzMyMzg0NSwibmJmIjoxNzY3MzIyOTQ1LCJpYXQiOjE3NjczMjI5NDUsImp0aSI6IjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMSIsInVzZXJfaWQiOiIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDIiLCJ0ZW5hbnRfaWQiOiIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDMiLCJlbWFpbCI6ImFkYUBleGFtcGxlLmNvbSIsInJvbGUiOiJtZW1iZXIiLCJ0b2tlbl90eXBlIjoiYWNjZXNzIiwic2lkIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDA0IiwidmVyIjo3LCJ0dmVyIjoxfQ.AIvxArMmjEnVbEcoB0QOPIbLeWG3qQR3pTL-0s6dAUr1OguSx_3G-ySmJ2VLNLnyjVBRPvDEtIaxH7uhJcxqrw";

/// The same issuer's, cut by its digest.
pub(crate) const ES256_REVOKED: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjJKSVRNM2x1cTlPQXdBeGIxYUpSaWFyaHpIam9aM2h4RVpLandSQTJYWGciLCJ0eXAiOiJhdCtqd3QifQ.eyJpc3MiOiJodHRwczovL2VzLmV4YW1wbGUiLCJzdWIiOiIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDIiLCJhdWQiOiJodHRwczovL2FwaS5leGFtcGxlIiwiY2xpZW50X2lkIjoicmVzY2luZCIsImV4cCI6MTc2NzMyMzg0NSwibmJmIjoxNzY3MzIyOTQ1LCJpYXQiOjE3NjczMjI5NDUsImp0aSI6IjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMiIsInVzZXJfaWQiOiIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDIiLCJ0ZW5hbnRfaWQiOiIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDMiLCJlbWFpbCI6ImFkYUBleGFtcGxlLmNvbSIsInJvbGUiOiJtZW1iZXIiLCJ0b2tlbl90eXBlIjoiYWNjZXNzIiwic2lkIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDA0IiwidmVyIjo3LCJ0dmVyIjoxfQ.yn-3Jro8xFPoMfaftd21-rPwnAy45TnpcOE1XdbTokuvrC0e4jXHm9HZoPiRTjpfsVeyvf9lCqdANHVrtoE6cQ";

/// Our own refresh token.
pub(crate) fn refresh_token() -> String {
    let secret =
        rescind::token::SigningKey::from_secret_bytes(rescind::token::Algorithm::Hs256, &jws::SECRET);
    // The claims as the authority writes them, under the name that the key has here.
    let token = rescind::token::sign_refresh(&secret.expect("a long secret"), &refresh_claims());
    jws::sign(REFRESH_HEADER, payload_of(&token.expect("a short token")).as_bytes())
}
