//! What a client of `/oauth2` sends: the first line is an `Authorization` header, the rest a form.
//!
//! Credentials that are taken are those that an encoder writes, and are the same again when they are written. A form is refused where a
//! parameter stands twice or has no meaning, and for nothing else; no refusal repeats a value. A client never identifies itself
//! in two ways at once.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use rescind_server::fuzzing::{Client, Header, Said, introspection_form, revocation_form, token_form};

use crate::Seed;

/// Stands for a secret: where it is a value, it must not come out.
const CANARY: &str = "hunter2hunter2";

/// Reads the header and the form.
pub fn run(data: &[u8]) {
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (value, rest) = data.split_at(at);
    let body = rest.get(1..).unwrap_or_default();
    let given = parameters(body);
    check_forms(body, given.as_ref());
    if let Some(given) = given
        && let Some(credentials) = credentials(value)
    {
        check_caller(credentials, &given);
    }
}

/// The parameters that have a value; none where one stands twice.
fn parameters(body: &[u8]) -> Option<BTreeMap<String, String>> {
    let mut given = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body) {
        if given.insert(name.into_owned(), value.into_owned()).is_some() {
            return None;
        }
    }
    given.retain(|_, value| !value.is_empty());
    Some(given)
}

fn check_forms(body: &[u8], given: Option<&BTreeMap<String, String>>) {
    let fresh = given.and_then(|given| given.get("fresh")).map(String::as_str);
    let fresh_is_one = matches!(fresh, None | Some("true" | "false"));
    let refusals = [
        (token_form(body).err(), given.is_some()),
        (revocation_form(body).err(), given.is_some()),
        (introspection_form(body).err(), given.is_some() && fresh_is_one),
    ];
    let is_named = form_urlencoded::parse(body).any(|(name, _)| name.contains(CANARY));
    for (refusal, is_good) in refusals {
        assert_eq!(refusal.is_none(), is_good, "{refusal:?}");
        let repeated = refusal.is_some_and(|refusal| refusal.explanation.contains(CANARY));
        assert!(!repeated || is_named, "a value is repeated");
    }
}

/// What the header says, where it is a header and says something that is well formed.
fn credentials(value: &[u8]) -> Option<Header> {
    let read = Header::read(HeaderValue::from_bytes(value).ok()?)?;
    match read.said() {
        Said::Nothing => {}
        Said::Bearer(token) => {
            let again = HeaderValue::from_str(&format!("bearer  {token}"));
            assert_eq!(read_again(again.expect("it came in a header")), Said::Bearer(token));
        }
        Said::Basic { id, secret, printed } => check_basic(&id, &secret, &printed),
    }
    Some(read)
}

fn check_basic(id: &str, secret: &str, printed: &str) {
    assert!(!id.is_empty() && !id.chars().chain(secret.chars()).any(char::is_control));
    assert!(!printed.contains(secret) || secret.len() < 8, "the secret is printed");
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
    let again = read_again(HeaderValue::from_str(&format!("Basic {pair}")).expect("base64"));
    let Said::Basic { id: id_again, secret: secret_again, .. } = again else {
        panic!("Basic credentials, written anew, are none")
    };
    assert_eq!((id_again.as_str(), secret_again.as_str()), (id, secret));
}

fn read_again(value: HeaderValue) -> Said {
    Header::read(value).expect("what was taken is taken again").said()
}

fn check_caller(header: Header, given: &BTreeMap<String, String>) {
    let (id, secret) = (given.get("client_id"), given.get("client_secret"));
    let named = match header.said() {
        Said::Nothing => None,
        Said::Bearer(_) => Some(None),
        Said::Basic { id, .. } => Some(Some(id)),
    };
    match (header.with_body(id.cloned(), secret.cloned()), named) {
        (Some(Client::Nobody), named) => assert!(named.is_none() && id.is_none() && secret.is_none()),
        (Some(Client::Bearer(_)), named) => assert!(named == Some(None) && secret.is_none()),
        (Some(Client::Public(name)), named) => {
            assert!(named.is_none() && secret.is_none() && Some(&name) == id);
        }
        (Some(Client::Confidential(client, proof)), None) => {
            assert!(Some(&client) == id && Some(&proof) == secret);
        }
        (Some(Client::Confidential(client, _)), Some(named)) => {
            assert!(named.as_ref() == Some(&client) && secret.is_none());
            assert!(id.is_none_or(|id| *id == client), "two clients at once");
        }
        (None, named) => assert!(named.is_some() || (id.is_none() && secret.is_some())),
    }
}

/// Forms and headers of each kind, and what has to be refused.
pub fn seeds() -> Vec<Seed> {
    let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
    let with = |header: &str, body: &str| format!("{header}\n{body}").into_bytes();
    vec![
        ("refresh", with("", "grant_type=refresh_token&refresh_token=a.b.c&client_id=rescind&scope=")),
        (
            "introspect",
            with(&basic("client:hunter2hunter2"), "token=a.b.c&token_type_hint=access_token&fresh=true"),
        ),
        ("fresh_is_something_else", with(&basic("client:x"), "token=a&fresh=hunter2hunter2")),
        ("revoke", with("Bearer a.b.c", "token=a.b.c&unknown=1")),
        ("secret_in_the_body", with("", "client_id=c&client_secret=hunter2hunter2&token=t")),
        ("two_ways", with(&basic("c:s"), "client_id=c&client_secret=s")),
        ("two_clients", with(&basic("c:s"), "client_id=d")),
        ("escaped", with(&basic("c%20%C3%A9+x:%25%3a"), "client%5fid=c%20%C3%A9+x")),
        ("doubled", with("", "token=hunter2hunter2&%74oken=b")),
        ("malformed", with("Basic not base64", "%zz=%&&=&a==b")),
        ("not_utf8", with(&basic("c:%FF"), "token=%FF")),
    ]
}
