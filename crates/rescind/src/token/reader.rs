//! Reading claims out of a payload, each with the refusal that fits it.

use uuid::Uuid;

use super::TokenId;
use super::issuer::{ClaimMap, ClaimRule, ClaimSource};
use super::json::{JsonError, Members, Str, Value};
use super::rejection::{Claim, Rejection};

/// The claims that have a slot of their own; the others are found by name.
pub(crate) mod slot {
    pub(crate) const ISS: usize = 0;
    pub(crate) const SUB: usize = 1;
    pub(crate) const AUD: usize = 2;
    pub(crate) const CLIENT_ID: usize = 3;
    pub(crate) const EXP: usize = 4;
    pub(crate) const NBF: usize = 5;
    pub(crate) const IAT: usize = 6;
    pub(crate) const JTI: usize = 7;
    pub(crate) const USER_ID: usize = 8;
    pub(crate) const TENANT_ID: usize = 9;
    pub(crate) const EMAIL: usize = 10;
    pub(crate) const ROLE: usize = 11;
    pub(crate) const TOKEN_TYPE: usize = 12;
    pub(crate) const SID: usize = 13;
    pub(crate) const VER: usize = 14;
    pub(crate) const TVER: usize = 15;
    pub(crate) const SESSION_ID: usize = 16;
    pub(crate) const TOKEN_ID: usize = 17;
    pub(crate) const GEN: usize = 18;
    pub(crate) const COUNT: usize = 19;

    /// The members of our access tokens, in the order in which they are written, which is that of their slots.
    pub(crate) const WRITTEN: [&[u8]; 16] = [
        b"\"iss\":",
        b"\"sub\":",
        b"\"aud\":",
        b"\"client_id\":",
        b"\"exp\":",
        b"\"nbf\":",
        b"\"iat\":",
        b"\"jti\":",
        b"\"user_id\":",
        b"\"tenant_id\":",
        b"\"email\":",
        b"\"role\":",
        b"\"token_type\":",
        b"\"sid\":",
        b"\"ver\":",
        b"\"tver\":",
    ];

    #[inline]
    pub(crate) fn of(name: &[u8]) -> Option<usize> {
        Some(match name {
            b"iss" => ISS,
            b"sub" => SUB,
            b"aud" => AUD,
            b"client_id" => CLIENT_ID,
            b"exp" => EXP,
            b"nbf" => NBF,
            b"iat" => IAT,
            b"jti" => JTI,
            b"user_id" => USER_ID,
            b"tenant_id" => TENANT_ID,
            b"email" => EMAIL,
            b"role" => ROLE,
            b"token_type" => TOKEN_TYPE,
            b"sid" => SID,
            b"ver" => VER,
            b"tver" => TVER,
            b"session_id" => SESSION_ID,
            b"token_id" => TOKEN_ID,
            b"gen" => GEN,
            _ => return None,
        })
    }
}

/// The last second that RFC 3339 can write. What lies beyond is not a date but milliseconds, or nonsense.
const MAX_NUMERIC_DATE: i64 = 253_402_300_799;
/// The longest `jti` of a foreign token.
const MAX_JTI_BYTES: usize = 256;

/// The members of a payload.
pub(crate) struct Reader<'a>(Members<'a, { slot::COUNT }>);

/// The audiences of a token.
#[derive(Clone, Debug)]
pub(crate) enum Audience {
    One(Str),
    Many(Vec<Str>),
}

