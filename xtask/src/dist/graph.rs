//! What the program is made of: as Cargo resolves it for this program alone. `cargo metadata` knows the workspace, and what another
//! member switches on in a package would count as ours.

use std::collections::{BTreeMap, BTreeSet};

use crate::shell::{self, Failure, Outcome, cargo};

use super::packages::{Packages, key};

const PROGRAM: &str = "rescind-cli";

/// Packages by `name@version`, and what each needs.
pub(super) struct Graph {
    root: String,
    needs: BTreeMap<String, BTreeSet<String>>,
    shipped: BTreeSet<String>,
}

impl Graph {
    /// Asks Cargo.
    pub(super) fn of(target: &str) -> Outcome<Self> {
        let all = Tree::read(&ask(target, "normal,build")?)?;
        let shipped = Tree::read(&ask(target, "normal,no-proc-macro")?)?;
        Ok(Self { root: all.root, needs: all.needs, shipped: shipped.needs.into_keys().collect() })
    }

    /// The program's own package.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// Every package but the root, with those that only its making needs: build scripts, macros, and what they need.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.needs.keys().map(String::as_str).filter(|key| *key != self.root)
    }

    /// Those whose code is in the program.
    pub(super) fn shipped(&self) -> impl Iterator<Item = &str> {
        self.all().filter(|key| self.is_shipped(key))
    }

    pub(super) fn is_shipped(&self, key: &str) -> bool {
        self.shipped.contains(key)
    }

    /// What a package needs itself.
    pub(super) fn needs(&self, key: &str) -> impl Iterator<Item = &str> {
        self.needs.get(key).into_iter().flatten().map(String::as_str)
    }

    /// That every crate that was compiled, by Cargo's ids of packages, is here.
    pub(super) fn must_name(&self, compiled: &BTreeSet<String>, packages: &Packages) -> Outcome {
        let known: BTreeSet<&str> = packages
            .values()
            .filter(|package| self.needs.contains_key(&package.key()))
            .map(|p| p.id.as_str())
            .collect();
        let missing: Vec<_> = compiled.iter().map(String::as_str).filter(|id| !known.contains(id)).collect();
        if missing.is_empty() && !compiled.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("compiled, and not in the list of packages: {}", missing.join(", "))))
    }

    #[cfg(test)]
    pub(super) fn for_tests(all: &str, shipped: &str) -> Self {
        let (all, shipped) = (Tree::read(all).expect("a tree"), Tree::read(shipped).expect("a tree"));
        Self { root: all.root, needs: all.needs, shipped: shipped.needs.into_keys().collect() }
    }
}

/// A line is a depth and a package: `2 serde_core v1.0.228 (*)`.
fn ask(target: &str, edges: &str) -> Outcome<String> {
    shell::read(
        cargo()
            .args(["tree", "--locked", "--package", PROGRAM, "--target", target, "--edges", edges])
            .args(["--prefix", "depth", "--format", " {p}", "--color", "never"]),
    )
}

/// What `cargo tree` prints. What a package needs is below its first line; the others are marked with `(*)`.
struct Tree {
    root: String,
    needs: BTreeMap<String, BTreeSet<String>>,
}

impl Tree {
    fn read(text: &str) -> Outcome<Self> {
        let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        // The packages that lead to the line before, from the root on.
        let mut way: Vec<String> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (depth, package) =
                package_of(line).ok_or_else(|| Failure::new(format!("cargo tree prints `{line}`")))?;
            if depth > way.len() || (depth == 0 && !way.is_empty()) {
                return Err(Failure::new(format!("cargo tree prints `{line}` below nothing")));
            }
            way.truncate(depth);
            if let Some(above) = way.last() {
                needs.entry(above.clone()).or_default().insert(package.clone());
            }
            needs.entry(package.clone()).or_default();
            way.push(package);
        }
        let root = way.into_iter().next().ok_or_else(|| Failure::new("cargo tree prints nothing"))?;
        Ok(Self { root, needs })
    }
}

