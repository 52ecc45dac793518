//! What is known outlives the process.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use rescind::verifier::{FreshnessPolicy, OnStale};
use rescind_remote::{Builder, Remote};
use tempfile::TempDir;

use crate::rig::{Rig, Token, code, ready, soon, until};

const MAX: Duration = Duration::from_secs(300);

struct Kept {
    rig: Rig,
    directory: TempDir,
    dead: Token,
    good: Token,
}

/// A verifier that knew of a revoked token and was stopped; its authority is down.
async fn kept() -> Kept {
    let rig = Rig::new().await;
    let directory = TempDir::new().unwrap();
    let (dead, good) = (rig.token(), rig.token());
    rig.revoke(&dead);
    let remote = ready(rig.builder().state_dir(directory.path().join("state"))).await;
    remote.stop().await.unwrap();
    rig.fake.down();
    Kept { rig, directory, dead, good }
}

impl Kept {
    fn builder(&self) -> Builder {
        self.rig.builder().state_dir(self.path())
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("state")
    }

    async fn start(&self) -> Remote {
        self.builder().start().await.unwrap()
    }

    fn codes(&self, remote: &Remote) -> (&'static str, &'static str) {
        (code(remote, &self.dead), code(remote, &self.good))
    }

    /// The files, without what is being written.
    fn files(&self) -> Vec<std::path::PathBuf> {
        let files = std::fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_none_or(|ending| ending != "tmp")).collect()
    }
}

#[tokio::test]
async fn it_starts_without_its_authority_by_what_it_knew() {
    let kept = kept().await;
    let remote = kept.start().await;
    soon(remote.ready()).await;
    assert_eq!(kept.codes(&remote), ("token_revoked", "ok"));
    // As fresh as it was, and no fresher.
    kept.rig.clock.forward(MAX);
    assert_eq!(kept.codes(&remote), ("token_revoked", "ok"));
    kept.rig.clock.forward(Duration::from_millis(1));
    assert_eq!(kept.codes(&remote), ("token_revoked", "stale"));
    // It goes on by events: what was missed comes.
    let missed = kept.rig.token();
    kept.rig.revoke(&missed);
    kept.rig.fake.up();
    soon(remote.ready()).await;
    crate::rig::until_revoked(&remote, &missed).await;
    assert_eq!(remote.status().snapshots, 0);
}

#[tokio::test]
async fn started_too_late_it_knows_what_was_revoked_and_lets_nobody_pass() {
    let kept = kept().await;
    kept.rig.clock.forward(MAX + Duration::from_secs(1));
    let remote = kept.start().await;
    assert_eq!(kept.codes(&remote), ("token_revoked", "stale"));
    assert!(!remote.is_ready());
    let allow = FreshnessPolicy { max_staleness: MAX, on_stale: OnStale::Allow };
    let remote = kept.builder().policy(allow).start().await.unwrap();
    assert_eq!(kept.codes(&remote), ("token_revoked", "ok"));
}

#[tokio::test]
async fn it_is_written_while_it_runs_too() {
    let kept = kept().await;
    kept.rig.fake.up();
    let timing = rescind_remote::Timing { save: Duration::from_millis(10), ..crate::rig::quick() };
    let remote = ready(kept.builder().timing(timing)).await;
    let later = kept.rig.token();
    kept.rig.revoke(&later);
    crate::rig::until_revoked(&remote, &later).await;
    let saves = remote.status().saves;
    until(&remote, "it was written since", |status| status.saves > saves + 1).await;
    drop(remote);
    kept.rig.fake.down();
    let remote = kept.start().await;
    assert_eq!(code(&remote, &later), "token_revoked");
    assert_eq!(kept.codes(&remote), ("token_revoked", "ok"));
}

#[tokio::test]
async fn only_its_owner_reads_it_and_nothing_old_is_left() {
    let kept = kept().await;
    kept.rig.fake.up();
    for _ in 0..3 {
        let remote = ready(kept.builder()).await;
        kept.rig.revoke(&kept.rig.token());
        until(&remote, "it has come", |status| status.cursor == kept.rig.fake.end()).await;
        remote.stop().await.unwrap();
    }
    assert_eq!(kept.files().len(), 2, "{:?}", kept.files());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&kept.path()), 0o700);
    kept.files().iter().for_each(|file| assert_eq!(mode(file), 0o600));
}

#[tokio::test]
async fn whatever_is_damaged_is_as_if_it_were_not_there() {
    let kept = kept().await;
    for file in kept.files() {
        let whole = std::fs::read(&file).unwrap();
        let middle = whole.len() / 2;
        let mut flipped = whole.clone();
        flipped[middle] ^= 1;
        for (how, bytes) in [
            ("empty", Vec::new()),
            ("cut short", whole[..middle].to_vec()),
            ("without its last byte", whole[..whole.len() - 1].to_vec()),
            ("a bit is wrong", flipped),
            ("too long", [&whole[..], b"x"].concat()),
            ("something else", vec![0xff; whole.len()]),
        ] {
            std::fs::write(&file, &bytes).unwrap();
            let remote = kept.start().await;
            let status = remote.status();
            assert_eq!((status.as_of, status.marks, status.keys), (None, 0, 0), "{how}: {}", file.display());
            assert!(!remote.is_ready());
        }
        std::fs::write(&file, &whole).unwrap();
    }
    assert!(kept.start().await.is_ready(), "undamaged it counts");
    for file in kept.files() {
        std::fs::remove_file(file).unwrap();
        assert!(!kept.start().await.is_ready());
    }
}

#[tokio::test]
async fn what_is_anothers_does_not_count() {
    let kept = kept().await;
    let another_client = kept.builder().client("another", "secret").start().await.unwrap();
    assert_eq!(another_client.status().as_of, None, "it may be told of more");
    let another_issuer = kept.builder().issuer("https://another.example").start().await.unwrap();
    assert_eq!((another_issuer.status().as_of, another_issuer.status().keys), (None, 0));
}

/// It did not say whose marks it has.
#[tokio::test]
async fn what_was_written_by_a_program_of_before_does_not_count() {
    let kept = kept().await;
    let path = kept.path().join("state");
    let written = std::fs::read_to_string(&path).unwrap();
    let json = written.split_once('\n').unwrap().1;
    let before = json.replacen("\"version\":2,", "\"version\":1,", 1).replacen("\"tenant\":null,", "", 1);
    assert_ne!(before, json);
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, before.as_bytes());
    let sum: String = sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(&path, format!("{sum}\n{before}")).unwrap();
    let remote = kept.start().await;
    assert_eq!((remote.status().as_of, kept.codes(&remote).1), (None, "not_ready"));
}

#[tokio::test]
async fn where_marks_may_be_missing_it_does_not_count_as_read() {
    let kept = kept().await;
    let longer = kept.builder().leeway(Duration::from_secs(60)).start().await.unwrap();
    assert_eq!(kept.codes(&longer), ("token_revoked", "not_ready"), "marks were let go that are needed now");
    kept.rig.clock.back(Duration::from_secs(31));
    let remote = kept.start().await;
    assert_eq!(code(&remote, &kept.good), "invalid_token", "not valid yet");
    assert_eq!(remote.status().as_of, None);
    assert_eq!(remote.status().marks, 1);
}
