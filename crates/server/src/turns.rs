//! Turns: how many requests of one tenant are in work at the same time. Further ones wait in the order of coming, not for long and not
//! many; so one tenant at full tilt fills its own queue and leaves the others theirs.
//!
//! A tenant that is alone has all the turns that a tenant may have. As soon as another has asked, each keeps to what the processors can
//! do at once, less what the others use: what a tenant asks for then never stands behind a dozen statements of somebody else.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use store::TenantName;
use tokio::sync::oneshot;

/// How long a tenant counts as being there behind its last request.
const THERE: Duration = Duration::from_secs(5);
/// How far back use is looked at.
const SPAN: Duration = Duration::from_secs(1);
/// How often the busy tenants are counted.
const COUNTED: Duration = Duration::from_millis(100);
/// Whoever uses more than that of a turn is busy.
const BUSY: f64 = 0.5;
/// Tenants that are remembered before those are forgotten who are not there.
const KEPT: usize = 1_000;
/// Whoever is in work for longer leaves one more of its tenant in, so that a report does not stand in the way of everything else.
const LONG: Duration = Duration::from_secs(1);
/// Share of the latest request in how long one takes.
const LATEST: f64 = 0.1;

/// How many, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    /// Turns of one tenant that is alone.
    pub(crate) at_once: usize,
    /// Turns that all share who are there at the same time; each has one at least.
    pub(crate) among: usize,
    /// Requests of one tenant that wait.
    pub(crate) waiting: usize,
    /// Longest wait.
    pub(crate) patience: Duration,
}

/// The queues of all tenants.
pub(crate) struct Turns(Arc<Queues>);

struct Queues {
    allowed: Allowed,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tenants: HashMap<TenantName, Queue>,
    /// What all of them use together.
    used: Use,
    /// Who asked last, and who before of the others.
    latest: [Option<(TenantName, Instant)>; 2],
    /// How many are busy, as of that time.
    busy: Option<(usize, Instant)>,
}

#[derive(Default)]
struct Queue {
    used: Use,
    asked: Option<Instant>,
    /// Since when those in work are, the oldest first.
    begun: Vec<Instant>,
    waiting: VecDeque<oneshot::Sender<Turn>>,
    /// Seconds that a request takes.
    takes: f64,
}

/// Turns in use, on average over the last second or so.
#[derive(Default)]
struct Use {
    now: usize,
    average: f64,
    since: Option<Instant>,
}

/// A turn; it ends when it is dropped.
pub(crate) struct Turn {
    queues: Arc<Queues>,
    tenant: TenantName,
    begun: Instant,
}

/// What is had for asking.
enum Place {
    In(Turn),
    Waiting(oneshot::Receiver<Turn>),
}

/// Too many of the same tenant are waiting, or this one would wait or has waited too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crowded;

impl Use {
    fn until(&mut self, now: Instant) -> f64 {
        let past = self.since.replace(now).map_or(Duration::ZERO, |since| now.duration_since(since));
        self.average +=
            (count(self.now) - self.average) * (1.0 - (-past.as_secs_f64() / SPAN.as_secs_f64()).exp());
        self.average
    }

    fn begin(&mut self, now: Instant) {
        self.until(now);
        self.now += 1;
    }

    fn end(&mut self, now: Instant) {
        self.until(now);
        self.now = self.now.saturating_sub(1);
    }
}

impl Queue {
    fn is_there(&self, now: Instant) -> bool {
        self.used.now > 0
            || !self.waiting.is_empty()
            || self.asked.is_some_and(|asked| now.duration_since(asked) < THERE)
    }

    /// Whether one has been in work for long.
    fn long(&self, now: Instant) -> bool {
        self.begun.first().is_some_and(|begun| now.duration_since(*begun) > LONG)
    }

    fn begin(&mut self, now: Instant) {
        self.used.begin(now);
        self.begun.push(now);
    }

