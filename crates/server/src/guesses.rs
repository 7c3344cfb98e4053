//! Guessing passwords: limited by account and by the real address of the peer. Whoever has not failed is let try, so that nobody can
//! lock others out.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::sync::Cache;

/// Failures of one peer on one account before it has to wait.
const FREE_PAIR: u32 = 5;
/// Failures of one peer on any account before it has to wait.
const FREE_PEER: u32 = 30;
/// Failures on one account by which the wait of each peer that failed there doubles once more.
const ACCOUNT_STEP: u32 = 25;
/// Longest wait.
const LONGEST: u32 = 900;
/// How long failures are remembered.
const KEPT: Duration = Duration::from_hours(1);
/// Accounts and peers that are remembered.
const MOST: u64 = 100_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Pair(String, IpAddr),
    Peer(IpAddr),
    Account(String),
}

#[derive(Clone, Copy)]
struct Failed {
    times: u32,
    last: DateTime<Utc>,
}

/// Failed logins of late.
pub(crate) struct Guesses {
    failed: Cache<Key, Failed>,
    /// Held while an attempt is let in and counted, so that attempts at once count one by one.
    turn: Mutex<()>,
}

impl Default for Guesses {
    fn default() -> Self {
        let failed = Cache::builder().max_capacity(MOST).time_to_idle(KEPT).build();
        Self { failed, turn: Mutex::new(()) }
    }
}

impl Guesses {
    /// Lets an attempt in, counted as failed until [`Guesses::succeeded`]; else for how many seconds to wait.
    pub(crate) fn attempt(&self, account: &str, peer: IpAddr, now: DateTime<Utc>) -> Result<(), u32> {
        let peer = network(peer);
        let keys = [Key::Pair(account.to_owned(), peer), Key::Peer(peer), Key::Account(account.to_owned())];
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let [pair, any, all] = keys.each_ref().map(|key| self.failed.get(key));
        let times = |failed: Option<Failed>| failed.map_or(0, |failed| failed.times);
        // Others' failures make those wait longer who have failed themselves.
        let others = if times(pair) == 0 { 0 } else { times(all) / ACCOUNT_STEP };
        let waits = [
            wait(pair, times(pair).saturating_sub(FREE_PAIR - 1).saturating_add(others), now),
            wait(any, times(any).saturating_sub(FREE_PEER - 1), now),
        ];
        if let Some(seconds) = waits.into_iter().max().filter(|seconds| *seconds > 0) {
            return Err(seconds);
        }
        for key in keys {
            let times = times(self.failed.get(&key)).saturating_add(1);
            self.failed.insert(key, Failed { times, last: now });
        }
        Ok(())
    }

    /// The attempt that was let in was none to guess.
    pub(crate) fn succeeded(&self, account: &str, peer: IpAddr) {
        let peer = network(peer);
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.failed.invalidate(&Key::Pair(account.to_owned(), peer));
        for key in [Key::Peer(peer), Key::Account(account.to_owned())] {
            if let Some(failed) = self.failed.get(&key) {
                self.failed.insert(key, Failed { times: failed.times.saturating_sub(1), ..failed });
            }
        }
    }
}

/// Seconds that are left of a wait that doubles with each step.
fn wait(failed: Option<Failed>, steps: u32, now: DateTime<Utc>) -> u32 {
    let Some(failed) = failed.filter(|_| steps > 0) else { return 0 };
    let length = 1_u32.checked_shl(steps.min(16) - 1).unwrap_or(LONGEST).min(LONGEST);
    let left = failed.last + chrono::Duration::seconds(i64::from(length)) - now;
    let seconds = left.num_milliseconds().max(0).saturating_add(999) / 1000;
    u32::try_from(seconds).unwrap_or(LONGEST).min(LONGEST)
}

/// Whoever has one address of version 6 has all of its network.
pub(crate) fn network(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => IpAddr::V4(mapped),
            None => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + second, 0).expect("an instant")
    }

    const EVIL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const GOOD: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn a_peer_that_fails_waits_longer_and_longer_and_others_do_not() {
        let guesses = Guesses::default();
        for _ in 0..FREE_PAIR {
            assert_eq!(guesses.attempt("ann", EVIL, at(0)), Ok(()));
        }
        assert_eq!(guesses.attempt("ann", EVIL, at(0)), Err(1));
        assert_eq!(guesses.attempt("ann", EVIL, at(1)), Ok(()));
        assert_eq!(guesses.attempt("ann", EVIL, at(1)), Err(2));
        assert_eq!(guesses.attempt("ann", EVIL, at(3)), Ok(()));
        assert_eq!(guesses.attempt("ann", EVIL, at(3)), Err(4));
        assert_eq!(guesses.attempt("ann", GOOD, at(3)), Ok(()), "Ann herself gets in");
        guesses.succeeded("ann", GOOD);
        for second in 0..100 {
            assert_eq!(guesses.attempt("ann", GOOD, at(second)), Ok(()));
            guesses.succeeded("ann", GOOD);
        }
    }

    #[test]
    fn a_peer_that_tries_many_accounts_waits_too() {
        let guesses = Guesses::default();
        for account in 0..FREE_PEER {
            assert_eq!(guesses.attempt(&account.to_string(), EVIL, at(0)), Ok(()));
        }
        assert_eq!(guesses.attempt("another", EVIL, at(0)), Err(1));
        assert_eq!(guesses.attempt("another", GOOD, at(0)), Ok(()));
        let six = |low: u16| IpAddr::V6(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, low));
        for host in 0..u16::try_from(FREE_PEER).expect("small") {
            assert_eq!(guesses.attempt(&format!("six {host}"), six(host), at(0)), Ok(()));
        }
        assert_eq!(guesses.attempt("six", six(999), at(0)), Err(1), "one network is one peer");
    }
}
