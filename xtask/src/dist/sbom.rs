//! The list of what the program is made of, as CycloneDX 1.5 in JSON.
//!
//! cargo-cyclonedx makes one too. It goes by `cargo metadata`, though, and so names packages that only other members of the
//! workspace bring in; and it writes into the source tree.

use serde_json::{Value, json};

use crate::shell::{Failure, Outcome};

use super::graph::Graph;
use super::packages::{Package, Packages};
use super::release::{self, Release};

/// The document, for people to read as well: indented, with a line end.
pub(super) fn document(graph: &Graph, packages: &Packages, release: &Release) -> Outcome<String> {
    let rust = RustStd { version: release::rustc("release")? };
    let components = graph.all().map(|key| {
        let package = packages.get(key).ok_or_else(|| Failure::new(format!("Cargo knows no {key}")))?;
        Ok(component(package, graph.is_shipped(key)))
    });
    let mut components = components.collect::<Outcome<Vec<_>>>()?;
    components.push(rust.component());
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": release.time()?,
            "tools": { "components": [{ "type": "application", "name": "cargo xtask dist" }] },
            "component": {
                "type": "application",
                "bom-ref": graph.root(),
                "name": "rescind",
                "version": release.version(),
                "licenses": licences(packages.get(graph.root())),
            },
            "properties": [{ "name": "cdx:rustc:sbom:target:triple", "value": release.target() }],
        },
        "components": components,
        "dependencies": dependencies(graph, packages, &rust),
    });
    Ok(format!("{document:#}\n"))
}

/// What is linked in beside all packages.
struct RustStd {
    version: String,
}

impl RustStd {
    fn reference(&self) -> String {
        format!("pkg:generic/rust-std@{}", self.version)
    }

    fn component(&self) -> Value {
        json!({
            "type": "library",
            "bom-ref": self.reference(),
            "name": "rust-std",
            "version": self.version,
            "description": "Rust's standard library, with the C library musl and the unwinder that come with it",
            "scope": "required",
            "licenses": [{ "expression": "MIT OR Apache-2.0" }],
            "purl": self.reference(),
        })
    }
}

/// `excluded` is the word for what only helped in making the program.
fn component(package: &Package, shipped: bool) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(package),
        "name": package.name,
        "version": package.version,
        "scope": if shipped { "required" } else { "excluded" },
        "licenses": licences(Some(package)),
    });
    if let Some(checksum) = &package.checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        component["purl"] = json!(reference(package));
    }
    if let Some(repository) = &package.repository {
        component["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
    }
    component
}

fn licences(package: Option<&Package>) -> Value {
    let expression = package.and_then(|package| package.licence.as_ref());
    expression.map_or_else(|| json!([]), |expression| json!([{ "expression": expression }]))
}

/// What the document calls a package. The registry's are named as everywhere (package URL); ours are nowhere else.
fn reference(package: &Package) -> String {
    if package.is_ours() {
        package.key()
    } else {
        format!("pkg:cargo/{}@{}", package.name, package.version.replace('+', "%2B"))
    }
}

fn dependencies(graph: &Graph, packages: &Packages, rust: &RustStd) -> Value {
    let named = |key: &str| packages.get(key).map_or_else(|| key.to_owned(), reference);
    let needs = |key: &str| graph.needs(key).map(named).collect::<Vec<_>>();
    let root = needs(graph.root()).into_iter().chain([rust.reference()]).collect::<Vec<_>>();
    let mut all = vec![json!({ "ref": graph.root(), "dependsOn": root })];
    all.extend(graph.all().map(|key| json!({ "ref": named(key), "dependsOn": needs(key) })));
    all.push(json!({ "ref": rust.reference(), "dependsOn": [] }));
    Value::from(all)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use cyclonedx_bom::models::bom::Bom;
    use cyclonedx_bom::validation::Validate as _;

    use super::super::packages;
    use super::*;

    fn made() -> (Graph, Packages, String) {
        let host = release::rustc("host").expect("a host");
        let (graph, packages) = (Graph::of(&host).expect("a graph"), packages::read().expect("packages"));
        let document = document(&graph, &packages, &Release::for_tests(1_700_000_000)).expect("a document");
        (graph, packages, document)
    }

    /// By CycloneDX' own library, which knows the fields, the expressions of SPDX and the package URLs.
    #[test]
    fn the_document_is_valid() {
        let (_, _, document) = made();
        let bom = Bom::parse_from_json(document.as_bytes()).expect("CycloneDX");
        let verdict = bom.validate();
        assert!(verdict.passed(), "{verdict:?}");
        let broken = document.replace("\"MIT OR Apache-2.0\"", "\"MIT or so\"");
        assert!(!Bom::parse_from_json(broken.as_bytes()).expect("CycloneDX").validate().passed());
    }

    #[test]
    fn every_package_of_the_program_is_named_with_its_licence_and_its_checksum() {
        let (graph, packages, document) = made();
        let document: Value = serde_json::from_str(&document).expect("JSON");
        let components = document["components"].as_array().expect("a list");
        for key in graph.shipped() {
            let package = &packages[key];
            let named = components.iter().find(|component| {
                component["name"] == package.name && component["version"] == package.version
            });
            let named = named.unwrap_or_else(|| panic!("{key} is not named"));
            assert_eq!(named["scope"], "required", "{key}");
            assert_eq!(named["licenses"][0]["expression"].as_str(), package.licence.as_deref(), "{key}");
            assert_eq!(named["hashes"][0]["content"].as_str(), package.checksum.as_deref(), "{key}");
        }
        assert_eq!(components.len(), graph.all().count() + 1, "and Rust's own library");
        let excluded = components.iter().filter(|component| component["scope"] == "excluded");
        assert!(excluded.clone().any(|component| component["name"] == "serde_derive"));
    }

    #[test]
    fn every_reference_leads_to_a_component() {
        let (_, _, document) = made();
        let document: Value = serde_json::from_str(&document).expect("JSON");
        let list = |value: &Value| value.as_array().expect("a list").clone();
        let mut known: BTreeSet<String> =
            list(&document["components"]).iter().map(|component| component["bom-ref"].to_string()).collect();
        known.insert(document["metadata"]["component"]["bom-ref"].to_string());
        let dependencies = list(&document["dependencies"]);
        assert_eq!(dependencies.len(), known.len());
        for dependency in dependencies {
            let ends = list(&dependency["dependsOn"]);
            assert!(
                [dependency["ref"].clone()].iter().chain(&ends).all(|end| known.contains(&end.to_string()))
            );
        }
    }
}
