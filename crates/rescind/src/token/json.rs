//! A strict reader of one JSON object (RFC 8259), for headers and claims.
//!
//! It refuses what JSON parsers disagree about, since two readers of one signed token must see the same thing
//! (RFC 7515 §4, RFC 7519 §4): members that occur twice, also when one is spelled with an escape; lone surrogates;
//! numbers out of the range of a double; anything after the object; and nesting deep enough to exhaust a stack.
//! It allocates nothing for what it does not need: values are positions in the text.

use std::borrow::Cow;

/// The deepest nesting, the outermost object included.
const MAX_DEPTH: usize = 16;
/// The most members of one object: duplicates are found by comparing each with each.
const MAX_MEMBERS: usize = 256;

/// Why a text is not an acceptable JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    Malformed,
    Duplicate,
}

/// A string's place between its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Str {
    start: u32,
    end: u32,
    escaped: bool,
}

/// A value's place in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    String(Str),
    Number(Span),
    Array(Span),
    Object,
    True,
    False,
    Null,
}

/// The name of a member: guessed rightly, with its place, or read.
enum Name {
    Expected(usize),
    Read(Str),
}

/// A range of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

/// The members of an object: those of `N` known names in their slots, the others in order.
#[derive(Debug)]
pub(crate) struct Members<'a, const N: usize> {
    pub(crate) text: &'a str,
    pub(crate) known: [Option<Value>; N],
    pub(crate) others: Vec<(Cow<'a, str>, Value)>,
}

impl<'a, const N: usize> Members<'a, N> {
    /// Reads `bytes`, which must be one object and nothing else; `slot` tells the place of a known name.
    pub(crate) fn parse(bytes: &'a [u8], slot: impl Fn(&[u8]) -> Option<usize>) -> Result<Self, JsonError> {
        Self::parse_expecting(bytes, &[], slot)
    }

    /// As [`Members::parse`], guessing that the first members are, in this order, those of the first slots. Each of
    /// `expected` is a name with its quotes and colon. A wrong guess costs a comparison and changes nothing else.
    pub(crate) fn parse_expecting(
        bytes: &'a [u8],
        expected: &[&[u8]],
        slot: impl Fn(&[u8]) -> Option<usize>,
    ) -> Result<Self, JsonError> {
        // Positions are kept in 32 bits.
        if bytes.len() > u32::MAX as usize {
            return Err(JsonError::Malformed);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| JsonError::Malformed)?;
        let mut members = Self { text, known: [None; N], others: Vec::new() };
        let mut scanner = Scanner { text, bytes, at: 0 };
        scanner.skip_space();
        scanner.object(1, expected, &mut |name, value| match name {
            Name::Expected(index) => members.set(index, value),
            Name::Read(name) => members.add(name, value, &slot),
        })?;
        scanner.skip_space();
        if scanner.at == bytes.len() { Ok(members) } else { Err(JsonError::Malformed) }
    }

    /// The member called `name`, known or not.
    pub(crate) fn get(&self, name: &str, slot: impl Fn(&[u8]) -> Option<usize>) -> Option<Value> {
        match slot(name.as_bytes()) {
            Some(index) => self.known[index],
            None => self.others.iter().find(|(n, _)| n == name).map(|(_, value)| *value),
        }
    }

    #[inline]
    fn set(&mut self, index: usize, value: Value) -> Result<(), JsonError> {
        if self.known[index].replace(value).is_some() { Err(JsonError::Duplicate) } else { Ok(()) }
    }

    #[inline]
    fn add(
        &mut self,
        name: Str,
        value: Value,
        slot: &impl Fn(&[u8]) -> Option<usize>,
    ) -> Result<(), JsonError> {
        let place = match name.plain() {
            Some(plain) => slot(plain.bytes(self.text)),
            None => slot(name.text(self.text).as_bytes()),
        };
        if let Some(index) = place {
            return self.set(index, value);
        }
        let name = name.text(self.text);
        if self.others.iter().any(|(other, _)| *other == name) {
            return Err(JsonError::Duplicate);
        }
        self.others.push((name, value));
        Ok(())
    }
}

