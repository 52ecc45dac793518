//! Sessions as a state machine, against a model that is small enough to be seen to be right: it keeps every token ever
//! handed out, and looks at them all.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rescind::clock::Timestamp;
use rescind::directory::User;
use rescind::ledger::{CutTarget, PurgeRequest, RETENTION};
use rescind::session::Rotated;
use rescind::store::StoreError;

use super::{ABSOLUTE, Backend, Held, IDLE, POLICY, World};

/// Drives stores through random histories. `cases` of them, or `PROPTEST_CASES`.
pub fn sessions_follow_the_model(make: impl AsyncFn() -> Backend, cases: u32) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let history = prop::collection::vec(step(), 1..60);
    TestRunner::new(config)
        .run(&history, |steps| {
            runtime.block_on(async {
                let mut machine = Machine::new(make().await).await;
                for step in steps {
                    machine.take(step).await;
                    machine.check_statuses().await;
                }
            });
            Ok(())
        })
        .unwrap();
}

/// What happens. Numbers choose among what is there, modulo how much that is.
#[derive(Clone, Debug)]
enum Step {
    Open,
    /// Presents a token of a session: so many before the current one.
    Present {
        session: usize,
        back: usize,
    },
    CutSession(usize),
    CutUser,
    CutTenant,
    /// All but this one.
    CutOthers(usize),
    Wait(Duration),
    /// The clock steps back.
    Back(Duration),
    Restart,
    Purge,
}

fn step() -> impl Strategy<Value = Step> {
    let back = prop_oneof![6 => Just(0_usize), 4 => Just(1), 2 => 2_usize..4, 1 => 4_usize..20];
    let wait = prop_oneof![
        Just(Duration::from_millis(1)),
        Just(Duration::from_secs(9)),
        Just(Duration::from_secs(10)),
        Just(Duration::from_secs(11)),
        Just(Duration::from_secs(3600)),
        Just(Duration::from_secs(24 * 3600)),
        Just(Duration::from_secs(13 * 24 * 3600)),
    ];
    prop_oneof![
        3 => Just(Step::Open),
        20 => (0_usize..4, back).prop_map(|(session, back)| Step::Present { session, back }),
        1 => (0_usize..4).prop_map(Step::CutSession),
        1 => Just(Step::CutUser),
        1 => Just(Step::CutTenant),
        1 => (0_usize..4).prop_map(Step::CutOthers),
        6 => wait.prop_map(Step::Wait),
        1 => Just(Step::Back(Duration::from_secs(3600))),
        1 => Just(Step::Restart),
        1 => Just(Step::Purge),
    ]
}

/// The model: every session that there ever was, with every token.
struct ModelSession {
    tokens: Vec<ModelToken>,
    created_at: Timestamp,
    idle_expires_at: Timestamp,
    /// When a cut of its own, or a theft, first ended it.
    ended_at: Option<Timestamp>,
    /// When a user cut, and when a tenant cut, first ended it.
    swept_at: [Option<Timestamp>; 2],
    /// Generations whose parent was replayed late.
    late: Vec<usize>,
}

struct ModelToken {
    held: Held,
    /// When it came to be.
    at: Timestamp,
}

/// What the model says of a token.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Rotated,
    Replayed { late: bool },
    Superseded,
    Theft,
    Revoked,
    Expired,
}

impl ModelSession {
    fn expires_at(&self) -> Timestamp {
        self.absolute_end().min(self.idle_expires_at)
    }

    fn absolute_end(&self) -> Timestamp {
        self.created_at.plus(ABSOLUTE)
    }

    fn state(&self, now: Timestamp) -> &'static str {
        let expired = now >= self.expires_at();
        let swept = self.swept_at.iter().flatten().any(|at| !expired || *at < self.expires_at());
        if self.ended_at.is_some() || swept {
            "revoked"
        } else if expired {
            "expired"
        } else {
            "active"
        }
    }

    fn expect(&self, index: usize, now: Timestamp) -> Expected {
        match self.state(now) {
            "revoked" => return Expected::Revoked,
            "expired" => return Expected::Expired,
            _ => {}
        }
        let last = self.tokens.len() - 1;
        let age = now.since(self.tokens[last].at);
        if index == last {
            Expected::Rotated
        } else if index + 1 == last {
            self.expect_parent(last, age)
        } else if index + 16 >= last && now.since(self.tokens[index + 1].at) < POLICY.grace {
            Expected::Superseded
        } else {
            Expected::Theft
        }
    }

    fn expect_parent(&self, generation: usize, age: Duration) -> Expected {
        if age <= POLICY.grace {
            return Expected::Replayed { late: false };
        }
        let running =
            (0..=generation).rev().take_while(|g| *g == generation || self.late.contains(g)).count();
        if age > POLICY.lost_reply_window || running >= POLICY.replay_limit as usize {
            return Expected::Theft;
        }
        Expected::Replayed { late: true }
    }
}

struct Machine {
    world: World,
    user: User,
    sessions: Vec<ModelSession>,
}

impl Machine {
    async fn new(backend: Backend) -> Self {
        let world = World::new(backend).await;
        let user = world.user("jane@example.com").await;
        let mut machine = Self { world, user, sessions: Vec::new() };
        machine.open().await;
        machine
    }

