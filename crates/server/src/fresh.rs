//! Caches that forget everything at once when something has changed, also what was asked for before the change and arrives after it.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;

/// Counts the changes that were told. Cheap to clone; the clones count together.
#[derive(Clone, Default)]
pub(crate) struct Generation(Arc<AtomicU64>);

impl Generation {
    /// Something has changed: nothing that was asked for before is believed any more.
    pub(crate) fn pass(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn now(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// A cache whose entries end with the generation in which they were asked for.
pub(crate) struct Fresh<K, V> {
    known: Cache<K, (u64, V)>,
    generation: Generation,
}

impl<K, V> Fresh<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(crate) fn new(most: u64, kept: Duration, generation: &Generation) -> Self {
        let known = Cache::builder().max_capacity(most).time_to_live(kept).build();
        Self { known, generation: generation.clone() }
    }

    /// The generation, to be read before the database is asked.
    pub(crate) fn now(&self) -> u64 {
        self.generation.now()
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.known.get(key).filter(|(asked, _)| *asked == self.now()).map(|(_, value)| value)
    }

    /// Keeps what was asked for in that generation.
    pub(crate) fn insert(&self, key: K, asked: u64, value: V) {
        self.known.insert(key, (asked, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_before_a_change_is_not_believed_after_it() {
        let generation = Generation::default();
        let fresh = Fresh::new(10, Duration::from_mins(1), &generation);
        let asked = fresh.now();
        fresh.insert("a", asked, 1);
        assert_eq!(fresh.get(&"a"), Some(1));
        let late = fresh.now();
        generation.pass();
        assert_eq!(fresh.get(&"a"), None);
        fresh.insert("a", late, 1);
        assert_eq!(fresh.get(&"a"), None, "asked before, arrived after");
        fresh.insert("a", fresh.now(), 2);
        assert_eq!(fresh.get(&"a"), Some(2));
    }
}
