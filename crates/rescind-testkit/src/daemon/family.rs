//! A process and its children, found in the system's table of processes: nobody else knows who they are.

use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

/// The process itself, then its children.
pub(super) fn of(pid: u32) -> Vec<u32> {
    std::iter::once(pid).chain(children(pid, &table()).map(|child| child.pid)).collect()
}

/// Sends SIGSTOP to those who still move; whether all stand still. One that was just born is met by the next call.
pub(super) fn stop(pid: u32) -> bool {
    let table = table();
    let family = table.iter().filter(|process| process.pid == pid).chain(children(pid, &table));
    let moving: Vec<u32> = family.filter(|one| !one.is_still()).map(|one| one.pid).collect();
    for one in &moving {
        send(*one, Signal::STOP);
    }
    moving.is_empty()
}

/// Sends SIGCONT to all.
pub(super) fn go_on(pid: u32) {
    // The parent last: it must not find its children motionless.
    for one in of(pid).into_iter().rev() {
        send(one, Signal::CONT);
    }
}

/// Whether one of these still runs. Who is dead and not yet buried does not.
pub(super) fn any_alive(pids: &[u32]) -> bool {
    table().iter().any(|process| pids.contains(&process.pid) && process.state != 'Z')
}

/// Sends a signal; one who is gone needs none.
pub(super) fn send(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    let _ = kill_process(pid, signal);
}

struct Process {
    pid: u32,
    parent: u32,
    state: char,
}

impl Process {
    /// Stopped, or dead.
    fn is_still(&self) -> bool {
        matches!(self.state, 'T' | 'Z' | 'X')
    }
}

fn children(pid: u32, table: &[Process]) -> impl Iterator<Item = &Process> {
    table.iter().filter(move |process| process.parent == pid)
}

fn table() -> Vec<Process> {
    match std::fs::read_dir("/proc") {
        Ok(entries) => entries
            .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("stat")).ok())
            .filter_map(|line| parse_stat(&line))
            .collect(),
        Err(_) => ask_ps(),
    }
}

/// `pid (name) state parent …`; the name is anything, brackets and spaces too.
fn parse_stat(line: &str) -> Option<Process> {
    let (pid, rest) = line.split_once(' ')?;
    let mut rest = rest.rsplit_once(')')?.1.split_whitespace();
    Some(Process {
        pid: pid.parse().ok()?,
        state: rest.next()?.chars().next()?,
        parent: rest.next()?.parse().ok()?,
    })
}

/// Where there is no `/proc`.
fn ask_ps() -> Vec<Process> {
    let asked = Command::new("ps").args(["-A", "-o", "pid=", "-o", "ppid=", "-o", "state="]).output();
    let text = asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).expect("ps starts");
    let parse = |line: &str| {
        let mut words = line.split_whitespace();
        Some(Process {
            pid: words.next()?.parse().ok()?,
            parent: words.next()?.parse().ok()?,
            state: words.next()?.chars().next()?,
        })
    };
    text.lines().filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_confuse() {
        let process = parse_stat("812 (post (gres) :) T 77 812 812 0").expect("a line of stat");
        assert_eq!((process.pid, process.state, process.parent), (812, 'T', 77));
    }

    #[test]
    fn we_are_in_the_table_whoever_is_asked() {
        for table in [table(), ask_ps()] {
            let us = table.iter().find(|process| process.pid == std::process::id()).expect("this process");
            assert_eq!(us.parent, std::os::unix::process::parent_id());
            assert!(!us.is_still());
        }
    }
}