    async fn take(&mut self, step: Step) {
        let count = self.sessions.len();
        match step {
            Step::Open if count < 4 => self.open().await,
            Step::Open => {}
            Step::Present { session, back } => self.present(session % count, back).await,
            Step::CutSession(session) => self.cut_session(session % count).await,
            Step::CutUser => {
                let active = self.active();
                assert_eq!(self.world.cut_user(&self.user).await.revoked, active);
                self.sweep(0, None);
            }
            Step::CutTenant => {
                let active = self.active();
                let outcome = self.world.cut(CutTarget::Tenant { tenant: self.world.tenant }).await;
                assert_eq!(outcome.revoked, active);
                self.sweep(1, None);
            }
            Step::CutOthers(session) => self.cut_others(session % count).await,
            Step::Wait(time) => self.world.pass(time),
            Step::Back(time) => self.world.set_now(self.world.now().minus(time)),
            Step::Restart => self.world.restart().await,
            Step::Purge => self.purge().await,
        }
    }

    async fn open(&mut self) {
        let chain = self.world.open(&self.user).await.chain;
        let now = self.world.now();
        self.sessions.push(ModelSession {
            tokens: vec![ModelToken { held: Held::of(&chain), at: now }],
            created_at: now,
            idle_expires_at: now.plus(IDLE),
            ended_at: None,
            swept_at: [None; 2],
            late: Vec::new(),
        });
    }

    async fn present(&mut self, session: usize, back: usize) {
        let now = self.world.now();
        let model = &mut self.sessions[session];
        let index = (model.tokens.len() - 1).saturating_sub(back);
        let expected = model.expect(index, now);
        let answer = self.world.refresh(model.tokens[index].held).await;
        let last = model.tokens[model.tokens.len() - 1].held;
        match (&expected, &answer) {
            (Expected::Rotated, Rotated::Rotated(chain)) => {
                model.tokens.push(ModelToken { held: Held::of(chain), at: now });
                model.idle_expires_at = now.plus(IDLE).min(model.created_at.plus(ABSOLUTE));
            }
            (Expected::Replayed { late }, Rotated::Replayed { chain, late: said }) => {
                assert_eq!(late, said);
                assert_eq!(Held::of(chain), last, "a token has one successor");
                if *late {
                    model.late.push(model.tokens.len() - 1);
                }
            }
            (Expected::Theft, Rotated::Theft(_)) => {
                model.ended_at.get_or_insert(now);
            }
            (Expected::Superseded, Rotated::Superseded)
            | (Expected::Revoked, Rotated::Revoked)
            | (Expected::Expired, Rotated::Expired) => {}
            _ => panic!("expected {expected:?}, not {answer:?}"),
        }
    }

    async fn cut_session(&mut self, session: usize) {
        let now = self.world.now();
        let model = &mut self.sessions[session];
        let outcome = self.world.cut_session(model.tokens[0].held.session).await;
        assert_eq!(outcome.revoked, u64::from(model.state(now) == "active"));
        model.ended_at.get_or_insert(now);
    }

    async fn cut_others(&mut self, spare: usize) {
        let (tenant, user) = (self.user.tenant, self.user.id);
        let id = self.sessions[spare].tokens[0].held.session;
        let cut = self.world.cutting(CutTarget::User { tenant, user, spare: Some(id) });
        let answer = self.world.store.cut(cut).await;
        if self.sessions[spare].state(self.world.now()) == "active" {
            assert_eq!(answer.unwrap().revoked, self.active() - 1);
            self.sweep(0, Some(spare));
        } else {
            assert_eq!(answer.err(), Some(StoreError::NotFound));
        }
    }

    /// What has long been dead is forgotten with its entries, and nothing else is.
    async fn purge(&mut self) {
        let before = self.world.now().minus(Duration::from_secs(3600));
        let request = PurgeRequest { before, limit: 100, dry_run: false, by: self.world.by() };
        self.world.store.purge(request).await.unwrap();
        let old = before.minus(RETENTION);
        let (gone, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.sessions)
            .into_iter()
            .partition(|session| session.ended_at.is_some_and(|at| at < old) || session.absolute_end() < old);
        self.sessions = left;
        for session in gone {
            let last = session.tokens[session.tokens.len() - 1].held;
            let answer = self.world.refresh(last).await;
            assert!(matches!(answer, Rotated::Unknown), "{answer:?}");
        }
        if self.sessions.is_empty() {
            self.open().await;
        }
    }

    fn active(&self) -> u64 {
        let now = self.world.now();
        self.sessions.iter().filter(|session| session.state(now) == "active").count() as u64
    }

    fn sweep(&mut self, level: usize, spare: Option<usize>) {
        let now = self.world.now();
        for (index, session) in self.sessions.iter_mut().enumerate() {
            if Some(index) != spare {
                // The first time by the clock, which may have stepped back.
                session.swept_at[level].get_or_insert(now);
            }
        }
    }

    async fn check_statuses(&self) {
        for session in &self.sessions {
            let shown = self.world.status(session.tokens[0].held.session).await;
            assert_eq!(shown.as_str(), session.state(self.world.now()), "{shown:?}");
        }
    }
}
