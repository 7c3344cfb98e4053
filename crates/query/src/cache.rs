//! Lowered statements by shape: bounded, least recently used out first. One for all tenants on the same catalog hash.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use sql::Dialect;

use crate::access::Access;
use crate::lower::Lowered;
use crate::request::Read;

/// What a statement depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key<'a> {
    /// The shape.
    pub read: &'a Read,
    /// The caller's rights.
    pub access: &'a Access,
    /// [`Catalog::hash`](metadata::catalog::Catalog::hash)
    pub catalog: &'a str,
    /// The database.
    pub dialect: Dialect,
}

/// A key with its hash, which is worked out once and outside of the lock.
#[derive(Clone, Copy, Debug)]
pub struct Hashed<'a> {
    key: Key<'a>,
    hash: u64,
}

/// A kept statement with all that its key refers to.
#[derive(Debug)]
struct Entry {
    read: Read,
    access: Access,
    catalog: Arc<str>,
    dialect: Dialect,
    used: u64,
    lowered: Arc<Lowered>,
}

impl Entry {
    fn key(&self) -> Key<'_> {
        Key { read: &self.read, access: &self.access, catalog: &self.catalog, dialect: self.dialect }
    }
}

/// Hashes keys, the same for as long as the cache lives.
#[derive(Clone, Debug, Default)]
pub struct Hasher(RandomState);

impl Hasher {
    /// The key with its hash.
    pub fn hashed<'a>(&self, key: Key<'a>) -> Hashed<'a> {
        Hashed { key, hash: self.0.hash_one(key) }
    }
}

/// A bounded map from shapes to statements. The owner guards it with a lock of its choice, and hashes with one [`Hasher`] only.
#[derive(Debug)]
pub struct LoweredCache {
    most: usize,
    clock: u64,
    count: usize,
    entries: HashMap<u64, Vec<Entry>>,
}

impl LoweredCache {
    /// Keeps at most that many statements (at least one).
    pub fn new(most: usize) -> Self {
        Self { most: most.max(1), clock: 0, count: 0, entries: HashMap::new() }
    }

    /// The statement of that shape, if it is kept.
    pub fn get(&mut self, wanted: Hashed<'_>) -> Option<Arc<Lowered>> {
        self.clock += 1;
        let entry = self.entries.get_mut(&wanted.hash)?.iter_mut().find(|entry| entry.key() == wanted.key)?;
        entry.used = self.clock;
        Some(Arc::clone(&entry.lowered))
    }

    /// Keeps a statement; an eighth of the oldest go when it is full, so that eviction costs little on average.
    pub fn insert(&mut self, hashed: Hashed<'_>, lowered: Arc<Lowered>) {
        if self.get(hashed).is_some() {
            return;
        }
        if self.count >= self.most {
            self.evict();
        }
        let Key { read, access, catalog, dialect } = hashed.key;
        let entry = Entry {
            read: read.clone(),
            access: access.clone(),
            catalog: Arc::from(catalog),
            dialect,
            used: self.clock,
            lowered,
        };
        self.entries.entry(hashed.hash).or_default().push(entry);
        self.count += 1;
    }

    fn evict(&mut self) {
        let mut ages: Vec<u64> = self.entries.values().flatten().map(|entry| entry.used).collect();
        let cut = (ages.len() / 8).min(ages.len().saturating_sub(1));
        let (_, oldest, _) = ages.select_nth_unstable(cut);
        let limit = *oldest;
        self.entries.retain(|_, entries| {
            entries.retain(|entry| entry.used > limit);
            !entries.is_empty()
        });
        self.count = self.entries.values().map(Vec::len).sum();
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Deleted, RecordRead};
    use crate::response::{Form, ResponseShape};
    use crate::slots::Slots;

    fn read(slot: u16) -> Read {
        let object = metadata::Name::new("deal").expect("a name");
        Read::Record(RecordRead { object, id: slot, selection: Vec::new(), deleted: Deleted::Without })
    }

    fn key<'a>(read: &'a Read, hasher: &Hasher) -> Hashed<'a> {
        of(read, "hash", Dialect::Sqlite, hasher)
    }

    fn of<'a>(read: &'a Read, catalog: &'a str, dialect: Dialect, hasher: &Hasher) -> Hashed<'a> {
        hasher.hashed(Key { read, access: &Access::Everything, catalog, dialect })
    }

    fn lowered() -> Arc<Lowered> {
        let statement =
            sql::Statement { chunks: [String::new()].into(), holes: [].into(), params: [].into() };
        let response =
            ResponseShape { form: Form::Record(Vec::new()), currencies: Vec::new(), marked: false };
        Arc::new(Lowered { statement, slots: Slots::new(0), response })
    }

    #[test]
    fn the_cache_is_bounded_and_keeps_what_is_used() {
        let (mut cache, hasher) = (LoweredCache::new(8), Hasher::default());
        for slot in 0..100 {
            cache.insert(key(&read(slot), &hasher), lowered());
            assert!(cache.get(key(&read(0), &hasher)).is_some(), "used all along, kept at {slot}");
            assert!(cache.len() <= 8);
        }
        assert!(cache.get(key(&read(99), &hasher)).is_some());
        assert!(cache.get(key(&read(1), &hasher)).is_none());
    }

    #[test]
    fn another_catalog_or_dialect_is_another_statement() {
        let (mut cache, hasher) = (LoweredCache::new(8), Hasher::default());
        let read = read(0);
        cache.insert(key(&read, &hasher), lowered());
        assert!(cache.get(of(&read, "other", Dialect::Sqlite, &hasher)).is_none());
        assert!(cache.get(of(&read, "hash", Dialect::Postgres, &hasher)).is_none());
        assert!(cache.get(key(&read, &hasher)).is_some());
    }
}
