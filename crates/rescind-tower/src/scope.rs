//! The `scope` claim (RFC 8693 §4.2, RFC 9068 §2.2.3): scopes with spaces between them, or, as some issuers write it, an array.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Whether the payload's `scope` names `wanted`, to the byte. A claim of any other form grants nothing. Nothing is copied.
pub(crate) fn grants(payload: &str, wanted: &str) -> bool {
    let mut reader = serde_json::Deserializer::from_str(payload);
    !wanted.is_empty() && Claims(wanted).deserialize(&mut reader).unwrap_or(false)
}

/// The claims, read for whether they grant a scope.
struct Claims<'w>(&'w str);

/// The value of `scope`, read likewise.
struct Scope<'w>(&'w str);

/// A string, read for whether it is this one.
struct Is<'w>(&'w str);

impl<'de> DeserializeSeed<'de> for Claims<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Claims<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut granted = false;
        while let Some(is_scope) = map.next_key_seed(Is("scope"))? {
            if is_scope {
                granted = map.next_value_seed(Scope(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(granted)
    }
}

impl<'de> DeserializeSeed<'de> for Scope<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scope<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("scopes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        Ok(text.split(' ').any(|scope| scope == self.0))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut scopes: A) -> Result<bool, A::Error> {
        let mut granted = false;
        while let Some(is_wanted) = scopes.next_element_seed(Is(self.0))? {
            granted |= is_wanted;
        }
        Ok(granted)
    }
}

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        Ok(text == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_granted_by_its_whole_name_only() {
        let cases = [
            (r#"{"scope":"read"}"#, true),
            (r#"{"scope":"write read admin"}"#, true),
            (r#"{"sub":"x","nested":{"scope":"no"},"scope":"  write  read "}"#, true),
            (r#"{"scope":["write","read"]}"#, true),
            (r#"{"s\u0063ope":"re\u0061d"}"#, true),
            (r#"{"scope":"reader"}"#, false),
            (r#"{"scope":"READ"}"#, false),
            (r#"{"scope":"read,write"}"#, false),
            (r#"{"scope":"read\twrite"}"#, false),
            (r#"{"scope":["read write"]}"#, false),
            (r#"{"scope":["read",1]}"#, false),
            (r#"{"scope":[["read"]]}"#, false),
            (r#"{"scope":{"read":true}}"#, false),
            (r#"{"scope":null}"#, false),
            (r#"{"scope":true}"#, false),
            (r#"{"nested":{"scope":"read"}}"#, false),
            (r#"{"scopes":"read","scp":"read"}"#, false),
            (r#"{}"#, false),
        ];
        for (payload, granted) in cases {
            assert_eq!(grants(payload, "read"), granted, "{payload}");
        }
        assert!(!grants(r#"{"scope":""}"#, ""), "no name is no scope");
        assert!(!grants(r#"{"scope":"a  b"}"#, ""));
    }
}
