//! Putting the sources on top of each other.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use toml::Value;

use super::catalog::{Fallback, SETTINGS, Setting};
use super::error::{Fault, SettingsError};
use super::explain::{Explained, Origin};
use super::{kubernetes, suggestion};

/// Where settings come from.
///
/// ```
/// use rescind_server::config::{FileText, Settings, Sources};
///
/// // Those of a process.
/// let path = "rescind.toml";
/// let file = std::fs::read_to_string(path).ok();
/// let sources = Sources {
///     flags: Vec::new(),
///     environment: std::env::vars_os().collect(),
///     file: file.map(|text| FileText { name: path.into(), text }),
///     read_file: &|path| std::fs::read_to_string(path),
/// };
/// # let sources = Sources { environment: Vec::new(), ..sources };
/// assert!(Settings::load(&sources).is_ok());
/// ```
pub struct Sources<'a> {
    /// Settings from the command line, by [`Setting::flag`] and value.
    pub flags: Vec<(String, String)>,
    /// The whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The settings file, if there is one.
    pub file: Option<FileText>,
    /// Reads the file that a `…_FILE` setting names.
    pub read_file: &'a dyn Fn(&Path) -> io::Result<String>,
}

/// A settings file.
///
/// ```
/// use rescind_server::config::{FileText, Settings, Sources};
///
/// let text = "listen = '[::]:8080'\ntrusted_proxies = ['10.0.0.0/8', 'fd00::/8']";
/// let settings = Settings::load(&Sources {
///     flags: Vec::new(),
///     environment: Vec::new(),
///     file: Some(FileText { name: "rescind.toml".into(), text: text.into() }),
///     read_file: &|path| std::fs::read_to_string(path),
/// })?;
/// assert_eq!((settings.listen.port(), settings.trusted_proxies.len()), (8080, 2));
/// # Ok::<(), rescind_server::config::SettingsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileText {
    /// What to call it in messages.
    pub name: String,
    /// What stands in it (TOML).
    pub text: String,
}