    fn end(&mut self, begun: Instant, now: Instant) {
        self.used.end(now);
        if let Some(place) = self.begun.iter().position(|at| *at == begun) {
            self.begun.remove(place);
        }
        self.takes += (now.duration_since(begun).as_secs_f64() - self.takes) * LATEST;
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few turns, never below none")]
fn whole(turns: f64) -> usize {
    turns.ceil() as usize
}

#[expect(clippy::cast_precision_loss, reason = "some hundred")]
fn count(of: usize) -> f64 {
    of as f64
}

impl State {
    /// Takes note that a tenant asks.
    fn ask(&mut self, tenant: &TenantName, now: Instant) {
        if self.tenants.len() > KEPT && !self.tenants.contains_key(tenant) {
            self.tenants.retain(|_, queue| queue.is_there(now));
        }
        if !self.tenants.contains_key(tenant) {
            self.tenants.insert(tenant.clone(), Queue::default());
        }
        if let Some(queue) = self.tenants.get_mut(tenant) {
            queue.asked = Some(now);
        }
        match &mut self.latest {
            [Some((last, at)), _] if last == tenant => *at = now,
            latest => {
                latest.swap(0, 1);
                latest[0] = Some((tenant.clone(), now));
            }
        }
    }

    fn others_are_there(&self, tenant: &TenantName, now: Instant) -> bool {
        let mut others = self.latest.iter().flatten().filter(|(other, _)| other != tenant);
        others.any(|(_, at)| now.duration_since(*at) < THERE)
    }

    /// How many turns a tenant may have now.
    fn share(&mut self, allowed: &Allowed, tenant: &TenantName, now: Instant) -> usize {
        if !self.others_are_there(tenant, now) {
            return allowed.at_once;
        }
        let own = self.tenants.get_mut(tenant).map_or(0.0, |queue| queue.used.until(now));
        let others = whole((self.used.until(now) - own).max(0.0)).max(1);
        let busy = self.busy(now).saturating_sub(usize::from(own > BUSY)) + 1;
        let even = (allowed.among / busy).min(allowed.among.saturating_sub(1));
        let long = self.tenants.get(tenant).is_some_and(|queue| queue.long(now));
        let share = allowed.among.saturating_sub(others).max(even).max(1) + usize::from(long);
        share.min(allowed.at_once)
    }

    fn busy(&mut self, now: Instant) -> usize {
        match self.busy {
            Some((busy, at)) if now.duration_since(at) < COUNTED => busy,
            _ => {
                let busy = self
                    .tenants
                    .values_mut()
                    .filter_map(|queue| (queue.used.until(now) > BUSY).then_some(()));
                let busy = busy.count();
                self.busy = Some((busy, now));
                busy
            }
        }
    }

    /// Lets a tenant in as long as there is room: those who wait, in the order of coming, or somebody new.
    fn admit(&mut self, allowed: &Allowed, tenant: &TenantName, now: Instant) -> Vec<oneshot::Sender<Turn>> {
        let share = self.share(allowed, tenant, now);
        let mut admitted = Vec::new();
        let Some(queue) = self.tenants.get_mut(tenant) else { return admitted };
        while queue.used.now < share {
            let Some(waiting) = queue.waiting.pop_front() else { break };
            if !waiting.is_closed() {
                queue.begin(now);
                self.used.begin(now);
                admitted.push(waiting);
            }
        }
        admitted
    }
}

impl Queues {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(self: &Arc<Self>, tenant: &TenantName, begun: Instant) -> Turn {
        Turn { queues: Arc::clone(self), tenant: tenant.clone(), begun }
    }

    fn hand_out(self: &Arc<Self>, tenant: &TenantName, to: Vec<oneshot::Sender<Turn>>, now: Instant) {
        for waiting in to {
            // Who has gone meanwhile drops the turn, which ends it.
            drop(waiting.send(self.turn(tenant, now)));
        }
    }

    fn take(self: &Arc<Self>, tenant: &TenantName) -> Result<Place, Crowded> {
        let now = Instant::now();
        let mut state = self.state();
        state.ask(tenant, now);
        let share = state.share(&self.allowed, tenant, now);
        let State { tenants, used, .. } = &mut *state;
        let Some(queue) = tenants.get_mut(tenant) else { return Err(Crowded) };
        if queue.waiting.is_empty() && queue.used.now < share {
            queue.begin(now);
            used.begin(now);
            return Ok(Place::In(self.turn(tenant, now)));
        }
        if queue.waiting.len() >= self.allowed.waiting {
            queue.waiting.retain(|waiting| !waiting.is_closed());
        }
        // Whoever would wait in vain need not wait.
        let wait = queue.takes * count(queue.waiting.len()) / count(share);
        if queue.waiting.len() >= self.allowed.waiting || wait > self.allowed.patience.as_secs_f64() {
            return Err(Crowded);
        }
        let (sender, receiver) = oneshot::channel();
        queue.waiting.push_back(sender);
        Ok(Place::Waiting(receiver))
    }

    /// Looks whether there is room by now without anybody having ended.
    fn look(self: &Arc<Self>, tenant: &TenantName) {
        let now = Instant::now();
        let admitted = self.state().admit(&self.allowed, tenant, now);
        self.hand_out(tenant, admitted, now);
    }

    /// Ends a turn, and lets in as many as there is room for.
    fn end(self: &Arc<Self>, tenant: &TenantName, begun: Instant) {
        let now = Instant::now();
        let mut state = self.state();
        state.used.end(now);
        if let Some(queue) = state.tenants.get_mut(tenant) {
            queue.end(begun, now);
        }
        let admitted = state.admit(&self.allowed, tenant, now);
        drop(state);
        self.hand_out(tenant, admitted, now);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.queues.end(&self.tenant, self.begun);
    }
}

impl Turns {
    pub(crate) fn new(allowed: Allowed) -> Self {
        let allowed = Allowed { at_once: allowed.at_once.max(1), among: allowed.among.max(1), ..allowed };
        Self(Arc::new(Queues { allowed, state: Mutex::default() }))
    }

    /// A turn.
    pub(crate) async fn take(&self, tenant: &TenantName) -> Result<Turn, Crowded> {
        let mut place = match self.0.take(tenant)? {
            Place::In(turn) => return Ok(turn),
            Place::Waiting(place) => place,
        };
        let until = Instant::now() + self.0.allowed.patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left.min(LONG / 2), &mut place).await {
                Ok(Ok(turn)) => return Ok(turn),
                Ok(Err(_)) => return Err(Crowded),
                Err(_) if left < LONG / 2 => return Err(Crowded),
                Err(_) => self.0.look(tenant),
            }
        }
    }

