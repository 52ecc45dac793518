//! Marks that are about anything but a plain id: a text, a digest, a version. They are few, or large anyhow, and live in one
//! concurrent map.

use std::hash::{Hash as StdHash, Hasher};

use papaya::Equivalent;
use uuid::Uuid;

use crate::id::{TenantId, UserId};
use crate::ledger::{CutKind, MarkKey, TokenKey};
use crate::replica::expiry::Expiry;
use crate::replica::seed::{AsIs, Hash, Seed};

/// One key's marks: one for each tenant scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scoped {
    pub(super) tenant: Option<TenantId>,
    /// Tokens below it are dead; the highest there is where the kind has none, so that all are.
    pub(super) min_version: i64,
    pub(super) expiry: Expiry,
}

/// A key that is looked up without being owned. Ids are numbers: those can be carried in registers, sixteen bytes cannot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OddKey<'a> {
    Jti(&'a str),
    User(u128),
    Tenant(u128),
    Kid(&'a str),
    Digest(&'a [u8; 32]),
}

impl<'a> OddKey<'a> {
    /// None for those that the flat tables hold.
    pub(super) fn of(key: &'a MarkKey) -> Option<Self> {
        match key {
            MarkKey::Token(TokenKey::Text(jti)) => Some(Self::Jti(jti)),
            MarkKey::User(id) => Some(Self::User(id.0.as_u128())),
            MarkKey::Tenant(id) => Some(Self::Tenant(id.0.as_u128())),
            MarkKey::Key(kid) => Some(Self::Kid(kid)),
            MarkKey::Digest(digest) => Some(Self::Digest(digest)),
            MarkKey::Token(TokenKey::Uuid(_)) | MarkKey::Session(_) | MarkKey::Client(_) => None,
        }
    }

    #[inline]
    pub(super) const fn kind(self) -> CutKind {
        match self {
            Self::Jti(_) => CutKind::Token,
            Self::User(_) => CutKind::User,
            Self::Tenant(_) => CutKind::Tenant,
            Self::Kid(_) => CutKind::Key,
            Self::Digest(_) => CutKind::Digest,
        }
    }

    /// The key, owned.
    pub(super) fn mark_key(self) -> MarkKey {
        match self {
            Self::Jti(jti) => MarkKey::Token(TokenKey::Text(jti.into())),
            Self::User(id) => MarkKey::User(UserId(Uuid::from_u128(id))),
            Self::Tenant(id) => MarkKey::Tenant(TenantId(Uuid::from_u128(id))),
            Self::Kid(kid) => MarkKey::Key(kid.into()),
            Self::Digest(digest) => MarkKey::Digest(*digest),
        }
    }

    #[inline(always)]
    pub(super) fn hash(self, seed: &Seed) -> Hash {
        match self {
            Self::Jti(jti) => seed.text(CutKind::Token, jti),
            Self::User(id) => seed.id(CutKind::User, id),
            Self::Tenant(id) => seed.id(CutKind::Tenant, id),
            Self::Kid(kid) => seed.text(CutKind::Key, kid),
            Self::Digest(digest) => {
                // Half of SHA-256 is as good as all of it for finding the place; the whole is compared there.
                let mut half = [0; 16];
                half.copy_from_slice(&digest[..16]);
                seed.id(CutKind::Digest, u128::from_le_bytes(half))
            }
        }
    }
}

/// The map. Writers take turns; readers need nobody.
pub(super) struct OddMarks(papaya::HashMap<Hashed, Box<[Scoped]>, AsIs>);

impl OddMarks {
    pub(super) fn new() -> Self {
        Self(papaya::HashMap::with_hasher(AsIs))
    }

    /// Whether `dead` holds for any of the key's marks.
    pub(super) fn any(&self, key: OddKey<'_>, hash: Hash, dead: impl Fn(&Scoped) -> bool) -> bool {
        self.0.pin().get(&Probe { hash, key }).is_some_and(|marks| marks.iter().any(dead))
    }

    /// Adds a mark, or raises the one that stands. Returns the one that stood, and the one that stands now.
    pub(super) fn apply(&self, key: &MarkKey, hash: Hash, mark: Scoped) -> (Option<Scoped>, Scoped) {
        let map = self.0.pin();
        let hashed = Hashed { hash, key: key.clone() };
        let mut marks = map.get(&hashed).map_or_else(Vec::new, |marks| marks.to_vec());
        let Some(stood) = marks.iter_mut().find(|stood| stood.tenant == mark.tenant) else {
            marks.push(mark);
            map.insert(hashed, marks.into());
            return (None, mark);
        };
        let before = *stood;
        stood.min_version = before.min_version.max(mark.min_version);
        stood.expiry = before.expiry.max(mark.expiry);
        let after = *stood;
        if after != before {
            map.insert(hashed, marks.into());
        }
        (Some(before), after)
    }

    /// Drops every mark that `gone` names.
    pub(super) fn drop_where(&self, mut gone: impl FnMut(&MarkKey, &Scoped) -> bool) {
        let map = self.0.pin();
        for (hashed, marks) in &map {
            let left: Box<[Scoped]> = marks.iter().filter(|mark| !gone(&hashed.key, mark)).copied().collect();
            if left.is_empty() {
                map.remove(hashed);
            } else if left.len() < marks.len() {
                map.insert(hashed.clone(), left);
            }
        }
    }

    pub(super) fn for_each_hash(&self, f: impl FnMut(Hash)) {
        self.0.pin().keys().map(|hashed| hashed.hash).for_each(f);
    }

    /// Shares of about [`PART`] keys, which together are all of them. The map cannot be held on to from one share to the next.
    pub(super) fn parts(&self) -> impl Iterator<Item = Part> + Send + use<> {
        let count = (self.0.len() / PART).next_power_of_two() as u64;
        (0..count).map(move |number| Part { number, count })
    }

    /// What `f` makes of every mark in a share.
    pub(super) fn in_part<T>(&self, part: Part, f: impl Fn(&MarkKey, &Scoped) -> T) -> Vec<T> {
        let map = self.0.pin();
        map.iter()
            .filter(|(hashed, _)| hashed.hash.0 & (part.count - 1) == part.number)
            .flat_map(|(hashed, marks)| marks.iter().map(|mark| f(&hashed.key, mark)))
            .collect()
    }

    /// Roughly: what is kept of each key, and what its text takes.
    pub(super) fn bytes(&self) -> usize {
        const OVERHEAD: usize = 48;
        let own = |key: &MarkKey| match OddKey::of(key) {
            Some(OddKey::Jti(text) | OddKey::Kid(text)) => text.len(),
            _ => 0,
        };
        let map = self.0.pin();
        map.iter()
            .map(|(hashed, marks)| {
                size_of::<Hashed>()
                    + size_of::<Box<[Scoped]>>()
                    + OVERHEAD
                    + size_of_val(&**marks)
                    + own(&hashed.key)
            })
            .sum()
    }
}

/// How many keys are copied at a time.
const PART: usize = 4096;

/// One of `count` shares of the map, a power of two.
#[derive(Clone, Copy)]
pub(super) struct Part {
    number: u64,
    count: u64,
}

#[derive(Clone, PartialEq, Eq)]
struct Hashed {
    hash: Hash,
    key: MarkKey,
}

impl StdHash for Hashed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash.0);
    }
}

struct Probe<'a> {
    hash: Hash,
    key: OddKey<'a>,
}

impl StdHash for Probe<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash.0);
    }
}

impl Equivalent<Hashed> for Probe<'_> {
    fn equivalent(&self, other: &Hashed) -> bool {
        OddKey::of(&other.key) == Some(self.key)
    }
}
