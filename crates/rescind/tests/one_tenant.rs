//! A verifier of one tenant's tokens refuses another's at every door, whatever else it knows of them.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use rescind::authority::Authority;
use rescind::id::TenantId;
use rescind::system::SystemEntropy;
use rescind::token::*;
use rescind::verifier::{Refusal, TokenCache, Verifier};
use serde_json::json;
use support::*;

const OURS: TenantId = TenantId(uuid::Uuid::from_u128(3));
const THEIRS: TenantId = TenantId(uuid::Uuid::from_u128(33));

/// Other issuers: one whose tokens name no tenant, and one whose tokens are all of a tenant that is not ours.
const NOBODYS: &str = "https://nobodys.example";
const ALL_THEIRS: &str = "https://theirs.example";

fn foreign(iss: &str, fixed_tenant: Option<TenantId>) -> Issuer {
    Issuer::foreign(iss, KeySet::new([key(Algorithm::Rs256).verifying_key()]).unwrap())
        .with_algorithms([Algorithm::Rs256])
        .with_audiences([AUD])
        .with_claims(ClaimMap { fixed_tenant, ..ClaimMap::default() })
}

fn verifier(authority: &Authority) -> Verifier {
    let issuers = vec![issuer(), foreign(NOBODYS, None), foreign(ALL_THEIRS, Some(THEIRS))];
    let (replica, clock) = (Arc::clone(authority.replica()), Arc::clone(authority.clock()));
    Verifier::new(Validator::new(issuers).unwrap(), replica, Default::default(), clock).for_tenant(OURS)
}

fn token_of(authority: &Authority, tenant: TenantId) -> String {
    let now = authority.now();
    let exp = now.plus(Duration::from_secs(900));
    let claims = AccessClaims { tenant_id: tenant, iat: now, nbf: now, exp, ..access_claims() };
    sign_access(key(Algorithm::EdDsa), &claims).unwrap()
}

fn foreign_token(authority: &Authority, iss: &str) -> String {
    let key = key(Algorithm::Rs256);
    let now = authority.now().as_millis() / 1000;
    let head = json!({ "typ": "JWT", "alg": "RS256", "kid": key.kid() });
    let claims = json!({ "iss": iss, "aud": AUD, "iat": now, "exp": now + 600 });
    forge(key, head.to_string(), claims.to_string())
}

/// What each door says.
async fn at_every_door(verifier: &Verifier, authority: &Authority, token: &str) -> Vec<Result<(), Refusal>> {
    let expected = Expected::Exactly(AUD);
    let signed = verifier.validator().verify(token).unwrap();
    let never = pending::<()>;
    let lookup = authority.lookup();
    let outcomes = [
        verifier.verify(token, expected),
        // Seen before, where there is a cache.
        verifier.verify(token, expected),
        verifier.verify_again(&signed, expected),
        verifier.verify_fresh(token, expected, authority, never()).await,
        verifier.verify_fresh_again(&signed, expected, authority, never()).await,
        verifier.verify_by_lookup(token, expected, lookup).await,
        verifier.verify_fresh_by_lookup(token, expected, lookup, never()).await,
    ];
    outcomes.into_iter().map(|outcome| outcome.map(drop)).collect()
}

#[test]
fn only_its_own_tenants_tokens_pass_and_those_of_nobody() {
    rescind_examples::run(async |rescind_examples::World { authority, .. }| {
        for cached in [false, true] {
            let mut verifier = verifier(&authority);
            if cached {
                verifier = verifier.with_cache(TokenCache::new(&SystemEntropy, TokenCache::USUAL_BYTES));
            }
            for (token, passes) in [
                (token_of(&authority, OURS), true),
                (token_of(&authority, THEIRS), false),
                (foreign_token(&authority, NOBODYS), true),
                (foreign_token(&authority, ALL_THEIRS), false),
            ] {
                let expected = if passes { Ok(()) } else { Err(Refusal::Invalid(Rejection::WrongTenant)) };
                for (door, outcome) in
                    at_every_door(&verifier, &authority, &token).await.into_iter().enumerate()
                {
                    assert_eq!(outcome, expected, "door {door}, cached: {cached}, {token}");
                }
            }
        }
        Ok(())
    });
}