/// The registered dates of a token, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dates {
    pub(crate) exp: i64,
    pub(crate) nbf: Option<i64>,
    pub(crate) iat: i64,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(payload: &'a [u8]) -> Result<Self, Rejection> {
        Members::parse_expecting(payload, &slot::WRITTEN, slot::of).map(Self).map_err(|error| match error {
            JsonError::Malformed => Rejection::MalformedPayload,
            JsonError::Duplicate => Rejection::DuplicateClaim,
        })
    }

    pub(crate) fn iss(&self) -> Result<std::borrow::Cow<'a, str>, Rejection> {
        let value = self.0.known[slot::ISS].ok_or(Rejection::Missing(Claim::Iss))?;
        let iss = value.string().ok_or(Rejection::Invalid(Claim::Iss))?;
        Ok(iss.text(self.0.text))
    }

    pub(crate) fn dates(&self) -> Result<Dates, Rejection> {
        Ok(Dates {
            exp: self.date(slot::EXP, Claim::Exp)?.ok_or(Rejection::Missing(Claim::Exp))?,
            nbf: self.date(slot::NBF, Claim::Nbf)?,
            iat: self.date(slot::IAT, Claim::Iat)?.ok_or(Rejection::Missing(Claim::Iat))?,
        })
    }

    /// A string, or an array of strings, at least one and none empty.
    pub(crate) fn audience(&self) -> Result<Audience, Rejection> {
        let invalid = Rejection::Invalid(Claim::Aud);
        let payload = self.0.text;
        let value = self.0.known[slot::AUD].ok_or(Rejection::Missing(Claim::Aud))?;
        let audience = match value {
            Value::String(one) => Audience::One(one),
            many => Audience::Many(many.strings(payload).ok_or(invalid)?),
        };
        let strings = audience.strings();
        let has_empty = strings.iter().any(|string| string.text(payload).is_empty());
        if strings.is_empty() || has_empty { Err(invalid) } else { Ok(audience) }
    }

    /// Any short string without control characters, where there is one.
    pub(crate) fn foreign_jti(&self) -> Result<Option<Str>, Rejection> {
        let jti = self.string(slot::JTI, Claim::Jti)?;
        let is_acceptable = |jti: Str| {
            let text = jti.text(self.0.text);
            (1..=MAX_JTI_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
        };
        match jti {
            Some(jti) if !is_acceptable(jti) => Err(Rejection::Invalid(Claim::Jti)),
            jti => Ok(jti),
        }
    }

    pub(crate) fn string(&self, slot: usize, claim: Claim) -> Result<Option<Str>, Rejection> {
        self.0.known[slot].map(|value| as_string(value, claim)).transpose()
    }

    #[inline]
    pub(crate) fn required_string(&self, slot: usize, claim: Claim) -> Result<Str, Rejection> {
        as_string(self.0.known[slot].ok_or(Rejection::Missing(claim))?, claim)
    }

    pub(crate) fn required_uuid(&self, slot: usize, claim: Claim) -> Result<Uuid, Rejection> {
        self.as_uuid(self.0.known[slot].ok_or(Rejection::Missing(claim))?, claim)
    }

    pub(crate) fn required_integer(&self, slot: usize, claim: Claim) -> Result<i64, Rejection> {
        self.as_integer(self.0.known[slot].ok_or(Rejection::Missing(claim))?, claim)
    }

    /// `token_type` is there and is this.
    pub(crate) fn check_token_type(&self, expected: &str) -> Result<(), Rejection> {
        let token_type = self.required_string(slot::TOKEN_TYPE, Claim::TokenType)?;
        if token_type.text(self.0.text) == expected { Ok(()) } else { Err(Rejection::TokenTypeMismatch) }
    }

    /// Whether `aud` names this audience and no other.
    pub(crate) fn has_only_audience(&self, audience: &str) -> Result<bool, Rejection> {
        let named = self.audience()?;
        Ok(matches!(named.strings(), [one] if one.text(self.0.text) == audience))
    }

    pub(crate) fn token_id(&self) -> Result<TokenId, Rejection> {
        let text = self.required_string(slot::TOKEN_ID, Claim::TokenId)?;
        TokenId::from_base64url(&text.text(self.0.text)).ok_or(Rejection::Invalid(Claim::TokenId))
    }

    pub(crate) fn mapped_string(
        &self,
        source: Option<&ClaimSource>,
        claim: Claim,
    ) -> Result<Option<Str>, Rejection> {
        self.mapped(source, claim)?.map(|value| as_string(value, claim)).transpose()
    }

    pub(crate) fn mapped_uuid(
        &self,
        source: Option<&ClaimSource>,
        claim: Claim,
    ) -> Result<Option<Uuid>, Rejection> {
        self.mapped(source, claim)?.map(|value| self.as_uuid(value, claim)).transpose()
    }

    pub(crate) fn mapped_integer(
        &self,
        source: Option<&ClaimSource>,
        claim: Claim,
    ) -> Result<Option<i64>, Rejection> {
        self.mapped(source, claim)?.map(|value| self.as_integer(value, claim)).transpose()
    }

    /// The claim of that name is this text.
    fn check_value(&self, name: &str, text: &str) -> Result<(), Rejection> {
        let value = self.0.get(name, slot::of).and_then(Value::string);
        let is_it = value.is_some_and(|value| value.text(self.0.text) == text);
        if is_it { Ok(()) } else { Err(Rejection::WrongValue) }
    }

    fn mapped(&self, source: Option<&ClaimSource>, claim: Claim) -> Result<Option<Value>, Rejection> {
        let Some(source) = source else { return Ok(None) };
        match self.0.get(&source.name, slot::of) {
            None if source.required => Err(Rejection::Missing(claim)),
            value => Ok(value),
        }
    }

    fn date(&self, slot: usize, claim: Claim) -> Result<Option<i64>, Rejection> {
        let Some(value) = self.0.known[slot] else { return Ok(None) };
        let date = self.as_integer(value, claim)?;
        if date <= MAX_NUMERIC_DATE { Ok(Some(date)) } else { Err(Rejection::Invalid(claim)) }
    }

    fn as_integer(&self, value: Value, claim: Claim) -> Result<i64, Rejection> {
        value.integer(self.0.text).ok_or(Rejection::Invalid(claim))
    }

    /// A UUID as RFC 9562 §4 writes it, with hyphens; the short, braced and URN spellings are refused.
    fn as_uuid(&self, value: Value, claim: Claim) -> Result<Uuid, Rejection> {
        let string = as_string(value, claim)?;
        let uuid = match string.plain() {
            Some(plain) => hyphenated(plain.bytes(self.0.text)),
            None => hyphenated(string.text(self.0.text).as_bytes()),
        };
        uuid.ok_or(Rejection::Invalid(claim))
    }
}

