//! Passwords: argon2id in a bounded pool, so that logins never take the machine from other requests.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use super::AdminError;

/// Bytes of the shortest and the longest password.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=1024;
/// Passwords that are worked on at the same time; each takes 19 MiB and a core for a moment.
const AT_ONCE: usize = 1;
/// How long a login waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// Works on passwords, a few at a time.
#[derive(Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

/// Refuses a password that is too short or too long to be kept.
pub fn check_password(password: &str) -> Result<(), AdminError> {
    if LENGTH.contains(&password.len()) {
        return Ok(());
    }
    let message = format!("a password has {} to {} bytes", LENGTH.start(), LENGTH.end());
    Err(AdminError::wrong(message).hint("a few words that belong to nobody else are easy to keep in mind"))
}

impl Passwords {
    /// The text to be kept of a password.
    pub async fn hash(&self, password: String) -> Result<String, AdminError> {
        check_password(&password)?;
        self.work(move || hash(&password)).await?
    }

    /// Whether the password is the one that was kept. Where none was, the same work is done for nothing, so that the time tells nobody.
    pub async fn verify(&self, password: String, kept: Option<String>) -> Result<bool, AdminError> {
        if password.len() > *LENGTH.end() {
            return Ok(false);
        }
        self.work(move || {
            let there = kept.is_some();
            let kept = match kept {
                Some(kept) => kept,
                None => decoy()?,
            };
            let parsed = PasswordHash::new(&kept).map_err(broken)?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && there)
        })
        .await?
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AdminError> {
        let permits = Arc::clone(&self.permits);
        let permit = tokio::time::timeout(PATIENCE, permits.acquire_owned()).await;
        let Ok(Ok(permit)) = permit else { return Err(AdminError::Busy) };
        // The permit goes with the work: a request that is given up does not make room for another.
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        done.await.map_err(|error| AdminError::Internal(error.to_string()))
    }
}

fn broken(error: impl std::fmt::Display) -> AdminError {
    AdminError::Internal(format!("a password: {error}"))
}

fn hash(password: &str) -> Result<String, AdminError> {
    Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(broken)
}

/// What a password is compared with where there is no account: nobody has it.
fn decoy() -> Result<String, AdminError> {
    static DECOY: OnceLock<String> = OnceLock::new();
    if let Some(decoy) = DECOY.get() {
        return Ok(decoy.clone());
    }
    let made = hash("nobody has this password")?;
    Ok(DECOY.get_or_init(|| made).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other() {
        let passwords = Passwords::default();
        let kept = passwords.hash("correct horse".into()).await.expect("hashed");
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert!(passwords.verify("correct horse".into(), Some(kept.clone())).await.expect("asked"));
        assert!(!passwords.verify("correct hors".into(), Some(kept)).await.expect("asked"));
        assert!(!passwords.verify("nobody has this password".into(), None).await.expect("asked"));
        for bad in ["short".to_owned(), "x".repeat(1025)] {
            assert!(matches!(passwords.hash(bad).await, Err(AdminError::Wrong { .. })));
        }
        assert!(!passwords.verify("x".repeat(1 << 20), None).await.expect("not even hashed"));
    }
}
