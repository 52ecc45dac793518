//! Who cleans up, even when the test is killed.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Reads the id of each process that starts and an empty line when it has ended. The input ends with the test, however
/// the test ends: then what still runs is ended, and the directory removed.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
    kill -CONT "$pid"
    kill -"$2" "$pid"
    tries=0
    while kill -0 "$pid" && [ "$tries" -lt 1000 ]; do
        sleep 0.01
        tries=$((tries + 1))
    done
    kill -KILL "$pid"
fi
# A PostgreSQL that was killed leaves a segment of shared memory behind, which its next start would remove.
if [ -f "$1/data/postmaster.pid" ]; then
    segment=$(sed -n 7p "$1/data/postmaster.pid")
    ipcrm -m "${segment##* }"
fi
rm -rf "$1"
"#;

/// What a process is ended with at last.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// SIGKILL: for what has no children and leaves nothing behind.
    Kill,
    /// SIGQUIT: PostgreSQL's immediate shutdown, which ends its children and frees what the system lent it.
    Quit,
    /// SIGTERM: nginx's fast shutdown, which ends its workers.
    Term,
}

/// A small shell beside the test, in a process group of its own, so that what kills the test's group leaves it alone.
#[derive(Debug)]
pub(super) struct Guard(Child);

impl Guard {
    pub(super) fn of(directory: &Path, ending: Ending) -> Self {
        let signal = match ending {
            Ending::Kill => "KILL",
            Ending::Quit => "QUIT",
            Ending::Term => "TERM",
        };
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "guard"]).arg(directory).arg(signal).current_dir("/").process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("sh starts"))
    }

    /// From now on ends the process with this id, too.
    pub(super) fn watch(&mut self, pid: u32) {
        self.tell(&format!("{pid}\n"));
    }

    /// The process has ended; its id may soon be somebody else's.
    pub(super) fn forget(&mut self) {
        self.tell("\n");
    }

    /// Lets it clean up.
    pub(super) fn close(&mut self) {
        drop(self.0.stdin.take());
    }

    /// Whether it has cleaned up.
    pub(super) fn is_done(&mut self) -> bool {
        self.0.try_wait().expect("a child of ours can be waited for").is_some()
    }

    fn tell(&mut self, line: &str) {
        let input = self.0.stdin.as_mut().expect("piped above");
        input.write_all(line.as_bytes()).expect("the guard reads until it is told the end");
    }
}
