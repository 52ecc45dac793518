//! Tokens of other issuers: trusted with their own keys, algorithms and `typ`, and read as their map says.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use rescind::clock::{Clock, Timestamp};
use rescind::id::{SessionId, TenantId, UserId};
use rescind::ledger::Cursor;
use rescind::replica::Replica;
use rescind::system::SystemEntropy;
use rescind::token::*;
use rescind::verifier::{FreshnessPolicy, Verifier};
use serde_json::{Value, json};
use support::*;

const OTHER: &str = "https://id.example";

fn rs() -> &'static SigningKey {
    key(Algorithm::Rs256)
}

/// Signs RS256 with the `typ: JWT` that most issuers write.
fn issuer_token(claims: &Value) -> String {
    let head = json!({ "typ": "JWT", "alg": "RS256", "kid": rs().kid(), "x5t": "ignored" });
    forge(rs(), head.to_string(), claims.to_string())
}

fn claims() -> Value {
    json!({ "iss": OTHER, "aud": [AUD, "account"], "sub": uuid(50), "iat": NOW, "exp": NOW + 600 })
}

fn changed(changes: Value) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    claims
}

fn other() -> Issuer {
    Issuer::foreign(OTHER, KeySet::new([rs().verifying_key()]).unwrap())
        .with_algorithms([Algorithm::Rs256])
        .with_audiences([AUD])
        .with_max_lifetime(Duration::from_secs(3600))
}

fn validate(issuer: Issuer, token: &str) -> Result<ValidToken, &'static str> {
    Validator::new(vec![issuer, ours()]).unwrap().validate(token, now()).map_err(Rejection::code)
}

fn ours() -> Issuer {
    let keys = KeySet::new([key(Algorithm::EdDsa).verifying_key()]).unwrap();
    Issuer::ours(ISS, keys).with_audiences([AUD])
}

#[test]
fn a_token_without_any_id_of_ours_is_accepted_and_has_a_digest() {
    let token = issuer_token(&claims());
    let valid = validate(other(), &token).unwrap();
    assert_eq!((valid.iss(), valid.jti(), valid.user_id(), valid.tenant_id()), (OTHER, None, None, None));
    assert_eq!(valid.sub(), Some(uuid(50).to_string().as_str()));
    assert!(!valid.is_ours() && valid.own_ids().is_none());
    let input = token.rsplit_once('.').unwrap().0;
    let expected = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, input.as_bytes());
    assert_eq!(valid.digest(), expected.as_ref());
}

#[test]
fn a_jti_is_any_short_string_and_where_there_is_one_it_must_be() {
    let jti = |value: Value| validate(other(), &issuer_token(&changed(json!({ "jti": value }))));
    assert_eq!(jti(json!("ID.42")).unwrap().jti(), Some("ID.42"));
    assert_eq!(jti(json!("ID.42")).unwrap().jti_uuid(), None);
    assert_eq!(jti(json!("j".repeat(256))).unwrap().jti().unwrap().len(), 256);
    assert_eq!(jti(json!(uuid(8))).unwrap().jti_uuid().unwrap().0, uuid(8));
    for bad in [
        json!(""),
        json!(1),
        Value::Null,
        json!("a\nb"),
        json!("a\u{0}b"),
        json!("j".repeat(257)),
        json!(["a"]),
    ] {
        assert_eq!(jti(bad).unwrap_err(), "jti_invalid");
    }
}

#[test]
fn ids_are_found_where_the_map_says() {
    let map = ClaimMap {
        user_id: Some(ClaimSource::required("sub")),
        tenant_id: Some(ClaimSource::required("tid")),
        session_id: Some(ClaimSource::optional("sid")),
        ver: Some(ClaimSource::optional("token_version")),
        role: Some(ClaimSource::optional("https://id.example/role")),
        email: Some(ClaimSource::optional("email")),
        client_id: Some(ClaimSource::optional("azp")),
        ..ClaimMap::default()
    };
    let mapped = |claims: &Value| validate(other().with_claims(map.clone()), &issuer_token(claims));
    let full = changed(json!({
        "tid": uuid(51), "sid": uuid(52), "token_version": 7, "https://id.example/role": "ed\"itor",
        "email": "a@b.example", "azp": "web",
    }));
    let valid = mapped(&full).unwrap();
    assert_eq!(valid.user_id(), Some(UserId(uuid(50))));
    assert_eq!(valid.tenant_id(), Some(TenantId(uuid(51))));
    assert_eq!(valid.session_id(), Some(SessionId(uuid(52))));
    assert_eq!((valid.ver(), valid.tver()), (Some(7), None));
    assert_eq!(
        (valid.role(), valid.email(), valid.client_id()),
        (Some("ed\"itor"), Some("a@b.example"), Some("web"))
    );
    // What cuts go by and is required cannot be left out to dodge them.
    assert_eq!(mapped(&claims()).unwrap_err(), "tenant_id_missing");
    assert!(mapped(&changed(json!({ "tid": uuid(51) }))).unwrap().session_id().is_none());
    for (changes, code) in [
        (json!({ "tid": "acme" }), "tenant_id_invalid"),
        (json!({ "tid": uuid(51), "sid": "s" }), "sid_invalid"),
        (json!({ "tid": uuid(51), "sub": "ada" }), "user_id_invalid"),
        (json!({ "tid": uuid(51), "token_version": "7" }), "ver_invalid"),
        (json!({ "tid": uuid(51), "email": 1 }), "email_invalid"),
    ] {
        assert_eq!(mapped(&changed(changes)).unwrap_err(), code);
    }
}