impl Str {
    /// The string with its escapes resolved; `text` is what it was read from.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let raw = &text[self.start as usize..self.end as usize];
        if self.escaped { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) }
    }

    /// The place in the text, where the string is spelled without escapes.
    pub(crate) fn plain(&self) -> Option<Span> {
        (!self.escaped).then_some(Span { start: self.start, end: self.end })
    }
}

impl Span {
    pub(crate) fn text<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start as usize..self.end as usize]
    }

    pub(crate) fn bytes<'a>(&self, text: &'a str) -> &'a [u8] {
        &text.as_bytes()[self.start as usize..self.end as usize]
    }
}

impl Value {
    pub(crate) fn string(self) -> Option<Str> {
        match self {
            Self::String(string) => Some(string),
            _ => None,
        }
    }

    /// A whole number from 0 to 2⁵³ − 1, spelled with digits only: what every reader agrees about (RFC 7493 §2.2).
    /// `1.0`, `1e3` and `-0` are not.
    pub(crate) fn integer(self, text: &str) -> Option<i64> {
        const MAX: i64 = (1 << 53) - 1;
        let Self::Number(span) = self else { return None };
        let digits = span.bytes(text);
        if digits.len() > 16 {
            return None;
        }
        let add = |sum: i64, b: &u8| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0'));
        digits.iter().try_fold(0, add).filter(|sum| *sum <= MAX)
    }

    /// The elements, where this is an array of strings only.
    pub(crate) fn strings(self, text: &str) -> Option<Vec<Str>> {
        let Self::Array(span) = self else { return None };
        let mut strings = Vec::new();
        let mut scanner = Scanner { text, bytes: text.as_bytes(), at: span.start as usize };
        scanner
            .array(MAX_DEPTH, &mut |value| {
                strings.push(value.string().ok_or(JsonError::Malformed)?);
                Ok(())
            })
            .ok()?;
        Some(strings)
    }
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn object(
        &mut self,
        depth: usize,
        expected: &[&[u8]],
        on_member: &mut impl FnMut(Name, Value) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        self.expect(b'{')?;
        self.skip_space();
        if self.take(b'}') {
            return Ok(());
        }
        for index in 0..MAX_MEMBERS {
            let name = match expected.get(index) {
                Some(name) if self.take_all(name) => Name::Expected(index),
                _ => self.name()?,
            };
            self.skip_space();
            let value = self.value(depth)?;
            on_member(name, value)?;
            self.skip_space();
            if self.take(b'}') {
                return Ok(());
            }
            self.expect(b',')?;
            self.skip_space();
        }
        Err(JsonError::Malformed)
    }

    fn name(&mut self) -> Result<Name, JsonError> {
        let name = self.string()?;
        self.skip_space();
        self.expect(b':')?;
        Ok(Name::Read(name))
    }

    fn array(
        &mut self,
        depth: usize,
        on_element: &mut impl FnMut(Value) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        self.expect(b'[')?;
        self.skip_space();
        if self.take(b']') {
            return Ok(());
        }
        loop {
            let element = self.value(depth)?;
            on_element(element)?;
            self.skip_space();
            if self.take(b']') {
                return Ok(());
            }
            self.expect(b',')?;
            self.skip_space();
        }
    }

