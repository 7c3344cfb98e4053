//! Whose turn it is: tenants with work stand in a ring, and whoever had a turn goes to its end. Pure.

use std::collections::{HashMap, HashSet, VecDeque};

use store::TenantName;

/// Tenants that wait for a turn, and how many turns each has at the moment.
#[derive(Debug)]
pub(crate) struct Ring {
    waiting: VecDeque<TenantName>,
    known: HashSet<TenantName>,
    turns: HashMap<TenantName, usize>,
    per_tenant: usize,
}

impl Ring {
    /// At most so many turns for one tenant at the same time.
    pub(crate) fn new(per_tenant: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            known: HashSet::new(),
            turns: HashMap::new(),
            per_tenant: per_tenant.max(1),
        }
    }

    /// A tenant has work. True where it was not known yet.
    pub(crate) fn offer(&mut self, tenant: TenantName) -> bool {
        let fresh = self.known.insert(tenant.clone());
        if fresh {
            self.waiting.push_back(tenant);
        }
        fresh
    }

    /// The next turn, where somebody may have one.
    pub(crate) fn next(&mut self) -> Option<TenantName> {
        let free = |tenant: &TenantName| self.turns.get(tenant).is_none_or(|turns| *turns < self.per_tenant);
        let place = self.waiting.iter().position(free)?;
        let tenant = self.waiting.remove(place)?;
        self.known.remove(&tenant);
        *self.turns.entry(tenant.clone()).or_default() += 1;
        Some(tenant)
    }

    /// A turn has ended.
    pub(crate) fn end(&mut self, tenant: &TenantName) {
        if let Some(turns) = self.turns.get_mut(tenant) {
            *turns -= 1;
            if *turns == 0 {
                self.turns.remove(tenant);
            }
        }
    }

    /// Whether somebody else waits for a turn.
    pub(crate) fn others_wait(&self, tenant: &TenantName) -> bool {
        self.waiting.iter().any(|other| other != tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> TenantName {
        TenantName::new(text).expect("a name")
    }

    #[test]
    fn each_has_its_turn_however_much_one_has_to_do() {
        let mut ring = Ring::new(1);
        assert!(ring.offer(name("busy")));
        let mut order = Vec::new();
        for round in 0..9 {
            if round == 3 {
                ring.offer(name("calm"));
                ring.offer(name("quiet"));
            }
            let tenant = ring.next().expect("somebody");
            order.push(tenant.to_string());
            if tenant == name("busy") {
                assert!(ring.offer(tenant.clone()), "there is more");
            }
            ring.end(&tenant);
        }
        assert_eq!(order, ["busy", "busy", "busy", "busy", "calm", "quiet", "busy", "busy", "busy"]);
    }

    #[test]
    fn nobody_has_more_turns_at_once_than_allowed() {
        let mut ring = Ring::new(2);
        let busy = name("busy");
        for _ in 0..2 {
            assert!(ring.offer(busy.clone()));
            assert!(!ring.offer(busy.clone()), "it waits once");
            assert_eq!(ring.next(), Some(busy.clone()));
        }
        ring.offer(busy.clone());
        assert_eq!(ring.next(), None);
        ring.offer(name("calm"));
        assert!(ring.others_wait(&busy));
        assert_eq!(ring.next(), Some(name("calm")));
        assert!(!ring.others_wait(&busy));
        ring.end(&busy);
        assert_eq!(ring.next(), Some(busy));
    }
}
