//! What every model is put to: all that can happen is gone through, and each promise looked at in every state.

use std::any::type_name;
use std::fmt::Debug;
use std::hash::Hash;

use stateright::{Checker, HasDiscoveries, Model};

/// That every promise of the model holds, and everything that it says can happen does happen.
pub(crate) fn holds<M>(model: M)
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync,
    M::Action: Clone + Debug + PartialEq,
{
    let checker = model.checker().spawn_bfs().join();
    tell(&checker);
    checker.assert_properties();
}

/// That the checker finds how `promise` is broken: a mutation of the protocol is seen.
pub(crate) fn is_broken<M>(model: M, promise: &'static str)
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync,
    M::Action: Clone + Debug + PartialEq,
{
    let enough = HasDiscoveries::AnyOf([promise].into());
    let checker = model.checker().finish_when(enough).spawn_bfs().join();
    tell(&checker);
    let path = checker.discovery(promise).unwrap_or_else(|| panic!("nothing breaks `{promise}`"));
    println!("  {promise}: broken by {:?}", until_broken(checker.model(), promise, path));
}

/// Whether the long rounds are asked for (`cargo xtask test --full`): the same models, with wider bounds.
pub(crate) fn full() -> bool {
    std::env::var_os("RESCIND_TEST_FULL").is_some()
}

/// The wider bound in the long rounds.
pub(crate) fn bound<T>(usual: T, full: T) -> T {
    if self::full() { full } else { usual }
}

/// A few things out of at most 32, in one word: states are hashed by the hundred thousand.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Set(u32);

impl Set {
    pub(crate) fn upto(count: u8) -> Self {
        (0..count).collect()
    }

    pub(crate) fn insert(&mut self, thing: u8) {
        self.0 |= 1 << thing;
    }

    pub(crate) fn insert_all(&mut self, things: Self) {
        self.0 |= things.0;
    }

    pub(crate) const fn contains(self, thing: u8) -> bool {
        self.0 & (1 << thing) != 0
    }

    pub(crate) const fn covers(self, things: Self) -> bool {
        things.0 & !self.0 == 0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = u8> {
        (0..32).filter(move |&thing| self.contains(thing))
    }
}

impl FromIterator<u8> for Set {
    fn from_iter<I: IntoIterator<Item = u8>>(things: I) -> Self {
        let mut set = Self::default();
        things.into_iter().for_each(|thing| set.insert(thing));
        set
    }
}

impl Debug for Set {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// What led there: the checker goes on for a while after the first state that breaks the promise.
fn until_broken<M: Model>(
    model: &M,
    promise: &'static str,
    path: stateright::Path<M::State, M::Action>,
) -> Vec<M::Action> {
    let kept = model.property(promise).condition;
    path.into_vec()
        .into_iter()
        .take_while(|(state, _)| kept(model, state))
        .filter_map(|(_, action)| action)
        .collect()
}

fn tell<M>(checker: &impl Checker<M>)
where
    M: Model,
    M::State: Debug + Hash,
    M::Action: Debug + Clone + PartialEq,
{
    println!(
        "{}: {} states, {} of them different, {} steps deep",
        type_name::<M>(),
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth()
    );
}