    #[inline(always)]
    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            _ => self.other_value(depth),
        }
    }

    fn other_value(&mut self, depth: usize) -> Result<Value, JsonError> {
        match self.peek() {
            Some(b'{' | b'[') => self.nested(depth + 1),
            Some(b't') => self.literal("true", Value::True),
            Some(b'f') => self.literal("false", Value::False),
            Some(b'n') => self.literal("null", Value::Null),
            _ => Err(JsonError::Malformed),
        }
    }

    /// An object or array inside: checked as strictly as the outermost one, and not kept.
    fn nested(&mut self, depth: usize) -> Result<Value, JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::Malformed);
        }
        let start = self.at;
        if self.peek() == Some(b'[') {
            self.array(depth, &mut |_| Ok(()))?;
            return Ok(Value::Array(self.span(start)));
        }
        let text = self.text;
        let mut names: Vec<Cow<'_, str>> = Vec::new();
        self.object(depth, &[], &mut |name, _| {
            let Name::Read(name) = name else { return Ok(()) };
            let name = name.text(text);
            if names.contains(&name) {
                return Err(JsonError::Duplicate);
            }
            names.push(name);
            Ok(())
        })?;
        Ok(Value::Object)
    }

    #[inline]
    fn string(&mut self) -> Result<Str, JsonError> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += plain_run(self.bytes.get(self.at..).unwrap_or_default());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(JsonError::Malformed),
            }
        }
        let span = self.span(start);
        self.at += 1;
        Ok(Str { start: span.start, end: span.end, escaped })
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let first = hex4(self.bytes, self.at + 2).ok_or(JsonError::Malformed)?;
                self.at += 6;
                match first {
                    0xd800..=0xdbff => self.low_surrogate()?,
                    0xdc00..=0xdfff => return Err(JsonError::Malformed),
                    _ => {}
                }
            }
            _ => return Err(JsonError::Malformed),
        }
        Ok(())
    }

    fn low_surrogate(&mut self) -> Result<(), JsonError> {
        let is_escape = self.bytes.get(self.at..self.at + 2) == Some(b"\\u");
        match hex4(self.bytes, self.at + 2) {
            Some(0xdc00..=0xdfff) if is_escape => {
                self.at += 6;
                Ok(())
            }
            _ => Err(JsonError::Malformed),
        }
    }

    fn number(&mut self) -> Result<Span, JsonError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        let mut may_overflow = self.at - start > 300;
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
            may_overflow = true;
        }
        let span = self.span(start);
        let in_range = || span.text(self.text).parse().is_ok_and(|number: f64| number.is_finite());
        if may_overflow && !in_range() {
            return Err(JsonError::Malformed);
        }
        Ok(span)
    }

    #[inline]
    fn digits(&mut self) -> Result<(), JsonError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += digits;
        if digits > 0 { Ok(()) } else { Err(JsonError::Malformed) }
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value, JsonError> {
        if self.take_all(word.as_bytes()) { Ok(value) } else { Err(JsonError::Malformed) }
    }

    #[inline]
    fn take_all(&mut self, bytes: &[u8]) -> bool {
        let found = self.bytes[self.at..].starts_with(bytes);
        self.at += if found { bytes.len() } else { 0 };
        found
    }

    #[inline]
    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.take(byte) { Ok(()) } else { Err(JsonError::Malformed) }
    }

    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[allow(clippy::cast_possible_truncation, reason = "Members::parse refuses texts beyond 32 bits")]
    fn span(&self, start: usize) -> Span {
        Span { start: start as u32, end: self.at as u32 }
    }
}

/// How many bytes go by before a quote, a backslash or a control character, or the end. Eight are looked at together:
/// the highest bit of each byte of `hits` says whether it is such a one, up to and including the first that is.
#[inline]
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let zero_bytes = |x: u64| x.wrapping_sub(ONES) & !x & HIGH;
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (i, chunk) in chunks.iter().enumerate() {
        let x = u64::from_le_bytes(*chunk);
        let quotes = zero_bytes(x ^ (ONES * u64::from(b'"')));
        let backslashes = zero_bytes(x ^ (ONES * u64::from(b'\\')));
        let controls = x.wrapping_sub(ONES * 0x20) & !x & HIGH;
        let hits = quotes | backslashes | controls;
        if hits != 0 {
            return i * 8 + (hits.trailing_zeros() / 8) as usize;
        }
    }
    let stop = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20));
    bytes.len() - rest.len() + stop.unwrap_or(rest.len())
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.iter().try_fold(0, |sum, b| Some(sum * 16 + char::from(*b).to_digit(16)?))
}

/// Resolves the escapes of a string that the scanner has already found to be well formed.
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (decoded, length) = unescape_one(&rest.as_bytes()[at..]);
        out.push(decoded);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    out
}

