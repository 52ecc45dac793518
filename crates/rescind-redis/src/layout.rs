//! How marks are spelled in Redis. Others read them: what `docs/redis.md` says does not change.

use rescind::ledger::{CutKind, MarkIdentity};
use rescind::lookup::CachedMark;

/// What stands for a mark that kills whatever it names.
const REVOKED: &str = "1";

/// `rescind:` kind `:` tenant or `*` `:` key. The key comes last, since only it may hold a colon.
pub(crate) fn key(identity: &MarkIdentity) -> String {
    let MarkIdentity { tenant, key } = identity;
    match tenant {
        Some(tenant) => format!("rescind:{}:{tenant}:{key}", key.kind()),
        None => format!("rescind:{}:*:{key}", key.kind()),
    }
}

/// `1`; for users and tenants the least version that is alive, in decimal.
pub(crate) fn value(mark: &CachedMark) -> String {
    mark.min_version.map_or_else(|| REVOKED.to_owned(), |version| version.to_string())
}

/// What a value means; none where it is not one of ours.
pub(crate) fn read(identity: &MarkIdentity, value: &[u8]) -> Option<CachedMark> {
    let text = std::str::from_utf8(value).ok()?;
    let min_version = match identity.key.kind() {
        CutKind::User | CutKind::Tenant => Some(version(text)?),
        _ if text == REVOKED => None,
        _ => return None,
    };
    Some(CachedMark { identity: identity.clone(), min_version })
}

fn version(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use rescind::id::{ClientId, SessionId, TenantId, UserId};
    use rescind::ledger::{MarkKey, TokenKey};
    use uuid::Uuid;

    use super::*;

    const ID: &str = "01900000-0000-7000-8000-000000000001";
    const TENANT: &str = "01900000-0000-7000-8000-0000000000aa";

    /// The very examples of `docs/redis.md`: what others rely on.
    #[test]
    fn keys_are_spelled_as_documented() {
        let id = Uuid::parse_str(ID).unwrap();
        let scope = Some(TenantId(Uuid::parse_str(TENANT).unwrap()));
        let document = include_str!("../../../docs/redis.md");
        for (tenant, of, expected) in [
            (None, MarkKey::Token(TokenKey::new(ID)), format!("rescind:token:*:{ID}")),
            (scope, MarkKey::Token(TokenKey::new(ID)), format!("rescind:token:{TENANT}:{ID}")),
            (None, MarkKey::Token(TokenKey::new("a:b")), "rescind:token:*:a:b".to_owned()),
            (scope, MarkKey::Session(SessionId(id)), format!("rescind:session:{TENANT}:{ID}")),
            (scope, MarkKey::User(UserId(id)), format!("rescind:user:{TENANT}:{ID}")),
            (None, MarkKey::Tenant(TenantId(id)), format!("rescind:tenant:*:{ID}")),
            (None, MarkKey::Client(ClientId(id)), format!("rescind:client:*:{ID}")),
            (None, MarkKey::Key("a-kid".into()), "rescind:key:*:a-kid".to_owned()),
            (None, MarkKey::Digest([0xab; 32]), format!("rescind:digest:*:{}", "ab".repeat(32))),
        ] {
            assert!(
                document.contains(&format!("`rescind:{}:", of.kind())),
                "{} is not documented",
                of.kind()
            );
            assert_eq!(key(&MarkIdentity { tenant, key: of }), expected);
        }
    }

    #[test]
    fn values_are_read_back_and_others_are_none() {
        let id = Uuid::parse_str(ID).unwrap();
        let user = MarkIdentity { tenant: None, key: MarkKey::User(UserId(id)) };
        let session = MarkIdentity { tenant: None, key: MarkKey::Session(SessionId(id)) };
        for version in [0, 7, 1_700_000_000_000, i64::MAX] {
            let mark = CachedMark { identity: user.clone(), min_version: Some(version) };
            assert_eq!(read(&user, value(&mark).as_bytes()), Some(mark));
        }
        let mark = CachedMark { identity: session.clone(), min_version: None };
        assert_eq!(read(&session, value(&mark).as_bytes()), Some(mark));
        for other in ["", "-1", "+1", "01", "1.0", "1e3", " 1", "9223372036854775808", "x", "\u{661}"] {
            assert_eq!(read(&user, other.as_bytes()), None, "{other}");
            assert_eq!(read(&session, other.as_bytes()), None, "{other}");
        }
        assert_eq!(read(&user, b"\xff"), None);
        assert_eq!(read(&session, b"0"), None);
    }
}