#[test]
fn an_issuer_without_tenants_is_given_one() {
    let tenant = TenantId(uuid(60));
    let map = ClaimMap { fixed_tenant: Some(tenant), ..ClaimMap::default() };
    let valid = validate(other().with_claims(map), &issuer_token(&claims())).unwrap();
    assert_eq!(valid.tenant_id(), Some(tenant));
}

#[test]
fn each_issuer_is_trusted_with_its_own_keys_only() {
    let as_us = forge(rs(), header(rs()).to_string(), payload().to_string());
    assert_eq!(validate(other(), &as_us).unwrap_err(), "unknown_key");
    let ed = key(Algorithm::EdDsa);
    let as_them = forge(ed, header(ed).to_string(), claims().to_string());
    assert_eq!(validate(other(), &as_them).unwrap_err(), "alg_not_allowed");
    assert_eq!(
        validate(other().with_algorithms(Algorithm::ASYMMETRIC), &as_them).unwrap_err(),
        "unknown_key"
    );
    assert!(validate(other(), &sign_access(ed, &access_claims()).unwrap()).unwrap().is_ours());
}

#[test]
fn typ_is_what_the_issuer_writes_and_never_that_of_a_refresh_token() {
    let typed = |typ: Value, rule: TypRule| {
        let mut head = json!({ "alg": "RS256", "kid": rs().kid() });
        if !typ.is_null() {
            head["typ"] = typ;
        }
        let token = forge(rs(), head.to_string(), claims().to_string());
        validate(other().with_typ(rule), &token).map(|_| ())
    };
    let jwt = || vec!["JWT".to_owned()];
    assert_eq!(typed(json!("JWT"), TypRule::OneOf(jwt())), Ok(()));
    assert_eq!(typed(json!("jwt"), TypRule::OneOf(jwt())), Ok(()));
    assert_eq!(typed(json!("application/JWT"), TypRule::OneOf(jwt())), Ok(()));
    assert_eq!(typed(json!("at+jwt"), TypRule::OneOf(jwt())), Err("wrong_typ"));
    assert_eq!(typed(json!("jwt"), TypRule::Exactly("JWT".to_owned())), Err("wrong_typ"));
    assert_eq!(typed(Value::Null, TypRule::OneOf(jwt())), Err("typ_missing"));
    assert_eq!(typed(Value::Null, TypRule::OneOfOrMissing(jwt())), Ok(()));
    assert_eq!(typed(json!("id+jwt"), TypRule::OneOfOrMissing(jwt())), Err("wrong_typ"));
    let refresh = changed(json!({ "token_type": "Refresh" }));
    assert_eq!(validate(other(), &issuer_token(&refresh)).unwrap_err(), "token_type_mismatch");
}

#[test]
fn what_tells_its_access_tokens_from_others_may_be_required() {
    let exactly = vec![("type".to_owned(), "access".to_owned()), ("sub".to_owned(), uuid(50).to_string())];
    let issuer = || other().with_claims(ClaimMap { exactly: exactly.clone(), ..ClaimMap::default() });
    let says = |kind: Value| validate(issuer(), &issuer_token(&changed(json!({ "type": kind })))).map(|_| ());
    assert_eq!(says(json!("access")), Ok(()));
    for other in
        [json!("refresh"), json!("Access"), json!("access "), json!(["access"]), json!(null), json!(1)]
    {
        assert_eq!(says(other.clone()), Err("wrong_value"), "{other}");
    }
    assert_eq!(validate(issuer(), &issuer_token(&claims())).unwrap_err(), "wrong_value", "it is missing");
    let of_another = changed(json!({ "type": "access", "sub": uuid(51) }));
    assert_eq!(
        validate(issuer(), &issuer_token(&of_another)).unwrap_err(),
        "wrong_value",
        "a claim that is known"
    );
    let escaped = r#""type":"\u0061ccess","#;
    let written = claims().to_string().replacen('{', &format!("{{{escaped}"), 1);
    let token = forge(rs(), json!({ "typ": "JWT", "alg": "RS256", "kid": rs().kid() }).to_string(), written);
    assert!(validate(issuer(), &token).is_ok(), "the text, however it is spelled");
}

