//! Lowered statements by shape: bounded, least recently used out first. One for all tenants on the same catalog hash.

use std::collections::HashMap;
use std::sync::Arc;

use sql::Dialect;

use crate::access::Access;
use crate::lower::Lowered;
use crate::request::Read;

/// What a statement depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The shape.
    pub read: Arc<Read>,
    /// The caller's rights.
    pub access: Access,
    /// [`Catalog::hash`](metadata::catalog::Catalog::hash)
    pub catalog: Arc<str>,
    /// The database.
    pub dialect: Dialect,
}

/// A bounded map from shapes to statements. The owner guards it with a lock of its choice.
#[derive(Debug)]
pub struct LoweredCache {
    most: usize,
    clock: u64,
    entries: HashMap<Key, (u64, Arc<Lowered>)>,
}

impl LoweredCache {
    /// Keeps at most that many statements (at least one).
    pub fn new(most: usize) -> Self {
        Self { most: most.max(1), clock: 0, entries: HashMap::new() }
    }

    /// The statement of that shape, if it is kept.
    pub fn get(&mut self, key: &Key) -> Option<Arc<Lowered>> {
        self.clock += 1;
        let entry = self.entries.get_mut(key)?;
        entry.0 = self.clock;
        Some(Arc::clone(&entry.1))
    }

    /// Keeps a statement; an eighth of the oldest go when it is full, so that eviction costs little on average.
    pub fn insert(&mut self, key: Key, lowered: Arc<Lowered>) {
        if self.entries.len() >= self.most && !self.entries.contains_key(&key) {
            let mut ages: Vec<u64> = self.entries.values().map(|(age, _)| *age).collect();
            let cut = (ages.len() / 8).min(ages.len().saturating_sub(1));
            let (_, oldest_kept, _) = ages.select_nth_unstable(cut);
            let limit = *oldest_kept;
            self.entries.retain(|_, (age, _)| *age > limit);
        }
        self.clock += 1;
        self.entries.insert(key, (self.clock, lowered));
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