impl Audience {
    pub(crate) fn strings(&self) -> &[Str] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl Dates {
    pub(crate) fn check_lifetime(&self, max_seconds: u64) -> Result<(), Rejection> {
        match u64::try_from(self.exp - self.iat) {
            Err(_) | Ok(0) => Err(Rejection::LifetimeInvalid),
            Ok(lifetime) if lifetime > max_seconds => Err(Rejection::LifetimeTooLong),
            Ok(_) => Ok(()),
        }
    }

    /// Whether the token lives at `now`, both in milliseconds; expiry is looked at last.
    #[inline]
    pub(crate) fn check(&self, now: i64, leeway: i64) -> Result<(), Rejection> {
        if self.iat * 1000 > now.saturating_add(leeway) {
            Err(Rejection::IssuedInFuture)
        } else if self.nbf.unwrap_or(0) * 1000 > now.saturating_add(leeway) {
            Err(Rejection::NotYetValid)
        } else if (self.exp * 1000).saturating_add(leeway) <= now {
            Err(Rejection::Expired)
        } else {
            Ok(())
        }
    }
}

/// What a token is about: read from our own claims, or from where the issuer's map says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) jti: Option<Str>,
    pub(crate) jti_uuid: Option<Uuid>,
    pub(crate) sub: Option<Str>,
    pub(crate) client_id: Option<Str>,
    pub(crate) email: Option<Str>,
    pub(crate) role: Option<Str>,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) tenant_id: Option<Uuid>,
    pub(crate) session_id: Option<Uuid>,
    pub(crate) ver: Option<i64>,
    pub(crate) tver: Option<i64>,
}