#[test]
fn a_kid_is_required_unless_there_is_only_one_key() {
    let head = json!({ "typ": "JWT", "alg": "RS256" });
    let token = forge(rs(), head.to_string(), claims().to_string());
    assert_eq!(validate(other(), &token).unwrap_err(), "kid_missing");
    assert!(validate(other().with_optional_kid(), &token).is_ok());
    let two = KeySet::new([rs().verifying_key(), key(Algorithm::Ps256).verifying_key()]).unwrap();
    let ambiguous = Issuer::foreign(OTHER, two).with_audiences([AUD]).with_optional_kid();
    assert_eq!(validate(ambiguous, &token).unwrap_err(), "kid_missing");
}

#[test]
fn a_lifetime_beyond_the_issuers_longest_is_refused() {
    let long = changed(json!({ "exp": NOW + 3601 }));
    assert_eq!(validate(other(), &issuer_token(&long)).unwrap_err(), "lifetime_too_long");
}

#[test]
fn a_list_of_issuers_that_cannot_mean_what_it_says_is_refused() {
    let refused = |issuers: Vec<Issuer>| Validator::new(issuers).unwrap_err();
    assert_eq!(refused(vec![other(), other()]), InvalidIssuers::Duplicate);
    assert_eq!(refused(vec![Issuer::ours("", KeySet::empty())]), InvalidIssuers::NoName);
    assert_eq!(refused(vec![other().with_algorithms([])]), InvalidIssuers::NoAlgorithms);
    assert_eq!(refused(vec![Issuer::foreign(OTHER, KeySet::empty())]), InvalidIssuers::NoAudience);
    assert_eq!(refused(vec![other().with_audiences([""])]), InvalidIssuers::NoAudience);
    assert_eq!(refused(vec![other().with_typ(TypRule::OneOf(vec![]))]), InvalidIssuers::Typ);
    let refresh = TypRule::OneOf(vec!["JWT".to_owned(), "rt+jwt".to_owned()]);
    assert_eq!(refused(vec![other().with_typ(refresh)]), InvalidIssuers::Typ);
    let lax = TypRule::OneOf(vec!["at+jwt".to_owned()]);
    assert_eq!(refused(vec![ours().with_typ(lax)]), InvalidIssuers::Typ);
}

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// The mark that killed it may have left by then.
#[test]
fn no_issuer_is_granted_more_leeway_than_the_replica_keeps_marks_for() {
    let token = issuer_token(&claims());
    let code_after = |granted: u64, kept: u64, late: i64| {
        let issuer = other().with_leeway(Duration::from_secs(granted));
        let replica = Arc::new(Replica::new(&SystemEntropy, Duration::from_secs(kept)));
        let clock = Arc::new(At(Timestamp::from_secs(NOW + 600 + late)));
        replica.load(0).finish(Cursor::default(), clock.now());
        let validator = Validator::new(vec![issuer]).unwrap();
        let verifier = Verifier::new(validator, replica, FreshnessPolicy::default(), clock);
        verifier.verify(&token, Expected::Configured).map_or_else(|refusal| refusal.code(), |_| "ok")
    };
    assert_eq!((code_after(300, 300, 200), code_after(300, 30, 20)), ("ok", "ok"));
    assert_eq!(code_after(300, 30, 200), "token_expired");
    assert_eq!(code_after(10, 30, 20), "token_expired", "nor more than it was given");
}

/// Which key it would be cannot be known before any has come; once one has, it is that one.
#[test]
fn a_token_that_names_no_key_waits_for_the_first_one() {
    let keys = KeySet::empty();
    let issuer = Issuer::foreign(OTHER, keys.clone())
        .with_algorithms([Algorithm::Rs256])
        .with_audiences([AUD])
        .with_optional_kid();
    let replica = Arc::new(Replica::new(&SystemEntropy, Duration::from_secs(30)));
    let clock = Arc::new(At(Timestamp::from_secs(NOW)));
    replica.load(0).finish(Cursor::default(), clock.now());
    let validator = Validator::new(vec![issuer]).unwrap();
    let verifier = Verifier::new(validator, replica, FreshnessPolicy::default(), clock);
    let token = forge(rs(), json!({ "typ": "JWT", "alg": "RS256" }).to_string(), claims().to_string());
    let code = || verifier.verify(&token, Expected::Configured).map_or_else(|why| why.code(), |_| "ok");
    assert_eq!(code(), "not_ready");
    keys.replace([rs().verifying_key()]).unwrap();
    assert_eq!(code(), "ok");
    let another = SigningKey::generate(Algorithm::Rs256, &SystemEntropy).unwrap();
    keys.replace([another.verifying_key()]).unwrap();
    assert_eq!(code(), "invalid_token");
}