/// The character that the escape at the front of `bytes` stands for, and the length of its spelling.
fn unescape_one(bytes: &[u8]) -> (char, usize) {
    let replacement = char::REPLACEMENT_CHARACTER;
    match bytes.get(1) {
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(b'u') => match hex4(bytes, 2) {
            Some(high @ 0xd800..=0xdbff) => {
                let low = hex4(bytes, 8).unwrap_or(0xdc00);
                let code = 0x1_0000 + ((high - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff);
                (char::from_u32(code).unwrap_or(replacement), 12)
            }
            code => (code.and_then(char::from_u32).unwrap_or(replacement), 6),
        },
        other => (other.map_or(replacement, |b| char::from(*b)), 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Members<'_, 0>, JsonError> {
        Members::parse(text.as_bytes(), |_| None)
    }

    #[test]
    fn only_an_object_and_nothing_else_is_read() {
        let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
        let arrays = format!("{{\"a\":{}", "[".repeat(10_000));
        let many = format!("{{{}}}", (0..300).map(|i| format!("\"{i}\":1")).collect::<Vec<_>>().join(","));
        for text in [
            "",
            " ",
            "null",
            "[]",
            "1",
            "\"a\"",
            "{",
            "}",
            "{}}",
            "{} {}",
            "{},",
            "{}\0",
            "\u{feff}{}",
            "{a:1}",
            "{'a':1}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,}",
            "{\"a\" 1}",
            "{\"a\":01}",
            "{\"a\":+1}",
            "{\"a\":.5}",
            "{\"a\":1.}",
            "{\"a\":1e}",
            "{\"a\":-}",
            "{\"a\":NaN}",
            "{\"a\":Infinity}",
            "{\"a\":1e400}",
            "{\"a\":-1e400}",
            "{\"a\":tru}",
            "{\"a\":True}",
            "{\"a\":[1,]}",
            "{\"a\":[1 2]}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\ud800\\u0041\"}",
            "{\"a\":\"\\udc00\"}",
            "{\"a\":\"\n\"}",
            "{\"a\":\"\0\"}",
            "{\"a\":\"b}",
            "{\"a\\\":1}",
            "// x\n{}",
            "{/**/}",
            &deep,
            &arrays,
            &many,
        ] {
            assert_eq!(read(text).err(), Some(JsonError::Malformed), "{text:.60}");
        }
        assert_eq!(Members::<0>::parse(b"{\"a\":\"\xff\"}", |_| None).err(), Some(JsonError::Malformed));
    }

    #[test]
    fn a_duplicate_is_found_however_it_is_spelled_and_wherever_it_is() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"b":1,"\u0062":2}}"#,
            r#"{"x":[{"b":1,"b":2}]}"#,
            r#"{"😀":1,"\ud83d\ude00":2}"#,
        ] {
            assert_eq!(read(text).err(), Some(JsonError::Duplicate), "{text}");
        }
        let known = Members::<1>::parse(br#"{"a":1,"\u0061":2}"#, |n| (n == b"a").then_some(0));
        assert_eq!(known.err(), Some(JsonError::Duplicate));
    }

    #[test]
    fn whole_numbers_are_those_that_every_reader_agrees_about() {
        let number = |text: &str| {
            let json = format!("{{\"a\":{text}}}");
            let members = read(&json).unwrap();
            members.others[0].1.integer(members.text)
        };
        assert_eq!(number("0"), Some(0));
        assert_eq!(number("9007199254740991"), Some(9_007_199_254_740_991));
        for text in [
            "9007199254740992",
            "9007199254740993",
            "18446744073709551616",
            "-1",
            "-0",
            "1.0",
            "1e3",
            "\"1\"",
            "null",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    proptest! {
        /// Whatever we read, serde_json reads too, and sees the same strings.
        #[test]
        fn agrees_with_serde_json(value in any_json()) {
            let text = serde_json::json!({ "k": value }).to_string();
            let ours = read(&text).unwrap();
            if let (Some(string), Some(theirs)) = (ours.others[0].1.string(), value.as_str()) {
                prop_assert_eq!(string.text(ours.text), theirs);
            }
        }

        #[test]
        fn never_reads_what_serde_json_refuses(text in r#"\{("[a-c\\u0061]{0,3}"|[0-9eE.+-]|[:,\[\]{} ]|true|null){0,12}\}"#) {
            if read(&text).is_ok() {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
            }
        }

        #[test]
        fn escapes_resolve_as_serde_json_resolves_them(s in any::<String>()) {
            let escaped: String = s.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            let text = format!("{{\"k\":\"{escaped}\"}}");
            let ours = read(&text).unwrap();
            prop_assert_eq!(ours.others[0].1.string().unwrap().text(ours.text), s);
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                proptest::collection::hash_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
