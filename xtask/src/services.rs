//! What a whole run of tests shares: the testkit's binary `services`, which lives no longer than we do.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::places::Places;
use crate::shell::{self, Failure, Outcome, cargo};
use crate::tools::databases;

/// The running services. They end with this value; and with this process, however it ends.
pub(crate) struct Services {
    child: Child,
    variables: Vec<(String, String)>,
}

impl Services {
    /// Starts the binary, which must be built, and waits until all services are ready.
    pub(crate) fn start(places: &Places) -> Outcome<Self> {
        let mut command = Command::new(places.target.join("debug/services"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(|error| {
            Failure::new(format!("`{}` cannot be started: {error}", shell::spell(&command)))
        })?;
        let output = child.stdout.take().ok_or(Failure::new("the services print nothing"))?;
        let variables = variables(BufReader::new(output).lines())?;
        Ok(Self { child, variables })
    }

    /// How a test is told where they are.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Ends them, and says if they had not lasted.
    pub(crate) fn end(mut self) -> Outcome {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("the services ended with {status}"))) }
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

/// `cargo xtask services`: prints lines for `eval`, and runs until its own input ends.
pub(crate) fn serve(places: &Places) -> Outcome {
    databases::ensure()?;
    shell::run(cargo().args([
        "build",
        "--quiet",
        "--locked",
        "--package",
        "rescind-testkit",
        "--bin",
        "services",
    ]))?;
    let services = Services::start(places)?;
    for (name, value) in services.variables() {
        println!("export {name}='{value}'");
    }
    eprintln!("Running until ^C or the end of the input.");
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    services.end()
}

/// `NAME=value` lines up to an empty one, which says that all is ready.
fn variables(lines: impl Iterator<Item = std::io::Result<String>>) -> Outcome<Vec<(String, String)>> {
    let mut found = Vec::new();
    for line in lines {
        let line = line?;
        match line.split_once('=') {
            Some((name, value)) => found.push((name.to_owned(), value.to_owned())),
            None if line.is_empty() => return Ok(found),
            None => return Err(Failure::new(format!("the services print `{line}`"))),
        }
    }
    Err(Failure::new("the services ended before they were ready"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Outcome<Vec<(String, String)>> {
        variables(text.lines().map(|line| Ok(line.to_owned())))
    }

    #[test]
    fn variables_end_with_an_empty_line() {
        let found = read("A=b\nC=d=e\n\nX=y").expect("two variables");
        assert_eq!(found, [("A".to_owned(), "b".to_owned()), ("C".to_owned(), "d=e".to_owned())]);
    }

    #[test]
    fn services_that_end_early_or_say_something_else_are_a_failure() {
        let failure = read("A=b").expect_err("no empty line");
        assert_eq!(failure.to_string(), "the services ended before they were ready");
        let failure = read("A=b\nnonsense\n\n").expect_err("no variable");
        assert_eq!(failure.to_string(), "the services print `nonsense`");
    }
}