fn package_of(line: &str) -> Option<(usize, String)> {
    let mut words = line.split(' ');
    let depth = words.next()?.parse().ok()?;
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    Some((depth, key(name, version)))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::packages;
    use super::*;

    const ALL: &str =
        "0 a v1.0.0 (/w/a)\n1 b v0.2.0\n2 c v0.3.0 (proc-macro)\n3 d v4.0.0\n1 e v5.0.0\n2 b v0.2.0 (*)\n";
    const SHIPPED: &str = "0 a v1.0.0 (/w/a)\n1 b v0.2.0\n1 e v5.0.0\n2 b v0.2.0 (*)\n";

    #[test]
    fn a_package_needs_what_is_one_deeper_below_it() {
        let graph = Graph::for_tests(ALL, SHIPPED);
        assert_eq!(graph.root(), "a@1.0.0");
        assert_eq!(graph.all().collect::<Vec<_>>(), ["b@0.2.0", "c@0.3.0", "d@4.0.0", "e@5.0.0"]);
        assert_eq!(graph.shipped().collect::<Vec<_>>(), ["b@0.2.0", "e@5.0.0"]);
        assert_eq!(graph.needs("a@1.0.0").collect::<Vec<_>>(), ["b@0.2.0", "e@5.0.0"]);
        assert_eq!(graph.needs("b@0.2.0").collect::<Vec<_>>(), ["c@0.3.0"]);
        assert_eq!(graph.needs("e@5.0.0").collect::<Vec<_>>(), ["b@0.2.0"]);
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        for text in
            ["", "a v1.0.0", "1 a v1.0.0", "0 a v1.0.0\n2 b v1.0.0", "0 a v1.0.0\n0 b v1.0.0", "0 a 1.0.0"]
        {
            assert!(Tree::read(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_was_compiled_and_is_not_here_is_named() {
        let graph = Graph::for_tests("0 rescind-cli v0.0.0\n", "0 rescind-cli v0.0.0\n");
        let packages = packages::read().expect("this workspace");
        let compiled = BTreeSet::from(["registry+x#y@1.0.0".to_owned()]);
        let failure = graph.must_name(&compiled, &packages).expect_err("not in it");
        assert!(failure.to_string().contains("registry+x#y@1.0.0"), "{failure}");
        assert!(graph.must_name(&BTreeSet::new(), &packages).is_err(), "nothing was compiled at all");
    }

    /// By another way: what manifests ask for without a choice, followed through what Cargo resolved for the workspace.
    #[test]
    fn every_dependency_that_is_not_optional_is_in_the_program() {
        let host = super::super::release::rustc("host").expect("a host");
        let graph = Graph::of(&host).expect("this workspace");
        let wanted = required(&host);
        assert!(wanted.len() > 100, "{}", wanted.len());
        let missing: Vec<_> = wanted.iter().filter(|key| !graph.needs.contains_key(*key)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        for ours in ["rescind@", "rescind-server@", "rescind-sqlite@", "aws-lc-sys@", "libsqlite3-sys@"] {
            assert!(graph.shipped().any(|key| key.starts_with(ours)), "{ours}");
        }
        for not_ours in ["rescind-testkit@", "thirtyfour@", "criterion@", "cc@", "serde_derive@"] {
            assert!(!graph.shipped().any(|key| key.starts_with(not_ours)), "{not_ours}");
        }
    }

    fn required(host: &str) -> BTreeSet<String> {
        let told = shell::read(cargo().args([
            "metadata",
            "--locked",
            "--format-version",
            "1",
            "--filter-platform",
            host,
        ]));
        let metadata: Value = serde_json::from_str(&told.expect("metadata")).expect("JSON");
        let list = |value: &Value| value.as_array().expect("a list").clone();
        let packages = list(&metadata["packages"]);
        let nodes = list(&metadata["resolve"]["nodes"]);
        let package = |id: &Value| packages.iter().find(|package| package["id"] == *id).expect("a package");
        let mut found = BTreeSet::new();
        let mut open: Vec<_> = packages
            .iter()
            .filter(|package| package["name"] == PROGRAM)
            .map(|package| package["id"].clone())
            .collect();
        while let Some(id) = open.pop() {
            let here = package(&id);
            if !found.insert(key(
                here["name"].as_str().expect("a name"),
                here["version"].as_str().expect("a version"),
            )) {
                continue;
            }
            let asked: BTreeSet<_> = list(&here["dependencies"])
                .iter()
                .filter(|asked| {
                    asked["kind"].is_null() && asked["optional"] == false && asked["target"].is_null()
                })
                .map(|asked| asked["name"].to_string())
                .collect();
            let node = nodes.iter().find(|node| node["id"] == id).expect("a node");
            open.extend(
                list(&node["deps"])
                    .iter()
                    .map(|edge| edge["pkg"].clone())
                    .filter(|edge| asked.contains(&package(edge)["name"].to_string())),
            );
        }
        found
    }
}