    /// Whether a tenant has to leave room to others at the moment.
    pub(crate) fn shared(&self, tenant: &TenantName) -> bool {
        self.0.state().others_are_there(tenant, Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> TenantName {
        TenantName::new(text).expect("a name")
    }

    fn turns(at_once: usize, among: usize) -> Turns {
        Turns::new(Allowed { at_once, among, waiting: 8, patience: Duration::from_millis(500) })
    }

    #[tokio::test]
    async fn a_crowded_tenant_waits_in_its_own_queue() {
        let patience = Duration::from_millis(50);
        let turns = Turns::new(Allowed { at_once: 1, among: 2, waiting: 1, patience });
        let (acme, canary) = (name("acme"), name("canary"));
        let first = turns.take(&acme).await.expect("a turn");
        let second = turns.take(&acme);
        tokio::pin!(second);
        assert!(futures::poll!(&mut second).is_pending(), "it waits");
        assert_eq!(turns.take(&acme).await.err(), Some(Crowded), "the queue is full");
        assert!(turns.take(&canary).await.is_ok(), "another tenant does not wait");
        drop(first);
        let second = second.await.expect("its turn");
        assert_eq!(turns.take(&acme).await.err(), Some(Crowded), "it has waited long enough");
        drop(second);
        assert!(turns.take(&acme).await.is_ok());
    }

    #[tokio::test]
    async fn a_tenant_alone_has_all_turns_and_leaves_room_as_soon_as_another_asks() {
        let turns = turns(4, 3);
        let (acme, canary) = (name("acme"), name("canary"));
        let mut taken = Vec::new();
        for _ in 0..4 {
            taken.push(turns.take(&acme).await.expect("a turn"));
        }
        assert!(!turns.shared(&acme));
        drop(turns.take(&canary).await.expect("the other has its turn at once"));
        assert!(turns.shared(&acme));
        // One of three is left to the other.
        for expected in [false, false, true] {
            taken.pop();
            let next = turns.take(&acme);
            tokio::pin!(next);
            let polled = futures::poll!(&mut next);
            assert_eq!(matches!(polled, std::task::Poll::Ready(Ok(_))), expected, "{} in work", taken.len());
        }
    }

    #[tokio::test]
    async fn who_goes_away_while_waiting_leaves_no_turn_behind() {
        let turns = turns(1, 1);
        let acme = name("acme");
        let first = turns.take(&acme).await.expect("a turn");
        for _ in 0..3 {
            let waiting = turns.take(&acme);
            tokio::pin!(waiting);
            assert!(futures::poll!(&mut waiting).is_pending());
        }
        let waiting = turns.take(&acme);
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        drop(first);
        drop(waiting.await.expect("those before have gone"));
        assert!(turns.take(&acme).await.is_ok());
    }

    #[tokio::test]
    async fn whoever_would_wait_in_vain_is_told_at_once() {
        let patience = Duration::from_millis(20);
        let turns = Turns::new(Allowed { at_once: 1, among: 1, waiting: 100, patience });
        let acme = name("acme");
        let slow = turns.take(&acme).await.expect("a turn");
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(slow);
        let _turn = turns.take(&acme).await.expect("a turn");
        let waiting = turns.take(&acme);
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending(), "the first in the queue may be lucky");
        let begun = Instant::now();
        assert_eq!(turns.take(&acme).await.err(), Some(Crowded));
        assert!(begun.elapsed() < patience / 2);
    }

    fn begin(state: &mut State, tenant: &TenantName, many: usize, now: Instant) {
        for _ in 0..many {
            state.used.begin(now);
            state.tenants.get_mut(tenant).expect("it has asked").begin(now);
        }
    }

    #[test]
    fn busy_tenants_have_even_shares() {
        let (acme, canary) = (name("acme"), name("canary"));
        let allowed = Allowed { at_once: 12, among: 8, waiting: 0, patience: Duration::ZERO };
        let mut state = State::default();
        let begun = Instant::now();
        state.ask(&acme, begun);
        begin(&mut state, &acme, 7, begun);
        assert_eq!(state.share(&allowed, &acme, begun), 12);
        state.ask(&canary, begun);
        let later = begun + Duration::from_secs(3);
        assert_eq!(
            state.share(&allowed, &acme, later),
            7 + 1,
            "one is left to the other; as one is in work for long, one more may come"
        );
        assert_eq!(state.share(&allowed, &canary, later), 4, "which may have its half");
        begin(&mut state, &canary, 2, later);
        let later = later + Duration::from_secs(1);
        assert_eq!(state.share(&allowed, &acme, later), 6 + 1, "as one is in work for long, one more");
        assert_eq!(state.share(&allowed, &acme, later + THERE), 12, "alone again");
    }
}
