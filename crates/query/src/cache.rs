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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Deleted, RecordRead};
    use crate::response::{Form, ResponseShape};
    use crate::slots::Slots;

    fn key(slot: u16) -> Key {
        let object = metadata::Name::new("deal").expect("a name");
        let read =
            Read::Record(RecordRead { object, id: slot, selection: Vec::new(), deleted: Deleted::Without });
        Key {
            read: Arc::new(read),
            access: Access::Everything,
            catalog: Arc::from("hash"),
            dialect: Dialect::Sqlite,
        }
    }

    fn lowered() -> Arc<Lowered> {
        let statement = sql::Statement { chunks: [String::new()].into(), params: [].into() };
        let response =
            ResponseShape { form: Form::Record(Vec::new()), currencies: Vec::new(), marked: false };
        Arc::new(Lowered { statement, slots: Slots::new(0), response })
    }

    #[test]
    fn the_cache_is_bounded_and_keeps_what_is_used() {
        let mut cache = LoweredCache::new(8);
        for slot in 0..100 {
            cache.insert(key(slot), lowered());
            assert!(cache.get(&key(0)).is_some(), "used all along, kept at {slot}");
            assert!(cache.len() <= 8);
        }
        assert!(cache.get(&key(99)).is_some());
        assert!(cache.get(&key(1)).is_none());
    }

    #[test]
    fn another_catalog_or_dialect_is_another_statement() {
        let mut cache = LoweredCache::new(8);
        cache.insert(key(0), lowered());
        assert!(cache.get(&Key { catalog: Arc::from("other"), ..key(0) }).is_none());
        assert!(cache.get(&Key { dialect: Dialect::Postgres, ..key(0) }).is_none());
        assert!(cache.get(&key(0)).is_some());
    }
}
