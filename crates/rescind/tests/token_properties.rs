//! What holds for every token, not only for those that somebody thought of.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "helpers of tests")]

mod support;

use proptest::prelude::*;
use rescind::clock::Timestamp;
use rescind::id::{Jti, SessionId, TenantId, UserId};
use rescind::token::*;
use support::*;
use uuid::Uuid;

const ALL: [Algorithm; 5] =
    [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256, Algorithm::Hs256];

fn any_uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn any_extra() -> impl Strategy<Value = ExtraClaims> {
    proptest::collection::hash_map("[a-z\\p{L}\"\\\\]{1,8}", any_json(), 0..4)
        .prop_filter_map("reserved", |claims| ExtraClaims::new(claims.into_iter().collect()).ok())
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| proptest::collection::vec(inner, 0..4).prop_map(Into::into))
}

prop_compose! {
    fn any_access_claims()(
        ids in proptest::array::uniform4(any_uuid()),
        texts in proptest::array::uniform3(any::<String>()),
        more_audiences in proptest::collection::vec("[^\0]{1,20}", 0..3),
        versions in (0_i64..1 << 53, 0_i64..1 << 53),
        lifetime in 1_i64..86_400,
        age in 0_i64..86_400,
        extra in any_extra(),
    ) -> AccessClaims {
        let [client_id, email, role] = texts;
        let iat = NOW - age % lifetime;
        let mut aud = vec![AUD.to_owned()];
        aud.extend(more_audiences);
        AccessClaims {
            iss: ISS.to_owned(),
            aud, client_id, email, role, extra,
            iat: Timestamp::from_secs(iat),
            nbf: Timestamp::from_secs(iat),
            exp: Timestamp::from_secs(iat + lifetime),
            jti: Jti(ids[0]),
            user_id: UserId(ids[1]),
            tenant_id: TenantId(ids[2]),
            sid: SessionId(ids[3]),
            ver: versions.0,
            tver: versions.1,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn an_access_token_says_what_its_claims_said(
        claims in any_access_claims(),
        algorithm in proptest::sample::select(&ALL[..]),
    ) {
        let token = sign_access(key(algorithm), &claims).unwrap();
        let valid = validator().validate(&token, now()).unwrap();
        let ids = valid.own_ids().unwrap();
        prop_assert_eq!((ids.jti, ids.user_id, ids.tenant_id), (claims.jti, claims.user_id, claims.tenant_id));
        prop_assert_eq!((ids.session_id, ids.ver, ids.tver), (claims.sid, claims.ver, claims.tver));
        prop_assert_eq!(valid.email(), Some(claims.email.as_str()));
        prop_assert_eq!(valid.role(), Some(claims.role.as_str()));
        prop_assert_eq!(valid.client_id(), Some(claims.client_id.as_str()));
        prop_assert!(valid.audiences().eq(claims.aud.iter().map(String::as_str)));
        prop_assert_eq!(&valid.extra(), claims.extra.as_map());
        prop_assert_eq!(valid.claims_json(), serde_json::to_value(&claims).unwrap());
        prop_assert!(refresh_validator().validate_ignoring_time(&token).is_err());
        let again = serde_json::to_vec(&claims).unwrap();
        prop_assert_eq!(again, serde_json::to_vec(&claims).unwrap());
    }

    #[test]
    fn a_refresh_token_says_what_its_claims_said(
        ids in proptest::array::uniform3(any_uuid()),
        secret in any::<[u8; 32]>(),
        generation in 0_i64..1 << 53,
        lifetime in 1_i64..1 << 30,
    ) {
        let claims = RefreshClaims {
            exp: Timestamp::from_secs(NOW + lifetime),
            jti: Jti(ids[0]),
            user_id: UserId(ids[1]),
            session_id: SessionId(ids[2]),
            token_id: TokenId::from_bytes(secret),
            generation,
            ..refresh_claims()
        };
        let token = sign_refresh(key(Algorithm::Hs256), &claims).unwrap();
        let valid = refresh_validator().validate(&token, now()).unwrap();
        prop_assert_eq!((valid.jti(), valid.user_id(), valid.session_id()), (claims.jti, claims.user_id, claims.session_id));
        prop_assert_eq!((valid.generation(), valid.expires_at()), (generation, claims.exp));
        prop_assert_eq!(valid.token_id().hash(), claims.token_id.hash());
        prop_assert!(validator().validate_ignoring_time(&token).is_err());
    }

    #[test]
    fn any_one_character_changed_added_or_dropped_is_refused(
        algorithm in proptest::sample::select(&ALL[..]),
        at in any::<proptest::sample::Index>(),
        put in proptest::option::of(prop_oneof![9 => "[A-Za-z0-9_.=-]", 1 => any::<char>().prop_map(String::from)]),
        cut in any::<bool>(),
    ) {
        let access = sign_access(key(algorithm), &access_claims()).unwrap();
        let refresh = sign_refresh(key(Algorithm::Hs256), &refresh_claims()).unwrap();
        for token in [access, refresh] {
            let at = at.index(token.len());
            let mut bent = token.clone();
            bent.replace_range(at..at + usize::from(cut), put.as_deref().unwrap_or(""));
            if bent != token {
                prop_assert!(validator().validate_ignoring_time(&bent).is_err());
                prop_assert!(refresh_validator().validate_ignoring_time(&bent).is_err());
            }
        }
    }

    /// Rubbish is refused and panics nowhere.
    #[test]
    fn any_text_is_refused(text in prop_oneof![any::<String>(), "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,4}"]) {
        prop_assert!(validator().verify(&text).is_err());
        prop_assert!(refresh_validator().validate_ignoring_time(&text).is_err());
    }

    /// Rightly signed rubbish too.
    #[test]
    fn any_signed_payload_that_is_not_ours_is_refused(payload in any::<Vec<u8>>(), head in any::<Vec<u8>>()) {
        let ed = key(Algorithm::EdDsa);
        prop_assert!(validator().verify(&forge(ed, header(ed).to_string(), payload)).is_err());
        prop_assert!(validator().verify(&forge(ed, head, support::payload().to_string())).is_err());
    }

    /// A token lives exactly from `nbf` less the leeway until `exp` plus the leeway, to the millisecond.
    #[test]
    fn a_token_lives_exactly_as_long_as_it_says(offset in -3_000_i64..3_000, at_start in any::<bool>(), leeway in 0_u64..2_000) {
        let issuer = issuer().with_leeway(std::time::Duration::from_millis(leeway));
        let validator = Validator::new(vec![issuer]).unwrap();
        let token = sign_access(key(Algorithm::Hs256), &access_claims()).unwrap();
        let leeway = leeway as i64;
        let (start, end) = (NOW * 1000 - leeway, (NOW + 900) * 1000 + leeway);
        let when = if at_start { start } else { end } + offset;
        let alive = validator.validate(&token, Timestamp::from_millis(when)).is_ok();
        prop_assert_eq!(alive, (start..end).contains(&when));
    }
}