/// The value of every setting that anybody gave.
pub(super) struct Given(BTreeMap<&'static str, (SecretString, Origin)>);

impl Given {
    /// # Errors
    /// Everything that is unknown, doubled, unreadable or impossible.
    pub(super) fn read(sources: &Sources<'_>) -> Result<Self, SettingsError> {
        let mut faults = Vec::new();
        let layers = [
            flags(&sources.flags, &mut faults),
            environment(&sources.environment, &mut faults),
            sources.file.as_ref().map(|file| members(file, &mut faults)).unwrap_or_default(),
        ];
        let mut given = BTreeMap::new();
        for setting in SETTINGS {
            match first(setting, &layers, sources.read_file) {
                Ok(Some((value, origin, written))) => {
                    if let Err(why) = (setting.check)(value.expose_secret()) {
                        faults.push(Fault::new(written, why));
                    }
                    given.insert(setting.name, (value, origin));
                }
                Ok(None) => {}
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(Self(given)) } else { Err(SettingsError { faults }) }
    }

    /// The value of a setting, or its default if that is one.
    pub(super) fn text(&self, setting: &Setting) -> Option<&str> {
        match (self.0.get(setting.name), setting.default) {
            (Some((value, _)), _) => Some(value.expose_secret()),
            (None, Fallback::Value(value)) => Some(value),
            (None, Fallback::Words(_)) => None,
        }
    }

    pub(super) fn explain(&self) -> Vec<Explained> {
        SETTINGS
            .iter()
            .map(|setting| match self.0.get(setting.name) {
                Some((value, origin)) => Explained::given(setting, value.expose_secret(), *origin),
                None => Explained::by_default(setting),
            })
            .collect()
    }
}

/// What one source gives, by the name of the variable (with `_FILE` where it names a file).
#[derive(Default)]
struct Layer {
    origin: Option<Origin>,
    values: BTreeMap<String, Written>,
}

/// A value, and how the setting was written there.
struct Written {
    value: SecretString,
    name: String,
}

impl Layer {
    fn add(&mut self, known: String, name: String, value: String, faults: &mut Vec<Fault>) {
        let written = Written { value: value.into(), name: name.clone() };
        if self.values.insert(known, written).is_some() {
            faults.push(Fault::new(name, "it is given twice"));
        }
    }
}

/// The value from the highest source that has one, directly or by a file.
fn first(
    setting: &Setting,
    layers: &[Layer],
    read_file: &dyn Fn(&Path) -> io::Result<String>,
) -> Result<Option<(SecretString, Origin, String)>, Fault> {
    let by_file = format!("{}_FILE", setting.name);
    for layer in layers {
        let Some(origin) = layer.origin else { continue };
        match (layer.values.get(setting.name), layer.values.get(&by_file)) {
            (None, None) => {}
            (Some(written), None) => {
                return Ok(Some((written.value.clone(), origin, written.name.clone())));
            }
            (None, Some(written)) => {
                let value = contents(written, read_file)?;
                return Ok(Some((value, origin, written.name.clone())));
            }
            (Some(direct), Some(file)) => {
                return Err(Fault::new(
                    &direct.name,
                    format!("it is given both directly and by {}", file.name),
                ));
            }
        }
    }
    Ok(None)
}

/// What stands in a secret's file, without the line end that editors add.
fn contents(
    written: &Written,
    read_file: &dyn Fn(&Path) -> io::Result<String>,
) -> Result<SecretString, Fault> {
    let path = written.value.expose_secret();
    let text = read_file(Path::new(path))
        .map_err(|error| Fault::new(&written.name, format!("cannot read {path}: {error}")))?;
    let text = SecretString::from(text);
    let line = text.expose_secret();
    let line = line.strip_suffix('\n').unwrap_or(line);
    Ok(line.strip_suffix('\r').unwrap_or(line).into())
}

fn flags(flags: &[(String, String)], faults: &mut Vec<Fault>) -> Layer {
    let mut layer = Layer { origin: Some(Origin::Flag), ..Layer::default() };
    for (flag, value) in flags {
        let name = format!("--{flag}");
        match known(|setting| setting.flag(), "-file", flag) {
            Some(known) => layer.add(known, name, value.clone(), faults),
            None => faults.push(unknown(name, flag, Setting::flag)),
        }
    }
    layer
}

fn environment(environment: &[(OsString, OsString)], faults: &mut Vec<Fault>) -> Layer {
    let mut layer = Layer { origin: Some(Origin::Environment), ..Layer::default() };
    for (name, value) in environment {
        // A name that is not text is none of ours.
        let Some(name) = name.to_str() else { continue };
        let known = known(|setting| setting.name.to_owned(), "_FILE", name);
        if known.is_none() && (!name.starts_with("RESCIND_") || name.starts_with("RESCIND_TEST_")) {
            continue;
        }
        match (known, value.to_str()) {
            (Some(known), Some(value)) => layer.add(known, name.to_owned(), value.to_owned(), faults),
            (Some(_), None) => faults.push(Fault::new(name, "it is not UTF-8")),
            (None, value) if kubernetes::made(name, value.unwrap_or_default()) => {}
            (None, _) => {
                faults.push(unknown(name.to_owned(), name, |setting| setting.name.to_owned()));
            }
        }
    }
    layer
}

fn members(file: &FileText, faults: &mut Vec<Fault>) -> Layer {
    let mut layer = Layer { origin: Some(Origin::File), ..Layer::default() };
    let table: toml::Table = match file.text.parse() {
        Ok(table) => table,
        Err(error) => {
            faults.push(Fault::new(&file.name, not_toml(&file.text, &error)));
            return layer;
        }
    };
    for (key, value) in table {
        let name = format!("{key} in {}", file.name);
        match (known(Setting::key, "_file", &key), text_of(&value)) {
            (Some(known), Some(value)) => layer.add(known, name, value, faults),
            (Some(_), None) => faults.push(Fault::new(name, "it must be text, a number or a list of text")),
            (None, _) => faults.push(unknown(name, &key, Setting::key)),
        }
    }
    layer
}

/// Says where, and not what: toml's own message quotes the line, which may hold a secret.
fn not_toml(text: &str, error: &toml::de::Error) -> String {
    let line =
        error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    match line {
        Some(line) => format!("line {line} is not TOML"),
        None => "it is not TOML".to_owned(),
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Array(items) => {
            let items: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            Some(items?.join(","))
        }
        _ => None,
    }
}

/// The variable's name of the setting that a source calls `written`, with `_FILE` where it names a secret's file.
fn known(called: impl Fn(&Setting) -> String, file_suffix: &str, written: &str) -> Option<String> {
    SETTINGS.iter().find_map(|setting| {
        let rest = written.strip_prefix(&called(setting))?;
        if rest.is_empty() {
            Some(setting.name.to_owned())
        } else if rest == file_suffix && setting.secrecy.may_be_a_file() {
            Some(format!("{}_FILE", setting.name))
        } else {
            None
        }
    })
}

fn unknown(name: String, written: &str, called: impl Fn(&Setting) -> String) -> Fault {
    let names: Vec<String> = SETTINGS.iter().map(called).collect();
    let why = match suggestion::nearest(written, names.iter().map(String::as_str)) {
        Some(near) => format!("there is no such setting; did you mean {near}?"),
        None => "there is no such setting".to_owned(),
    };
    Fault::new(name, why)
}
