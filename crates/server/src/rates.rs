//! How much work a tenant and a key may ask for in a time. The unit is what a request may cost: rows that it may touch, a few for each
//! record that it writes. Judged before anything reaches the database.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use store::TenantName;
use uuid::Uuid;

use crate::guesses::network;
use crate::settings::Settings;

/// Seconds' worth of units that may be asked for at once by whoever was quiet.
const BURST: u32 = 5;
/// Tenants or keys that are remembered; then the one that has not asked for the longest time is forgotten, which has its whole burst again.
const REMEMBERED: u64 = 10_000;
/// Rows of an export that are paid for before the first is read.
pub(crate) const EXPORT: u64 = 1_000;
/// What a question to the metadata API costs.
pub(crate) const QUESTION: u64 = 10;
/// What a change by the metadata API costs: an apply plans, compares and asks every table.
pub(crate) const CHANGE: u64 = 10_000;

/// Logins at providers that one peer may begin in a second: each asks the provider and is kept for a while.
const LOGINS: u32 = 4;

/// Why a request has to wait, or can never be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limited {
    /// Asked again after that time, it has its turn.
    Wait(Duration),
    /// It costs more than anybody may ask for at once.
    Never {
        /// The most.
        burst: u32,
    },
}

/// The rates of all tenants and keys.
pub(crate) struct Rates {
    tenants: Option<Rate<TenantName>>,
    keys: Option<Rate<Uuid>>,
    peers: Option<Rate<IpAddr>>,
}

impl Rates {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            tenants: Rate::new(settings.rate_per_tenant),
            keys: Rate::new(settings.rate_per_key),
            peers: Rate::new(LOGINS),
        }
    }

    /// Lets a peer begin a login at a provider; else for how many seconds to wait.
    pub(crate) fn begin_login(&self, peer: IpAddr) -> Result<(), u32> {
        let taken = self.peers.as_ref().map_or(Ok(()), |rate| rate.take(&network(peer), NonZeroU32::MIN));
        taken.map_err(|limited| match limited {
            Limited::Wait(wait) => u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1),
            Limited::Never { .. } => u32::MAX,
        })
    }

    /// Takes that many units from a key and its tenant.
    pub(crate) fn take(&self, tenant: &TenantName, key: Uuid, cost: u64) -> Result<(), Limited> {
        let Some(cost) = NonZeroU32::new(u32::try_from(cost).unwrap_or(u32::MAX)) else { return Ok(()) };
        // The key first: what it is refused does not weigh on its tenant.
        self.keys.as_ref().map_or(Ok(()), |rate| rate.take(&key, cost))?;
        self.tenants.as_ref().map_or(Ok(()), |rate| rate.take(tenant, cost))
    }

    /// The same for work that is paid for as a whole and may be larger than what may be asked for at once: no more than that is taken.
    pub(crate) fn take_at_most(&self, tenant: &TenantName, key: Uuid, cost: u64) -> Result<(), Limited> {
        let keys = self.keys.as_ref().map_or(u32::MAX, |rate| rate.burst);
        let tenants = self.tenants.as_ref().map_or(u32::MAX, |rate| rate.burst);
        self.take(tenant, key, cost.min(u64::from(keys.min(tenants))))
    }
}

struct Rate<K: Hash + Eq> {
    quota: Quota,
    limiters: Cache<K, Arc<DefaultDirectRateLimiter>>,
    burst: u32,
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Rate<K> {
    /// `None` for 0: without limit.
    fn new(units: u32) -> Option<Self> {
        let units = NonZeroU32::new(units)?;
        let burst = units.saturating_mul(NonZeroU32::new(BURST)?);
        let limiters =
            Cache::builder().max_capacity(REMEMBERED).eviction_policy(EvictionPolicy::lru()).build();
        Some(Self { quota: Quota::per_second(units).allow_burst(burst), limiters, burst: burst.get() })
    }

    fn take(&self, key: &K, cost: NonZeroU32) -> Result<(), Limited> {
        let limiter = self.limiters.get_with_by_ref(key, || Arc::new(RateLimiter::direct(self.quota)));
        match limiter.check_n(cost) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(early)) => Err(Limited::Wait(early.wait_time_from(DefaultClock::default().now()))),
            Err(_) => Err(Limited::Never { burst: self.burst }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(tenant: u32, key: u32) -> Rates {
        Rates::new(&Settings { rate_per_tenant: tenant, rate_per_key: key, ..Settings::default() })
    }

    fn name(text: &str) -> TenantName {
        TenantName::new(text).expect("a name")
    }

    #[test]
    fn each_key_and_each_tenant_has_its_own_burst() {
        let rates = rates(20, 10);
        let (acme, canary) = (name("acme"), name("canary"));
        let [one, two, three] = [1, 2, 3].map(Uuid::from_u128);
        assert_eq!(rates.take(&acme, one, 50), Ok(()));
        assert!(
            matches!(rates.take(&acme, one, 50), Err(Limited::Wait(wait)) if wait > Duration::from_secs(4))
        );
        assert_eq!(rates.take(&acme, two, 50), Ok(()), "another key");
        assert!(
            matches!(rates.take(&acme, three, 50), Err(Limited::Wait(_))),
            "the tenant has used up its own"
        );
        assert_eq!(rates.take(&canary, Uuid::from_u128(4), 50), Ok(()), "another tenant");
        assert_eq!(rates.take(&canary, Uuid::from_u128(5), 51), Err(Limited::Never { burst: 50 }));
    }

    #[test]
    fn what_is_larger_than_a_burst_takes_all_of_it() {
        let rates = rates(20, 10);
        let (acme, key) = (name("acme"), Uuid::from_u128(1));
        assert_eq!(rates.take_at_most(&acme, key, 1_000_000), Ok(()));
        assert!(matches!(rates.take_at_most(&acme, key, 1_000_000), Err(Limited::Wait(_))));
        assert!(matches!(rates.take(&acme, key, 1), Err(Limited::Wait(_))));
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let rate = Rate::<Uuid>::new(10).expect("a rate");
        let one = NonZeroU32::MIN;
        for number in 0..u128::from(REMEMBERED) + 2_000 {
            rate.take(&Uuid::from_u128(number), one).expect("its first");
        }
        rate.limiters.run_pending_tasks();
        assert!(rate.limiters.entry_count() <= REMEMBERED, "{}", rate.limiters.entry_count());
        assert!(rate.limiters.contains_key(&Uuid::from_u128(u128::from(REMEMBERED) + 1_999)));
        assert!(!rate.limiters.contains_key(&Uuid::from_u128(0)), "the first to be forgotten");
    }

    #[test]
    fn nothing_is_limited_by_zero() {
        let rates = rates(0, 0);
        for _ in 0..3 {
            assert_eq!(rates.take(&name("acme"), Uuid::nil(), u64::MAX), Ok(()));
        }
    }
}