impl Facts {
    /// The string claims that are kept.
    pub(crate) fn strings(&self) -> impl Iterator<Item = Str> {
        [self.jti, self.sub, self.client_id, self.email, self.role].into_iter().flatten()
    }

    pub(crate) fn read(reader: &Reader<'_>, rule: &ClaimRule) -> Result<Self, Rejection> {
        match rule {
            ClaimRule::Ours => Self::ours(reader),
            ClaimRule::Mapped(map) => Self::mapped(reader, map),
        }
    }

    fn ours(reader: &Reader<'_>) -> Result<Self, Rejection> {
        reader.check_token_type(super::claims::ACCESS)?;
        let sub = reader.required_string(slot::SUB, Claim::Sub)?;
        let user_id = reader.required_string(slot::USER_ID, Claim::UserId)?;
        if sub.text(reader.0.text) != user_id.text(reader.0.text) {
            return Err(Rejection::SubMismatch);
        }
        Ok(Self {
            jti: Some(reader.required_string(slot::JTI, Claim::Jti)?),
            jti_uuid: Some(reader.required_uuid(slot::JTI, Claim::Jti)?),
            sub: Some(sub),
            client_id: Some(reader.required_string(slot::CLIENT_ID, Claim::ClientId)?),
            email: Some(reader.required_string(slot::EMAIL, Claim::Email)?),
            role: Some(reader.required_string(slot::ROLE, Claim::Role)?),
            user_id: Some(reader.required_uuid(slot::USER_ID, Claim::UserId)?),
            tenant_id: Some(reader.required_uuid(slot::TENANT_ID, Claim::TenantId)?),
            session_id: Some(reader.required_uuid(slot::SID, Claim::Sid)?),
            ver: Some(reader.required_integer(slot::VER, Claim::Ver)?),
            tver: Some(reader.required_integer(slot::TVER, Claim::Tver)?),
        })
    }

    fn mapped(reader: &Reader<'_>, map: &ClaimMap) -> Result<Self, Rejection> {
        refuse_refresh(reader)?;
        map.exactly.iter().try_for_each(|(name, text)| reader.check_value(name, text))?;
        let jti = reader.foreign_jti()?;
        let jti_uuid = jti.and_then(|jti| hyphenated(jti.text(reader.0.text).as_bytes()));
        let tenant_id = reader.mapped_uuid(map.tenant_id.as_ref(), Claim::TenantId)?;
        Ok(Self {
            jti,
            jti_uuid,
            sub: reader.string(slot::SUB, Claim::Sub)?,
            client_id: reader.mapped_string(map.client_id.as_ref(), Claim::ClientId)?,
            email: reader.mapped_string(map.email.as_ref(), Claim::Email)?,
            role: reader.mapped_string(map.role.as_ref(), Claim::Role)?,
            user_id: reader.mapped_uuid(map.user_id.as_ref(), Claim::UserId)?,
            tenant_id: tenant_id.or(map.fixed_tenant.map(|tenant| tenant.0)),
            session_id: reader.mapped_uuid(map.session_id.as_ref(), Claim::Sid)?,
            ver: reader.mapped_integer(map.ver.as_ref(), Claim::Ver)?,
            tver: reader.mapped_integer(map.tver.as_ref(), Claim::Tver)?,
        })
    }
}

/// Whatever an issuer's `typ` rule lets in, a token that calls itself a refresh token is not for access.
fn refuse_refresh(reader: &Reader<'_>) -> Result<(), Rejection> {
    let Some(Value::String(token_type)) = reader.0.known[slot::TOKEN_TYPE] else { return Ok(()) };
    let is_refresh = token_type.text(reader.0.text).eq_ignore_ascii_case(super::claims::REFRESH);
    if is_refresh { Err(Rejection::TokenTypeMismatch) } else { Ok(()) }
}

#[inline]
fn as_string(value: Value, claim: Claim) -> Result<Str, Rejection> {
    value.string().ok_or(Rejection::Invalid(claim))
}

fn hyphenated(text: &[u8]) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse_ascii(text).ok() } else { None }
}
