//! `cargo xtask bench --instructions`: how many instructions the paths of a check take, held to what is kept in the repository.

mod callgrind;
mod kept;

use std::fs;

use self::kept::{Counts, Kept};
use crate::places::Places;
use crate::shell::{self, Failure, Outcome, cargo};
use crate::tools::debian;

/// Where the counts are kept.
const KEPT: &str = "benches/instructions.json";

/// A rise beyond which is none by accident, in percent.
const RISE: u64 = 5;

/// The heading in docs/benchmarks.md.
const HEADING: &str = "## Instructions";

/// Counts, and shows any rise over what is kept; `bless` keeps what was counted instead, and puts it into docs/benchmarks.md.
pub(crate) fn run(places: &Places, bless: bool) -> Outcome {
    debian::ensure("valgrind", &["valgrind"], callgrind::version)?;
    let build = ["build", "--release", "--locked", "--package", "rescind", "--example", "instructions"];
    shell::run(cargo().args(build))?;
    let now = callgrind::count(places)?;
    if bless {
        now.write(&places.root.join(KEPT))?;
        return into_page(places, &now);
    }
    let before = Kept::read(&places.root.join(KEPT))?;
    print!("{}", compared(&before.counts, &now.counts));
    if before.rustc != now.rustc || before.valgrind != now.valgrind {
        println!("What is kept was counted with {} and {}.", before.rustc, before.valgrind);
    }
    let risen = risen(&before.counts, &now.counts);
    if risen.is_empty() {
        println!("No rise over {RISE} %.");
        return Ok(());
    }
    Err(Failure::new(format!(
        "more instructions than kept in {KEPT}: {}. Where that is worth it, `cargo xtask bench --instructions --bless` keeps them",
        risen.join(", ")
    )))
}

/// The section of docs/benchmarks.md about what is kept; nothing where nothing is.
pub(super) fn section(places: &Places) -> Outcome<String> {
    let path = places.root.join(KEPT);
    if path.exists() { Ok(spelled(&Kept::read(&path)?)) } else { Ok(String::new()) }
}

fn into_page(places: &Places, kept: &Kept) -> Outcome {
    let path = places.root.join("docs/benchmarks.md");
    let page = fs::read_to_string(&path)?;
    fs::write(&path, with_section(&page, &spelled(kept)))?;
    println!("Kept in {KEPT}, and written to docs/benchmarks.md.");
    Ok(())
}

/// The page with this section in the place of the one before, or at its end.
fn with_section(page: &str, section: &str) -> String {
    let Some(begin) = page.find(HEADING) else { return format!("{}\n\n{section}", page.trim_end()) };
    let rest = &page[begin + HEADING.len()..];
    let after = rest.find("\n## ").map_or("", |end| &rest[end..]);
    format!("{}{}{after}", &page[..begin], section)
}

fn spelled(kept: &Kept) -> String {
    let lines: String = kept
        .counts
        .iter()
        .map(|(id, path)| format!("| {} | `{id}` | {} |\n", path.name, path.each))
        .collect();
    format!(
        "{HEADING}\n\n\
         Kept in {KEPT}, and held to by `cargo xtask bench --instructions`, which fails where one rises by more than {RISE} %: they do not drift with\n\
         the machine, and say nothing of what waits for memory. Counted by callgrind ({}, {}), which shows programs a processor without\n\
         AVX-512 and without instructions for SHA: aws-lc takes other code there than on most machines, for hashes above all, so that its part is not what it takes\n\
         elsewhere. *Ours* is the whole without the bare signature over the same bytes.\n\n\
         | path | | instructions |\n|---|---|---|\n{lines}",
        kept.rustc, kept.valgrind,
    )
}

fn compared(before: &Counts, now: &Counts) -> String {
    let line = |(id, path): (&String, &kept::Path)| match before.get(id) {
        Some(kept) => {
            let change = percent(kept.each, path.each);
            format!("{id:<24} {:>9} {:>9} {change:>+7.1} %  {}\n", kept.each, path.each, path.name)
        }
        None => format!("{id:<24} {:>9} {:>9}       new  {}\n", "", path.each, path.name),
    };
    now.iter().map(line).collect()
}

/// What takes more than it may, and what is kept but was not counted: a path that went lost is looked after by nobody.
fn risen(before: &Counts, now: &Counts) -> Vec<String> {
    let judge = |(id, kept): (&String, &kept::Path)| match now.get(id) {
        None => Some(format!("{id} was not counted")),
        Some(path) => {
            let has_risen = path.each * 100 > kept.each * (100 + RISE);
            has_risen.then(|| format!("{id} {:+.1} %", percent(kept.each, path.each)))
        }
    };
    before.iter().filter_map(judge).collect()
}

fn percent(before: u64, now: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let (before, now) = (before as f64, now as f64);
    (now / before - 1.0) * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(each: &[(&str, u64)]) -> Counts {
        let path = |each| kept::Path { name: "a path".to_owned(), each };
        each.iter().map(|(id, each)| ((*id).to_owned(), path(*each))).collect()
    }

    #[test]
    fn a_rise_over_five_percent_is_named_and_less_is_not() {
        let before = counts(&[("a", 1_000), ("b", 1_000), ("c", 1_000)]);
        let now = counts(&[("a", 1_051), ("b", 1_050), ("c", 500), ("d", 9)]);
        assert_eq!(risen(&before, &now), ["a +5.1 %"]);
        assert!(compared(&before, &now).contains("1051    +5.1 %"), "{}", compared(&before, &now));
    }

    #[test]
    fn a_path_that_is_counted_no_more_is_missed() {
        assert_eq!(risen(&counts(&[("a", 1)]), &counts(&[])), ["a was not counted"]);
    }

    #[test]
    fn a_section_takes_the_place_of_the_one_before() {
        let page = "# Page\n\n## Instructions\n\nold\n\n## What bounds\n\ntext\n";
        let new = with_section(page, "## Instructions\n\nnew\n");
        assert_eq!(new, "# Page\n\n## Instructions\n\nnew\n\n## What bounds\n\ntext\n");
        assert_eq!(with_section(&new, "## Instructions\n\nnew\n"), new);
        assert_eq!(with_section("# Page\n", "## Instructions\n"), "# Page\n\n## Instructions\n");
    }
}
